using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Disentangled;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Windows;

/// <summary>
/// Locality-aware initialisation (Jiang et al. 2021, TransGAN, arXiv:2102.07074, section 3.3), a modifier of several
/// mechanisms: while training begins, a token sees only keys near its own; the window widens by epoch until everything
/// is visible.
/// </summary>
/// <remarks><code>
/// hard:  j is visible from i  where |Δrow| ≤ w and |Δcolumn| ≤ w (grid), or |i − j| ≤ w (sequence); w by epoch
/// soft:  s_ij −= λ(epoch) · softplus(distance_ij − radius_h); λ falls linearly to 0, each head learns its radius
/// </code>
/// The class token sees everything and is seen by everyone, but for <c>class=band</c>, which treats it as the first
/// token of the sequence.
/// </remarks>
public sealed class Locality : Module
{
    private static readonly Option<IReadOnlyList<double>> Windows =
        Option.Of("window", ValueForm.Reals(), [], "farthest visible key per stage, e.g. 2/4/6; none unless given");

    private static readonly Option<IReadOnlyList<double>> Until =
        Option.Of("until", ValueForm.Reals(), [],
            "epoch that ends each stage, e.g. 5/10/15; then everything is visible");

    private static readonly Option<bool> AlongSequence =
        Option.Of("lai", ValueForm.Choice(("grid", false), ("sequence", true)), false,
            "window over the patch grid or the token sequence");

    private static readonly Option<bool> ClassInBand = Option.Of(
        "class", ValueForm.Choice(("visible", false), ("band", true)), false,
        "class token always visible, or part of the band of a sequence");

    private static readonly Option<double?> Radius =
        Option.Maybe("soft", ValueForm.Real(), "first radius of each head, learned, in place of a window");

    private static readonly Option<double> Weight = Option.Of("penalty", ValueForm.Real(), 1,
        "of a soft window: weight at the start");

    private static readonly Option<double> Fade =
        Option.Of("fade", ValueForm.Real(), 10, "of a soft window: epochs until the penalty is gone");

    private readonly int[] _windows;
    private readonly double[] _until;
    private readonly bool _sequence, _band;
    private readonly Parameter? _radius;
    private readonly double _penalty, _fade;
    private readonly int _heads;
    private Remembered? _last;   // an object, so that threads see it whole or not at all

    private Locality(OptionValues values, AttentionContext context)
    {
        string owner = values.Owner;
        IReadOnlyList<double> until = values.Of(Until);
        _windows = [.. values.Of(Windows).Select(value => Whole(owner, value))];
        _until = [.. until];
        Check.That(
            _until.Length == _windows.Length || _until.Length == Math.Max(0, _windows.Length - 1),
            $"{owner}: option 'until' needs an epoch for each of the {_windows.Length} windows (the last may stay out, "
                + $"it then holds for good), got {_until.Length}.");
        Check.That(_until.SequenceEqual(_until.Order()),
            $"{owner}: option 'until' must rise from epoch to epoch, got '{Until.Print(until)}'.");
        _sequence = values.Of(AlongSequence);
        _band = values.Of(ClassInBand);
        Check.That(!_band || _sequence,
            $"{owner}: option 'class=band' needs 'lai=sequence'; on the grid the class token has no place.");
        _heads = context.Heads;
        _penalty = values.Of(Weight);
        _fade = values.Of(Fade);
        Check.That(_penalty >= 0 && _fade > 0, $"{owner}: options 'penalty' and 'fade' must be above 0.");
        if (values.Of(Radius) is double radius)
            _radius = Register(
                new Parameter("locality_radius", [context.Heads], Init.Constant((float)radius), decay: false));
        foreach (Option option in (Option[])[Weight, Fade])
            Check.That(_radius is not null || !values.Has(option),
                $"{owner}: option '{option.Name}' needs 'soft' beside it; a hard window has no penalty.");
    }

    /// <summary>The options of mechanisms that take windows.</summary>
    public static IReadOnlyList<Option> Options { get; } = [Windows, Until, AlongSequence, ClassInBand, Radius, Weight,
        Fade];

    /// <summary>The window that a mechanism's options ask for; null where they ask for none.</summary>
    /// <exception cref="UsageException">Options contradict each other.</exception>
    public static Locality? From(OptionValues values, AttentionContext context)
    {
        if (values.Has(Windows) || values.Has(Radius)) return new(values, context);
        foreach (Option option in Options)
            Check.That(!values.Has(option),
                $"{values.Owner}: option '{option.Name}' needs 'window' or 'soft' beside it.");
        return null;
    }

    /// <summary>Options ask for a window that other epochs have not.</summary>
    internal static bool FollowsEpochs(OptionValues values) => values.Has(Until) || values.Has(Radius);

    /// <summary>The window of the current epoch; null: open.</summary>
    public int? Window => WindowAt(Epoch);

    /// <summary>True while a soft window counts in the current epoch.</summary>
    public bool IsSoft => IsSoftAt(Epoch);

    /// <summary>Epoch of the current <see cref="Module.Context"/>.</summary>
    public int Epoch => Context.Epoch;

    /// <summary>Epochs whose windows are worth a look, ascending: the first of each stage, and of a soft window also
    /// one halfway.</summary>
    public IReadOnlyList<int> Stages
    {
        get
        {
            IEnumerable<double> soft = _radius is null ? [] : [_fade / 2, _fade];
            return [.. _until.Concat(soft).Select(epoch => (int)Math.Ceiling(epoch)).Append(0).Distinct().Order()];
        }
    }

