using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;

namespace Fovea.Training;

/// <summary>Compiled passes for the parts of batches that come often; the others are left to the tape.</summary>
/// <param name="parts">Model, recipe and device.</param>
/// <param name="pass">Forward and backward pass of a part, given its tensors.</param>
internal sealed class CompiledParts(TrainingParts parts, CompiledParts.PartPass pass)
{
    private const int UsesBefore = 2, MostPasses = 4, MostTimes = 3;

    private readonly Dictionary<Kind, Entry> _entries = [];

    /// <summary>Forward and backward pass of a part.</summary>
    public delegate (Tensor Loss, Tensor? Scores) PartPass(Tensor images, Tensor targets, BatchPart part,
        Philox random);

    /// <summary>Why the last part that was tried could not be compiled; null: it could, or none was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Parts that were computed from notes.</summary>
    public int Computed { get; private set; }

    /// <summary>Adds the gradients of a part, and notes what came out.</summary>
    /// <param name="part">The images.</param>
    /// <param name="targets">What they have to reach.</param>
    /// <param name="random">Random numbers of the step.</param>
    /// <param name="result">Receives loss and scores.</param>
    /// <returns>False where the part is not compiled (yet); nothing is done then.</returns>
    public bool TryAdd(BatchPart part, PartTargets targets, Philox random, BatchResult result)
    {
        Kind kind = new(part.First, part.Count, part.Batch.Count, targets.Shape, targets.Labels.IsEmpty,
            parts.Learner.NamedParameters().Any(entry => entry.Parameter.Value.Gradient is not null));
        if (!_entries.TryGetValue(kind, out Entry? entry)) _entries.Add(kind, entry = new());
        if (entry.IsRefused || ++entry.Uses <= UsesBefore) return false;
        GradientArguments arguments = new(part.Pixels, targets.Labels, targets.Values, random);
        int epoch = parts.Learner.Context.Epoch;
        bool isKnown = entry.Pass is not null && entry.IsOf(parts.Learner)
            && (entry.Epoch == epoch || entry.Pass.IsRight(arguments));
        if (entry.Epoch != epoch) (entry.Epoch, entry.Compiled) = (epoch, 0);
        if (!isKnown) Compile(entry, part, arguments, targets.Shape);
        float[] scores = new float[entry.Pass?.Scores ?? 0];
        if (entry.Pass?.TryRun(arguments, out float loss, scores) is not true)
        {
            entry.Pass = null;
            return false;
        }

        result.Add(loss, scores, part);
        Computed++;
        return true;
    }

    private void Compile(Entry entry, BatchPart part, GradientArguments arguments, Shape targets)
    {
        (entry.Pass, entry.IsRefused) = (null, true);
        if (_entries.Values.Count(other => other.Pass is not null) == MostPasses) return;
        if (++entry.Compiled > MostTimes)
        {
            Refusal = "weights or gradients are moved again and again; all is computed operator by operator.";
            return;
        }

        try
        {
            entry.Note(parts.Learner);
            entry.Pass = CompiledGradients.Compile((x, y, random) => pass(x, y, part, random), arguments, part.Shape,
                targets, parts.Learner.LayerStreams,
                [.. parts.Learner.NamedParameters().Select(named => named.Parameter.Value)],
                [.. parts.Learner.NamedBuffers().Select(named => named.Buffer.Value)]);
            entry.IsRefused = false;
        }
        catch (NotCompilableException refusal)
        {
            Refusal = refusal.Message;
        }
    }

    /// <summary>Everything that a pass is noted for.</summary>
    private readonly record struct Kind(int First, int Count, int Batch, Shape Targets, bool HasValues, bool Adds);

    /// <summary>One kind of part.</summary>
    private sealed class Entry
    {
        private Tensor[] _tensors = [];

        public int Uses { get; set; }

        public CompiledGradients? Pass { get; set; }

        public int Epoch { get; set; }

        public bool IsRefused { get; set; }

        /// <summary>Times that it was compiled in this epoch.</summary>
        public int Compiled { get; set; }

        /// <summary>Remembers what a module has now.</summary>
        public void Note(Module module) => _tensors = [.. TensorsOf(module)];

        /// <summary>The module has the same tensors still.</summary>
        public bool IsOf(Module module) => _tensors.AsSpan().SequenceEqual([.. TensorsOf(module)]);

        private static IEnumerable<Tensor> TensorsOf(Module module) =>
            module.NamedParameters().Select(named => named.Parameter.Value)
                .Concat(module.NamedBuffers().Select(named => named.Buffer.Value));
    }
}
