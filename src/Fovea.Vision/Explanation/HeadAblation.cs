using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>
/// A model without one of its heads, or without a block's attention: what the output projection reads of it is replaced
/// by zeros, or by its mean over images, position by position (Michel et al. 2019, "Are sixteen heads really better
/// than one?", arXiv:1905.10650, section 2.2; mean ablation as in Wang et al. 2022, arXiv:2211.00593, section 2).
/// </summary>
public sealed class HeadAblation
{
    private readonly IBlockModel _model;
    private readonly double[]?[] _sums;
    private long _images;

    /// <param name="model">The model, in evaluation mode.</param>
    public HeadAblation(IBlockModel model)
    {
        _model = model;
        Blocks = model.Mechanisms.Count;
        _sums = new double[Blocks][];
    }

    /// <summary>Number of blocks.</summary>
    public int Blocks { get; }

    /// <summary>Takes images into the means.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    public void AddToMeans(Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        _model.Forward(images, new BlockRecorder { Heads = Sum });
        _images += images.Shape[0];

        Tensor Sum(int block, Tensor heads)
        {
            float[] values = heads.ToArray();
            double[] sums = _sums[block] ??= new double[values.Length / heads.Shape[0]];
            for (int i = 0; i < values.Length; i++) sums[i % sums.Length] += values[i];
            return heads;
        }
    }

    /// <summary>Scores of the whole model, then without each head of each block, the last of a block without all of
    /// them.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="mean">In a head's place: true its mean over the images of <see cref="AddToMeans"/>, false
    /// zeros.</param>
    /// <param name="stop">Ends the work after a head.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public AblatedScores Score(Tensor images, bool mean, CancellationToken stop = default)
    {
        using StepScope scope = StepScope.Begin();
        TokenGrid grid = _model.GridOf(images.Shape[2], images.Shape[3]);
        Tensor embedded = _model.Embed(images);
        List<float[]> inputs = [embedded.ToArray()];
        float[] whole = _model.ForwardFrom(0, embedded, grid,
            new BlockRecorder { Tokens = (_, tokens) => inputs.Add(tokens.ToArray()) }).ToArray();
        float[][][] without = new float[Blocks][][];
        for (int block = 0; block < Blocks; block++)
        {
            without[block] = new float[_model.Heads + 1][];
            using StepScope part = StepScope.Begin();
            Tensor input = Tensor.From(inputs[block], embedded.Shape, embedded.Device);
            for (int head = 0; head <= _model.Heads; head++)
            {
                stop.ThrowIfCancellationRequested();
                using StepScope one = StepScope.Begin();
                without[block][head] = _model.ForwardFrom(block, input, grid,
                    new BlockRecorder { Heads = (at, heads) => at == block ? Replace(heads, at, head, mean) : heads })
                    .ToArray();
            }
        }

        return new(whole, without);
    }

    private Tensor Replace(Tensor heads, int block, int head, bool mean)
    {
        float[] values = heads.ToArray();
        int width = heads.Shape[2], own = width / _model.Heads;
        double[]? sums = mean ? _sums[block] : null;
        for (int start = 0; start < values.Length; start += width)
        {
            bool all = head == _model.Heads;
            Span<float> cut = all ? values.AsSpan(start, width) : values.AsSpan(start + head * own, own);
            int at = all ? start : start + head * own;
            for (int i = 0; i < cut.Length; i++)
                cut[i] = sums is null ? 0 : (float)(sums[(at + i) % sums.Length] / _images);
        }

        return Tensor.From(values, heads.Shape, heads.Device);
    }
}

/// <summary>Scores of a model without its heads.</summary>
/// <param name="Whole">The model's own, <c>[image · class]</c>.</param>
/// <param name="Without"><c>[block][head][image · class]</c>; behind the last head: without all of the
/// block's.</param>
public sealed record AblatedScores(float[] Whole, float[][][] Without);