    /// <summary>The relation of tokens in the current epoch; null: all see all, anyhow.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="coarse">Of a soft window: distances in ranges that double, for mechanisms whose cost grows with the
    /// buckets.</param>
    public TokenRelation? Relation(TokenGrid grid, bool coarse = false)
    {
        if (Window is null && !IsSoft) return null;
        if (_last is { } last && (last.Grid, last.Window, last.IsSoft, last.Coarse) == (grid, Window, IsSoft, coarse))
            return last.Relation;
        TokenRelation relation = RelationAt(grid, Epoch, coarse);
        _last = new(grid, Window, IsSoft, coarse, relation);
        return relation;
    }

    /// <summary>The relation of tokens in an epoch, open or not.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="coarse">As in <see cref="Relation"/>.</param>
    public TokenRelation RelationAt(TokenGrid grid, int epoch, bool coarse = false)
    {
        (int prefix, int rows, int columns) = Layout(grid);
        if (!IsSoftAt(epoch)) return new(prefix, rows, columns, WindowAt(epoch));
        Func<int, int[]> buckets = coarse ? RelativeBuckets.DoublingDistance : RelativeBuckets.Distance;
        return new(prefix, rows, columns, WindowAt(epoch), buckets(rows), buckets(columns));
    }

    /// <summary>By how much an epoch's window damps what a token pays to another before it is normalised: 0 hidden, 1
    /// as if there were none.</summary>
    /// <param name="relation">The epoch's relation in the buckets of the mechanism, see
    /// <see cref="ILocalAttention.WindowRelation"/>.</param>
    /// <param name="epoch">From 0.</param>
    /// <returns><c>[head, token, token]</c>: row = who looks, column = at whom.</returns>
    public float[] Factors(TokenRelation relation, int epoch)
    {
        using StepScope scope = StepScope.Begin();
        float[]? penalty = IsSoftAt(epoch) ? Penalty(relation, epoch).ToArray() : null;
        int n = relation.Tokens;
        float[] factors = new float[_heads * n * n];
        for (int i = 0; i < factors.Length; i++)
        {
            (int head, int query, int key) = (i / (n * n), i / n % n, i % n);
            if (relation.IsVisible(query, key))
                factors[i] = penalty is null ? 1
                : MathF.Exp(penalty[head * relation.Buckets + relation.Bucket(query, key)]);
        }

        return factors;
    }

    /// <summary>Prefix, rows and columns as this locality sees them.</summary>
    public (int Prefix, int Rows, int Columns) Layout(TokenGrid grid) =>
        _band ? (0, 1, grid.Tokens) : _sequence ? (grid.Prefix, 1, grid.Patches)
            : (grid.Prefix, grid.Rows, grid.Columns);

    /// <summary>Addend of a soft window to the scores, by bucket: −λ · softplus(distance − radius), 0 towards the class
    /// token.</summary>
    /// <param name="relation">Buckets; the distance of one is that of its nearest offset.</param>
    /// <returns><c>[head, bucket]</c>, or null where there is no soft window.</returns>
    public Tensor? Penalty(TokenRelation relation)
    {
        return IsSoft ? Penalty(relation, Epoch) : null;
    }

    /// <summary>The window of an epoch; null: open.</summary>
    internal int? WindowAt(int epoch)
    {
        for (int stage = 0; stage < _windows.Length; stage++)
            if (stage >= _until.Length || epoch < _until[stage]) return _windows[stage];
        return null;
    }

    /// <summary>True where a soft window counts in an epoch.</summary>
    internal bool IsSoftAt(int epoch) => _radius is not null && epoch < _fade;

    private Tensor Penalty(TokenRelation relation, int epoch)
    {
        Tensor distances = Tensor.From(Distances(relation), [1, relation.Buckets], _radius!.Value.Device);
        Tensor beyond = Ops.Subtract(distances, _radius.Value.Reshape(_heads, 1));
        return Ops.Scale(Ops.Apply(UnaryOperator.Softplus, beyond), (float)(-_penalty * (1 - epoch / _fade)));
    }

    /// <summary>Chebyshev distance of each bucket; far below 0 for those of the prefix, so that softplus gives
    /// 0.</summary>
    private static float[] Distances(TokenRelation relation)
    {
        int[] rows = Nearest(relation.RowBuckets, relation.RowBucketCount),
            columns = Nearest(relation.ColumnBuckets, relation.ColumnBucketCount);
        float[] distances = new float[relation.Buckets];
        Array.Fill(distances, -1e4f);
        for (int bucket = 0; bucket < relation.GridBuckets; bucket++)
            distances[bucket] = Math.Max(rows[bucket / relation.ColumnBucketCount],
                columns[bucket % relation.ColumnBucketCount]);
        return distances;
    }

    private static int[] Nearest(ReadOnlySpan<int> buckets, int count)
    {
        int[] nearest = new int[count];
        Array.Fill(nearest, buckets.Length);
        for (int i = 0; i < buckets.Length; i++)
            nearest[buckets[i]] = Math.Min(nearest[buckets[i]], Math.Abs(i - buckets.Length / 2));
        return nearest;
    }

    private static int Whole(string owner, double value)
    {
        Check.That(value >= 0 && value == Math.Floor(value) && value < 1e6,
            $"{owner}: option 'window' must be whole numbers of at least 0, got {value}.");
        return (int)value;
    }

    /// <summary>The relation that was asked for last.</summary>
    private sealed record Remembered(TokenGrid Grid, int? Window, bool IsSoft, bool Coarse, TokenRelation Relation);
}
