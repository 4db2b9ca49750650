using System.Buffers;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Loading;

/// <summary>
/// Which tensor of a file goes where in a model. Making one copies nothing, so that a file that does not fit leaves the
/// model as it was; <see cref="Fill"/> copies.
/// </summary>
public sealed class LoadPlan
{
    private const int Piece = 1 << 16;

    /// <summary>Tables may have been stored in bfloat16.</summary>
    private const float TableTolerance = 0.01f;

    private readonly List<(NamedTensor Target, Weight Source)> _pairs;
    private readonly List<(string Name, ModuleBuffer Own, Weight Source)> _tables;

    private LoadPlan(List<(NamedTensor, Weight)> pairs, List<(string, ModuleBuffer, Weight)> tables,
        LoadReport report) => (_pairs, _tables, Report) = (pairs, tables, report);

    /// <summary>Report of what will be loaded, and what will not.</summary>
    public LoadReport Report { get; }

    /// <summary>Matches by name; what has another shape is made to fit where that is known to work.</summary>
    /// <param name="model">Need not have memory yet.</param>
    /// <param name="weights">A file's, under timm's names.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="device">Where positions are resampled.</param>
    /// <param name="strict">Refuse whatever does not fit as it is.</param>
    /// <param name="freshHead">Leave the file's head out, whatever it is for.</param>
    /// <param name="partial">What to do where the file lacks tensors of the model, or the model tensors of the
    /// file.</param>
    /// <param name="headRows">Classes of the file's head in the order of the model's; null: they are the same.</param>
    /// <exception cref="CheckpointException">A shape that cannot be made to fit, weights of another architecture, or
    /// with
    /// <paramref name="strict"/> any difference; the message says what would help.</exception>
    public static LoadPlan Create(ImageClassifier model, StateDict weights, string path, Device device,
        bool strict = false, bool freshHead = false, PartialWeights partial = PartialWeights.TakeMost,
        IReadOnlyList<int>? headRows = null)
    {
        Dictionary<string, Weight> sources = weights.Weights.ToDictionary(weight => weight.Name);
        if (headRows is not null)
            foreach (string head in sources.Keys.Where(ModelStages.IsHead).ToArray())
                sources[head] = sources[head].Rows(headRows);
        List<(NamedTensor Target, Weight Source)> pairs = [];
        List<string> loaded = [], missing = [], fresh = [];
        List<ResizedWeight> resized = [];
        List<Misfit> misfits = [];
        int total = 0;
        foreach ((string name, NamedTensor target) in model.NamedState())
        {
            total++;
            if (!sources.Remove(name, out Weight? source))
            {
                if (target is ModuleBuffer { Drawn: true }) total--;
                else missing.Add(name);
            }
            else if (freshHead && ModelStages.IsHead(name)) fresh.Add(name);
            else if (Adaptation.Fit(model, name, target, source, device) is { } fitting)
            {
                pairs.Add((target, fitting));
                loaded.Add(name);
                if (!fitting.Shape.SequenceEqual(source.Shape))
                    resized.Add(new ResizedWeight(name, source.ShapeText, $"{target.Shape}"));
            }
            else if (Adaptation.IsHead(model, name, target, source)) fresh.Add(name);
            else misfits.Add(new Misfit(name, source, target.Shape));
        }

        string origin = weights.Prefix.Length == 0 ? weights.Scheme.Name
            : $"{weights.Scheme.Name}, under '{weights.Prefix}'";
        LoadReport report = new(path, origin, total, loaded, missing, fresh, [.. sources.Keys], resized)
        {
            LeftAside = AsideParts.Of(weights),
            Idle = IdleTensors.Among(sources.Keys, model),
        };
        Refusal.Check(report, misfits, model, weights, strict, partial);
        List<(string, ModuleBuffer, Weight)> tables = partial != PartialWeights.Refuse ? []
            : [.. model.NamedBuffers().Where(entry => sources.TryGetValue(entry.Name, out Weight? source)
                && source.Shape.SequenceEqual(entry.Buffer.Shape.Select(size => (long)size)))
                .Select(entry => (entry.Name, entry.Buffer, sources[entry.Name]))];
        return new LoadPlan(pairs, tables, report);
    }

    /// <summary>Copies the values in, a piece at a time; the model must have memory.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    public void Fill()
    {
        float[] piece = ArrayPool<float>.Shared.Rent(Piece);
        foreach ((NamedTensor target, Weight source) in _pairs)
        {
            for (int first = 0; first < target.Shape.Elements; first += Piece)
            {
                Span<float> values = piece.AsSpan(0, Math.Min(Piece, target.Shape.Elements - first));
                source.Values(first, values);
                target.Value.CopyFrom(values, first);
            }
        }

        ArrayPool<float>.Shared.Return(piece);
    }

    /// <summary>Gives the model memory, draws first values for what the file does not have, and copies the rest
    /// in.</summary>
    /// <param name="model">The one that the plan was made for.</param>
    /// <param name="device">Where it will compute.</param>
    /// <param name="seed">For the first values.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or it has another table where the model computes
    /// its own, such as learned positions.</exception>
    public void Initialize(ImageClassifier model, Device device, ulong seed)
    {
        model.Initialize(device, seed, Report.Loaded.ToHashSet());
        Fill();
        foreach ((string name, ModuleBuffer own, Weight source) in _tables)
            if (own.Value.ToArray().Zip(source.ToArray()).Any(pair => !(Math.Abs(pair.First - pair.Second)
                <= TableTolerance)))
                throw new CheckpointException($"{Report.Path}: '{name}' is not the table that the model computes by "
                    + "itself, so its answers would be others.")
                {
                    Remedy = "Take the model and the options that the weights were made with (`position` learned), or "
                        + "go on nevertheless with `allow-partial`.",
                };
    }
}
