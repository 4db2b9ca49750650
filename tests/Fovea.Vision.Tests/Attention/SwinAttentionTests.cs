using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Tests.Attention;

public sealed class SwinAttentionTests
{
    /// <summary>Swin as it is written (arXiv:2103.14030, section 3.2, and the authors' code), in double: the grid is
    /// rolled by the shift, cut into w × w windows, pairs of other regions get −100, the bias is indexed by (Δrow + w −
    /// 1) (2w − 1) + Δcolumn + w − 1; then everything is rolled back.</summary>
    [Theory]
    [InlineData("swin:2", 0, 4, 6, 2, 0)]
    [InlineData("swin:2", 1, 4, 6, 2, 1)]
    [InlineData("swin:3", 3, 6, 9, 3, 1)]
    [InlineData("swin:4", 1, 8, 8, 4, 2)]
    [InlineData("swin:window=4,shift=1", 0, 8, 4, 4, 1)]
    [InlineData("swin:7", 1, 4, 4, 4, 0)]   // a grid that is one window, without a shift
    public void Windows_are_rolled_masked_and_rolled_back(string spec, int block, int rows, int columns, int window,
        int shift)
    {
        const int Heads = 2, D = 3;
        int n = rows * columns;
        AttentionContext context = new()
        {
            Dim = 6,
            Heads = Heads,
            HeadDim = D,
            Grid = new(0, rows, columns),
            Block = block,
        };
        SwinAttention attention = Assert.IsType<SwinAttention>(AttentionCatalogue.Create(spec, context));
        attention.Initialize(Device.Reference, 1);
        attention.Table.Value.CopyFrom(TestTensors.Normal(attention.Table.Shape, Device.Reference, 2).ToArray());
        double[] table = [.. attention.Table.Value.ToArray().Select(value => (double)value)];
        int side = (int)Math.Sqrt(attention.Table.Shape[0]), full = (side + 1) / 2;
        Tensor qkv = TestTensors.Normal([1, n, 3 * Heads * D], Device.Reference, 3);
        double[] packed = [.. qkv.ToArray().Select(value => (double)value)];
        float[] expected = new float[n * Heads * D];
        // an axis of one window is not shifted
        (int down, int right) = (rows <= window ? 0 : shift, columns <= window ? 0 : shift);
        for (int head = 0; head < Heads; head++)
            for (int i = 0; i < n; i++)
            {
                (int row, int column) = Math.DivRem(i, columns);   // places in the rolled grid
                double[] weights = new double[n];
                for (int j = 0; j < n; j++)
                {
                    (int otherRow, int otherColumn) = Math.DivRem(j, columns);
                    if (row / window != otherRow / window || column / window != otherColumn / window) continue;
                    double score = 0;
                    for (int d = 0; d < D; d++)
                        score += At(Token(row, column), 0, head, d) * At(Token(otherRow, otherColumn), 1, head, d);
                    int offset = (row - otherRow + full - 1) * side + column - otherColumn + full - 1;
                    score = score / Math.Sqrt(D) + table[offset * Heads + head];
                    bool isMasked = Region(row, rows, down) != Region(otherRow, rows, down)
                        || Region(column, columns, right) != Region(otherColumn, columns, right);
                    weights[j] = Math.Exp(isMasked ? score - 100 : score);
                }

                for (int d = 0; d < D; d++)
                    expected[(Token(row, column) * Heads + head) * D + d] = (float)(weights
                        .Select((weight, j) => weight * At(Token(j / columns, j % columns), 2, head, d)).Sum()
                        / weights.Sum());
            }

        GoldenAssert.Close(expected, attention.Forward(new(qkv, context.Grid, new(6, 3 * Heads * D))).ToArray(), 2e-6,
            1e-5);

        int Token(int row, int column) => (row + down) % rows * columns + (column + right) % columns;

        int Region(int place, int size, int by) => by == 0 || place < size - window ? 0 : place < size - by ? 1 : 2;

        double At(int token, int part, int head, int element) =>
            packed[((token * 3 + part) * Heads + head) * D + element];
    }

    /// <summary>A grid that windows do not divide: the last ones are smaller, and a token sees its own alone.</summary>
    [Fact]
    public void Windows_end_at_the_border()
    {
        AttentionContext context = new() { Dim = 4, Heads = 1, HeadDim = 4, Grid = new(1, 1, 8), Block = 1 };
        SwinAttention attention = new(context, 3);
        attention.Initialize(Device.Reference, 1);
        float[] weights = attention.Probabilities(
            new(TestTensors.Normal([1, 9, 12], Device.Reference, 2), context.Grid, new(4, 12))).ToArray();
        int[] windows = [0, 1, 1, 1, 2, 2, 2, 3];   // cut at 1, 4 and 7
        for (int i = 0; i < 8; i++)
            for (int j = 0; j < 8; j++)
                Assert.Equal(windows[i] == windows[j], weights[(1 + i) * 9 + 1 + j] > 0);
        Assert.All(Enumerable.Range(0, 9), token => Assert.True(weights[token] > 0 && weights[token * 9] > 0));
    }

    [Fact]
    public void A_shift_of_a_whole_window_is_refused() =>
        Assert.Equal("swin: option 'shift' must be below 'window', got 4 and 4.",
            Assert.Throws<UsageException>(() => AttentionCatalogue.Create("swin:window=4,shift=4",
                new() { Dim = 4, Heads = 1, HeadDim = 4, Grid = new(0, 8, 8) })).Message);
}
