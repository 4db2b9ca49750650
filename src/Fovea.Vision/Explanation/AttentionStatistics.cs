using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>
/// How far each head looks, how widely, and whether its map is doubly stochastic: sums over all images that it has
/// seen.
/// </summary>
/// <remarks><code>
/// distance = mean over patches i of Σ_j |a_ij| |p_i − p_j| / Σ_j |a_ij|,  j over patches, p their centres in pixels
/// entropy  = mean over tokens i of − Σ_j w_ij ln w_ij,  w_ij = |a_ij| / Σ_j |a_ij|,  j over all tokens
/// </code>
/// Magnitudes, because weights of some mechanisms may be below 0. Tokens that look at nothing count for neither, and
/// patches that look at no patch not for the distance; where none is left, it is 0.
/// Source: Dosovitskiy et al. 2021, "An image is worth 16x16 words", arXiv:2010.11929, section 4.5 and appendix D.7;
/// the class token's columns are left out and the rest divided by its sum.
/// </remarks>
public sealed class AttentionStatistics
{
    private readonly List<Sums[]> _blocks = [];

    /// <summary>Tokens of the last images; the entropy is at most their logarithm.</summary>
    public int Tokens { get; private set; }

    /// <summary>Number of images seen.</summary>
    public int Images { get; private set; }

    /// <summary>The heads, block by block.</summary>
    public IReadOnlyList<HeadAttention> Heads =>
        [.. _blocks.SelectMany((heads, block) => heads.Select((sums, head) => sums.Result(block, head)))];

    /// <summary>Sends images through a model.</summary>
    /// <param name="model">The model, always the same one, in evaluation mode.</param>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    public void Add(IAttentionModel model, Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        model.Forward(images, new Listener(this, images.Shape[2], images.Shape[3]));
        Images += images.Shape[0];
    }

    /// <summary>Takes the maps of one block.</summary>
    /// <param name="block">From 0.</param>
    /// <param name="map"><c>[batch, head, token, token]</c>.</param>
    /// <param name="shape">Batch and heads of it.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="pixels">Height and width of a patch.</param>
    internal void Add(int block, float[] map, (int Batch, int Heads) shape, TokenGrid grid, (double, double) pixels)
    {
        while (_blocks.Count <= block) _blocks.Add([.. Enumerable.Range(0, shape.Heads).Select(_ => new Sums())]);
        Tokens = grid.Tokens;
        int size = grid.Tokens * grid.Tokens;
        double[] distances = Distances(grid, pixels);
        for (int image = 0; image < shape.Batch; image++)
            for (int head = 0; head < shape.Heads; head++)
                _blocks[block][head].Add(map.AsSpan((image * shape.Heads + head) * size, size), grid, distances);
    }

    /// <summary>Between the centres of patches, <c>[patch, patch]</c>.</summary>
    private static double[] Distances(TokenGrid grid, (double Height, double Width) pixels)
    {
        double[] distances = new double[grid.Patches * grid.Patches];
        for (int i = 0; i < distances.Length; i++)
        {
            (int from, int to) = Math.DivRem(i, grid.Patches);
            double down = (from / grid.Columns - to / grid.Columns) * pixels.Height;
            double across = (from % grid.Columns - to % grid.Columns) * pixels.Width;
            distances[i] = Math.Sqrt(down * down + across * across);
        }

        return distances;
    }

    private sealed class Listener(AttentionStatistics statistics, int height, int width) : IAttentionRecorder
    {
        private int _block;

        public Tensor Record(IAttention mechanism, AttentionInput input, Tensor mixed)
        {
            using (Tape.Pause())
            using (StepScope scope = StepScope.Begin())
            {
                Tensor map = mechanism.Probabilities(input);
                (double, double) pixels = ((double)height / input.Grid.Rows, (double)width / input.Grid.Columns);
                statistics.Add(_block++, map.ToArray(), (map.Shape[0], map.Shape[1]), input.Grid, pixels);
            }

            return mixed;
        }

        public void RecordPooling(Tensor weights)
        {
        }
    }

    private sealed class Sums
    {
        private double _distance, _entropy, _rows, _columns, _prefix;
        private long _patches, _queries, _tokens, _looking;

        public void Add(ReadOnlySpan<float> map, TokenGrid grid, double[] distances)
        {
            double[] columns = new double[grid.Tokens];
            for (int i = 0; i < grid.Tokens; i++)
            {
                ReadOnlySpan<float> row = map.Slice(i * grid.Tokens, grid.Tokens);
                double sum = 0, size = 0;
                for (int j = 0; j < row.Length; j++)
                {
                    columns[j] += row[j];
                    sum += row[j];
                    size += Math.Abs((double)row[j]);
                }

                _rows += (sum - 1) * (sum - 1);
                if (size > 0) AddEntropy(row, size);
                if (i >= grid.Prefix) AddDistance(row, size, grid, distances.AsSpan((i - grid.Prefix) * grid.Patches));
            }

            foreach (double column in columns) _columns += (column - 1) * (column - 1);
            _tokens += grid.Tokens;
        }

        public HeadAttention Result(int block, int head) => new(block, head, Mean(_distance, _patches),
            Mean(_entropy, _queries), Math.Sqrt(_rows / _tokens), Math.Sqrt(_columns / _tokens),
            Mean(_prefix, _looking));

        private static double Mean(double sum, long count) => count == 0 ? 0 : sum / count;

        private void AddEntropy(ReadOnlySpan<float> row, double size)
        {
            foreach (float value in row)
                if (value != 0) _entropy -= Math.Abs(value) / size * Math.Log(Math.Abs(value) / size);
            _queries++;
        }

        private void AddDistance(ReadOnlySpan<float> row, double size, TokenGrid grid, ReadOnlySpan<double> distances)
        {
            double on = 0, far = 0;
            for (int j = 0; j < grid.Patches; j++)
            {
                double weight = Math.Abs((double)row[grid.Prefix + j]);
                on += weight;
                far += weight * distances[j];
            }

            if (size > 0)
            {
                _prefix += 1 - on / size;
                _looking++;
            }

            if (on == 0) return;
            _distance += far / on;
            _patches++;
        }
    }
}
