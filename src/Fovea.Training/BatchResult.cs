using System.Buffers;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>Losses and scores of a batch's parts on the device, until they are read.</summary>
internal sealed class BatchResult : IDisposable
{
    private readonly List<(Tensor Loss, Tensor Scores, BatchPart Part)> _parts = [];

    /// <summary>Keeps what a part's forward pass made beyond its scope.</summary>
    public void Add(Tensor loss, HeadScores scores, BatchPart part)
    {
        using IDisposable pause = Tape.Pause();
        _parts.Add((loss.Keep(), scores.Mean().Keep(), part));
    }

    /// <summary>Mean loss, and how many images were classified correctly. The first loss that is not finite is returned
    /// alone.</summary>
    public (double Loss, int Right) Read()
    {
        double mean = 0;
        int right = 0;
        foreach ((Tensor loss, Tensor scores, BatchPart part) in _parts)
        {
            double value = loss.Item();
            if (!double.IsFinite(value)) return (value, right);
            mean += part.Share * value;
            float[] buffer = ArrayPool<float>.Shared.Rent(scores.Shape.Elements);
            Span<float> row = buffer.AsSpan(0, scores.Shape.Elements);
            scores.CopyTo(row);
            right += Classification.CountCorrect(row, part.Classes);
            ArrayPool<float>.Shared.Return(buffer);
        }

        return (mean, right);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor loss, Tensor scores, _) in _parts)
        {
            loss.Release();
            scores.Release();
        }

        _parts.Clear();
    }
}
