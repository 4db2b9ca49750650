using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>Losses and scores of a batch's parts on the device, until they are read.</summary>
internal sealed class BatchResult : IDisposable
{
    private readonly List<Part> _parts = [];
    private PendingNumbers? _pending;
    private (double Loss, int Right)? _known;

    /// <summary>A result that is to be read.</summary>
    public BatchResult()
    {
    }

    /// <summary>Sets of classes, where labels are numbers of these.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? LabelSets { get; init; }

    /// <summary>A result that was read.</summary>
    public BatchResult(double loss, int right) => _known = (loss, right);

    /// <summary>Keeps what a part's forward pass made beyond its scope.</summary>
    public void Add(Tensor loss, HeadScores? scores, BatchPart part)
    {
        using IDisposable pause = Tape.Pause();
        _parts.Add(new(part.Share, part.Classes) { Loss = loss.Keep(), Scores = scores?.Mean().Keep() });
    }

    /// <summary>Keeps what is known of a part.</summary>
    public void Add(float loss, float[] scores, BatchPart part) =>
        _parts.Add(new(part.Share, part.Classes) { KnownLoss = loss, KnownScores = scores });

    /// <summary>Begins to read, on a device that works behind calls.</summary>
    public void BeginRead() => _pending = _known is not null ? null
        : Update.BeginRead([.. _parts.SelectMany(part => new[] { part.Loss, part.Scores }).OfType<Tensor>()]);

    /// <summary>Mean loss, and how many images were classified correctly. The first loss that is not finite is returned
    /// alone.</summary>
    public (double Loss, int Right) Read() => _known ??= Sum();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Part part in _parts)
        {
            part.Loss?.Release();
            part.Scores?.Release();
        }

        _parts.Clear();
    }

    private (double Loss, int Right) Sum()
    {
        float[]? all = _pending?.Wait();
        double mean = 0;
        int right = 0, next = 0;
        foreach (Part part in _parts)
        {
            double value = part.Loss is null ? part.KnownLoss : all is null ? part.Loss.Item() : all[next++];
            if (!double.IsFinite(value)) return (value, right);
            mean += part.Share * value;
            int count = part.Scores?.Shape.Elements ?? 0;
            if (part.KnownScores is { } known) right += CountCorrect(known, part);
            else if (count > 0)
                right += CountCorrect(all is null ? part.Scores!.ToArray() : all.AsSpan(next, count), part);
            next += count;
        }

        return (mean, right);
    }

    private int CountCorrect(ReadOnlySpan<float> scores, Part part) =>
        Classification.CountCorrect(scores, part.Classes.Span, LabelSets);

    /// <summary>One part: tensors, or numbers where these are known.</summary>
    private sealed record Part(float Share, ReadOnlyMemory<int> Classes)
    {
        public Tensor? Loss { get; init; }

        public Tensor? Scores { get; init; }

        public float KnownLoss { get; init; }

        public float[]? KnownScores { get; init; }
    }
}
