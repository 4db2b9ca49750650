using Fovea.Tensors;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Position;

public sealed class PositionBiasTests
{
    /// <summary>Swin's index: (Δrow + rows − 1)(2 columns − 1) + Δcolumn + columns − 1; BEiT's last rows: class to
    /// patch, patch to class, class to class.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_relative_bias_is_looked_up_by_offset(int prefix)
    {
        TokenGrid grid = new(prefix, 3, 4);
        RelativePosition relative = new(grid, heads: 2);
        relative.Initialize(Device.Reference, 1);
        Assert.Equal("relative_position_bias_table", relative.Table.Name);
        int offsets = 5 * 7;
        Assert.Equal([offsets + (prefix > 0 ? 3 : 0), 2], relative.Table.Shape);
        float[] table = TestTensors.Normal(relative.Table.Shape, Device.Reference, 2).ToArray();
        relative.Table.Value.CopyFrom(table);

        PositionBias bias = relative.Of(grid, Device.Reference);
        float[] values = bias.Values.ToArray();
        for (int i = 0; i < grid.Tokens; i++)
            for (int j = 0; j < grid.Tokens; j++)
            {
                int a = i - prefix, b = j - prefix;
                int row = a >= 0 && b >= 0 ? (a / 4 - b / 4 + 2) * 7 + a % 4 - b % 4 + 3
                    : offsets + (b >= 0 ? 0 : a >= 0 ? 1 : 2);
                for (int head = 0; head < 2; head++)
                    Assert.Equal(table[row * 2 + head],
                        values[head * bias.Relation.Buckets + bias.Relation.Bucket(i, j)]);
            }
    }

    [Fact]
    public void A_table_of_another_grid_is_resized_and_one_that_does_not_fit_is_left()
    {
        RelativePosition small = new(new(1, 3, 3), 2), large = new(new(1, 6, 6), 2);
        small.Initialize(Device.Reference, 1);

        Assert.Equal([11 * 11 + 3, 2], large.AdaptWeight(small.Table).Shape);
        Assert.Equal(small.Table.Value.ToArray()[^6..], large.AdaptWeight(small.Table).ToArray()[^6..]);
        Tensor other = Tensor.Zeros([28, 3], Device.Reference);
        Assert.Same(other, large.AdaptWeight(other));
    }

    /// <summary>−m_h · distance; slopes as in the paper's code, where heads are no power of two too.</summary>
    [Theory]
    [InlineData(1, new[] { 1 / 256.0 })]
    [InlineData(4, new[] { 0.25, 1 / 16.0, 1 / 64.0, 1 / 256.0 })]
    [InlineData(6, new[] { 0.25, 1 / 16.0, 1 / 64.0, 1 / 256.0, 0.5, 0.125 })]
    public void Alibi_falls_with_the_distance(int heads, double[] slopes)
    {
        TokenGrid grid = new(2, 3, 4);
        AlibiPosition alibi = new(heads);
        Assert.Equal(slopes, alibi.Slopes);
        PositionBias bias = alibi.Of(grid, Device.Reference);
        float[] values = bias.Values.ToArray();
        for (int i = 0; i < grid.Tokens; i++)
            for (int j = 0; j < grid.Tokens; j++)
            {
                int a = i - 2, b = j - 2;
                double distance = a < 0 || b < 0 ? 0
                    : Math.Sqrt(Math.Pow(a / 4 - b / 4, 2) + Math.Pow(a % 4 - b % 4, 2));
                for (int head = 0; head < heads; head++)
                    Assert.Equal(-slopes[head] * distance,
                        values[head * bias.Relation.Buckets + bias.Relation.Bucket(i, j)], 1e-7);
            }
    }
}
