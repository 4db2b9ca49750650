using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>
/// One image's way through a model with parts of another's: a head's output for all tokens, or the tokens behind a
/// block one by one, are replaced by what the other image has there (activation patching: Meng et al. 2022, "Locating
/// and editing factual associations in GPT", arXiv:2202.05262, section 2; heads: Wang et al. 2022, arXiv:2211.00593).
/// </summary>
/// <param name="Image">Scores of the image.</param>
/// <param name="Other">Scores of the other one.</param>
/// <param name="Heads"><c>[block][head][class]</c>; behind the last head: all heads of the block.</param>
/// <param name="Tokens"><c>[block][token][class]</c>; behind the last token: all tokens, which gives the other's
/// scores. Empty if they were not asked for.</param>
public sealed record ActivationPatching(float[] Image, float[] Other, float[][][] Heads, float[][][] Tokens)
{
    private const int Together = 32;

    /// <summary>Patches an image, part by part.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="image"><c>[1, channel, height, width]</c>, normalised.</param>
    /// <param name="other">The other image, of the same shape.</param>
    /// <param name="tokens">Patch tokens too: as many forward passes as there are tokens and blocks.</param>
    /// <param name="stop">Ends the work after some passes.</param>
    /// <exception cref="ShapeException">Not one image each, or of two sizes.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static ActivationPatching Of(IBlockModel model, Tensor image, Tensor other, bool tokens = true,
        CancellationToken stop = default)
    {
        if (image.Shape.Rank != 4 || image.Shape[0] != 1 || image.Shape != other.Shape)
            throw new ShapeException(
                $"ActivationPatching: needs two images [1, channel, height, width], got {image.Shape} and "
                    + $"{other.Shape}.");
        // so that a patch that changes nothing changes no bit, whatever stands beside it in a batch
        using IDisposable alike = BatchInvariance.Begin();
        TokenGrid grid = model.GridOf(image.Shape[2], image.Shape[3]);
        Way own = Way.Of(model, image, grid), theirs = Way.Of(model, other, grid);
        int depth = model.Mechanisms.Count;
        float[][][] heads = new float[depth][][], places = new float[tokens ? depth : 0][][];
        for (int block = 0; block < depth; block++)
        {
            heads[block] = HeadScores(model, grid, block, own, theirs, stop);
            if (tokens) places[block] = TokenScores(model, grid, block, own, theirs, stop);
        }

        return new(own.Scores, theirs.Scores, heads, places);
    }

    /// <summary>Share by which a patch moves the answer from one class to another: 0 not at all, 1 as far as the other
    /// image is.</summary>
    /// <param name="scores">Scores with the patch.</param>
    /// <param name="from">The image's class.</param>
    /// <param name="to">The other image's class.</param>
    /// <returns>(d − d_image) / (d_other − d_image) with d = score of <paramref name="to"/> − score of
    /// <paramref name="from"/>.</returns>
    public double Effect(float[] scores, int from, int to)
    {
        double own = Difference(Image, from, to);
        return (Difference(scores, from, to) - own) / (Difference(Other, from, to) - own);
    }

    /// <summary>Score of <paramref name="to"/> − score of <paramref name="from"/>.</summary>
    public static double Difference(float[] scores, int from, int to) => (double)scores[to] - scores[from];

    private static float[][] HeadScores(IBlockModel model, TokenGrid grid, int block, Way own, Way theirs,
        CancellationToken stop)
    {
        int width = own.Heads[block].Length / grid.Tokens, size = width / model.Heads;
        return Scores(model, grid, block, model.Heads + 1, own.Inputs[block], (variant, _, heads) =>
        {
            for (int start = 0; start < heads.Length; start += width)
            {
                int from = variant == model.Heads ? start : start + variant * size;
                int length = variant == model.Heads ? width : size;
                theirs.Heads[block].AsSpan(from, length).CopyTo(heads[from..]);
            }
        }, stop);
    }

    private static float[][] TokenScores(IBlockModel model, TokenGrid grid, int block, Way own, Way theirs,
        CancellationToken stop)
    {
        int dim = own.Inputs[block].Length / grid.Tokens;
        return Scores(model, grid, block + 1, grid.Tokens + 1, own.Inputs[block + 1], (variant, tokens, _) =>
        {
            if (tokens.IsEmpty) return;
            int from = variant == grid.Tokens ? 0 : variant * dim;
            int length = variant == grid.Tokens ? tokens.Length : dim;
            theirs.Inputs[block + 1].AsSpan(from, length).CopyTo(tokens[from..]);
        }, stop);
    }

    /// <summary>Scores of variants of one input, some at a time.</summary>
    private static float[][] Scores(IBlockModel model, TokenGrid grid, int block, int count, float[] input,
        Patch patch, CancellationToken stop)
    {
        List<float[]> scores = [];
        for (int first = 0; first < count; first += Together)
        {
            stop.ThrowIfCancellationRequested();
            using StepScope scope = StepScope.Begin();
            int start = first, together = Math.Min(Together, count - first);
            float[] inputs = new float[together * input.Length];
            for (int i = 0; i < together; i++)
            {
                Span<float> one = inputs.AsSpan(i * input.Length, input.Length);
                input.CopyTo(one);
                patch(start + i, one, []);
            }

            Device device = model.NamedParameters().First().Parameter.Value.Device;
            Tensor answer = model.ForwardFrom(block,
                Tensor.From(inputs, [together, grid.Tokens, input.Length / grid.Tokens], device), grid,
                new BlockRecorder { Heads = (at, heads) => at == block ? Patched(heads) : heads });
            scores.AddRange(answer.ToArray().Chunk(answer.Shape[1]));

            Tensor Patched(Tensor heads)
            {
                float[] values = heads.ToArray();
                int size = values.Length / together;
                for (int i = 0; i < together; i++) patch(start + i, [], values.AsSpan(i * size, size));
                return Tensor.From(values, heads.Shape, heads.Device);
            }
        }

        return [.. scores];
    }

    /// <summary>Changes one variant's tokens, or its heads; the other span is empty.</summary>
    private delegate void Patch(int variant, Span<float> tokens, Span<float> heads);

    /// <summary>An image on its way: the input of each block and the classifier head's, and the
    /// heads.</summary>
    private sealed record Way(float[] Scores, List<float[]> Inputs, List<float[]> Heads)
    {
        public static Way Of(IBlockModel model, Tensor image, TokenGrid grid)
        {
            using StepScope scope = StepScope.Begin();
            Tensor embedded = model.Embed(image);
            List<float[]> inputs = [embedded.ToArray()], heads = [];
            Tensor scores = model.ForwardFrom(0, embedded, grid, new BlockRecorder
            {
                Heads = (_, all) =>
                {
                    heads.Add(all.ToArray());
                    return all;
                },
                Tokens = (_, tokens) => inputs.Add(tokens.ToArray()),
            });
            return new(scores.ToArray(), inputs, heads);
        }
    }
}
