namespace Fovea.Tensors;

/// <summary>Rule that makes new pixels of old ones.</summary>
public enum Resampling
{
    /// <summary>The pixel whose area holds the new one's upper left corner.</summary>
    Nearest,

    /// <summary>Straight lines between neighbouring pixels.</summary>
    Bilinear,

    /// <summary>Cubic convolution (Keys 1981): a = −0.75, and −0.5 with antialiasing.</summary>
    Bicubic,
}

/// <summary>
/// A sparse linear map along one axis, from <see cref="From"/> positions to <see cref="To"/>: pooling and resizing of
/// images are two of them, one along the rows and one along the columns. Its transpose is its backward pass.
/// </summary>
public sealed class AxisMap
{
    private readonly int[] _starts, _positions;
    private readonly double[] _weights;

    private AxisMap(int from, IReadOnlyList<(int Position, double Weight)>[] rows)
    {
        (From, To) = (from, rows.Length);
        _starts = new int[To + 1];
        for (int i = 0; i < To; i++) _starts[i + 1] = _starts[i] + rows[i].Count;
        (_positions, _weights) = (new int[_starts[To]], new double[_starts[To]]);
        for (int i = 0; i < To; i++)
            for (int k = 0; k < rows[i].Count; k++) (_positions[_starts[i] + k], _weights[_starts[i] + k]) = rows[i][k];
    }

    /// <summary>Positions that it reads.</summary>
    public int From { get; }

    /// <summary>Positions that it writes.</summary>
    public int To { get; }

    /// <summary>The positions that <paramref name="to"/> is made of.</summary>
    public ReadOnlySpan<int> Positions(int to) => _positions.AsSpan(_starts[to], _starts[to + 1] - _starts[to]);

    /// <summary>Their weights.</summary>
    public ReadOnlySpan<double> Weights(int to) => _weights.AsSpan(_starts[to], _starts[to + 1] - _starts[to]);

    /// <summary>The map with reading and writing exchanged.</summary>
    public AxisMap Transposed()
    {
        List<(int, double)>[] rows = [.. Enumerable.Range(0, From).Select(_ => new List<(int, double)>())];
        for (int to = 0; to < To; to++)
            for (int k = _starts[to]; k < _starts[to + 1]; k++) rows[_positions[k]].Add((to, _weights[k]));
        return new AxisMap(To, rows);
    }

    /// <summary>Means of windows; see <see cref="Ops.AveragePool"/>.</summary>
    internal static AxisMap Windows(int size, int results, int kernel, int stride, int padding, bool countPadding) =>
        Create(size, results, to =>
    {
        // A window that begins inside may reach beyond the padding, where nothing is counted.
        int first = to * stride - padding, end = Math.Min(first + kernel, size + padding), window = end - first;
        (first, end) = (Math.Max(first, 0), Math.Min(end, size));
        return Even(first, end, 1.0 / (countPadding ? window : end - first));
    });

    /// <summary>Means of as many bins, which overlap where the sizes do not divide.</summary>
    internal static AxisMap Bins(int size, int results) => Create(size, results, to =>
    {
        int first = (int)((long)to * size / results), end = (int)(((long)(to + 1) * size + results - 1) / results);
        return Even(first, end, 1.0 / (end - first));
    });

    /// <summary>Another number of pixels for the same image; see <see cref="Ops.Resize"/>.</summary>
    internal static AxisMap Resized(int size, int results, Resampling resampling, bool antialias)
    {
        double scale = (double)size / results;
        if (resampling == Resampling.Nearest)
            return Create(size, results, to => [(Math.Min((int)(to * (float)scale), size - 1), 1)]);
        bool cubic = resampling == Resampling.Bicubic;
        return antialias
            ? Create(size, results, to => Filtered(size, (to + 0.5) * scale, Math.Max(scale, 1), cubic))
            : Create(size, results, to => Sampled(size, (to + 0.5) * scale - 0.5, cubic));
    }

    private static AxisMap Create(int size, int results, Func<int, IReadOnlyList<(int, double)>> row) =>
        new(size, [.. Enumerable.Range(0, results).Select(row)]);

    private static (int, double)[] Even(int first, int end, double weight) =>
        [.. Enumerable.Range(first, Math.Max(0, end - first)).Select(position => (position, weight))];

    /// <summary>The pixels around a place, those beyond the border replaced by the border's.</summary>
    private static (int, double)[] Sampled(int size, double place, bool cubic)
    {
        if (!cubic) place = Math.Max(place, 0);
        int pixel = (int)Math.Floor(place), reach = cubic ? 2 : 1;
        return [.. Enumerable.Range(pixel - reach + 1, 2 * reach)
            .Select(k => (Math.Clamp(k, 0, size - 1), cubic ? Cubic(k - place, -0.75) : Triangle(k - place)))];
    }

    /// <summary>All pixels under a filter as wide as a new pixel, if that is more than an old one; the weights sum to
    /// 1.</summary>
    private static (int, double)[] Filtered(int size, double centre, double width, bool cubic)
    {
        double support = (cubic ? 2 : 1) * width;
        int first = Math.Max((int)(centre - support + 0.5), 0), end = Math.Min((int)(centre + support + 0.5), size);
        double[] weights = [.. Enumerable.Range(first, end - first).Select(k => (k - centre + 0.5) / width)
            .Select(x => cubic ? Cubic(x, -0.5) : Triangle(x))];
        double sum = weights.Sum();
        return [.. weights.Select((weight, i) => (first + i, weight / sum))];
    }

    private static double Triangle(double x) => Math.Max(0, 1 - Math.Abs(x));

    /// <summary>The cubic convolution kernel.</summary>
    private static double Cubic(double x, double a)
    {
        x = Math.Abs(x);
        if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
    }
}
