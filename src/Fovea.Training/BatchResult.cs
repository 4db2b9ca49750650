using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>Losses and scores of a batch's parts on the device, until they are read.</summary>
internal sealed class BatchResult : IDisposable
{
    private readonly List<(Tensor Loss, Tensor? Scores, float Share, int[] Classes)> _parts = [];
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
        _parts.Add((loss.Keep(), scores?.Mean().Keep(), part.Share, part.Classes.ToArray()));
    }

    /// <summary>Begins to read, on a device that works behind calls.</summary>
    public void BeginRead() => _pending = _known is not null ? null
        : Update.BeginRead([.. _parts.SelectMany(part =>
            part.Scores is null ? (Tensor[])[part.Loss] : [part.Loss, part.Scores])]);

    /// <summary>Mean loss, and how many images were classified correctly. The first loss that is not finite is returned
    /// alone.</summary>
    public (double Loss, int Right) Read() => _known ??= Sum();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor loss, Tensor? scores, _, _) in _parts)
        {
            loss.Release();
            scores?.Release();
        }

        _parts.Clear();
    }

    private (double Loss, int Right) Sum()
    {
        float[]? all = _pending?.Wait();
        double mean = 0;
        int right = 0, next = 0;
        foreach ((Tensor loss, Tensor? scores, float share, int[] classes) in _parts)
        {
            double value = all is null ? loss.Item() : all[next];
            if (!double.IsFinite(value)) return (value, right);
            mean += share * value;
            next++;
            if (scores is null) continue;
            int count = scores.Shape.Elements;
            right += Classification.CountCorrect(all is null ? scores.ToArray() : all.AsSpan(next, count), classes,
                LabelSets);
            next += count;
        }

        return (mean, right);
    }
}
