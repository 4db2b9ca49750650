using Fovea.Tensors;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Position;

public sealed class FixedPositionTests
{
    /// <summary>The formula once more, element by element.</summary>
    [Fact]
    public void A_sequence_has_sines_and_cosines_in_turns()
    {
        float[] table = Table(FixedPosition.Sequence(new(2, 3, 5), 6), new(2, 3, 5), 6);

        Assert.All(table[..12], value => Assert.Equal(0, value));
        for (int patch = 0; patch < 15; patch++)
            for (int i = 0; i < 6; i++)
            {
                double angle = patch / Math.Pow(10000, i / 2 * 2 / 6.0);
                Assert.Equal(i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle), table[12 + 6 * patch + i], 1e-6);
            }
    }

    [Fact]
    public void A_grid_has_its_column_in_the_first_half_and_its_row_in_the_second()
    {
        float[] table = Table(FixedPosition.Grid(new(1, 3, 5), 8), new(1, 3, 5), 8);

        for (int patch = 0; patch < 15; patch++)
            for (int i = 0; i < 8; i++)
            {
                double angle = (i < 4 ? patch % 5 : patch / 5) * Math.Pow(10000, -(i % 2) / 2.0);
                Assert.Equal(i / 2 % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle), table[8 + 8 * patch + i], 1e-6);
            }
    }

    /// <summary>Another grid has them resampled, and the one that they are made for its own.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_table_for_other_images_is_resampled(bool inTwoDimensions)
    {
        TokenGrid own = new(1, 3, 3), larger = new(1, 5, 5);
        FixedPosition made = Of(own, null), resized = Of(larger, 3);
        Assert.Equal(Table(made, larger, 8), Table(resized, larger, 8));
        Assert.Equal(Table(made, own, 8), Table(resized, own, 8));
        Assert.Equal(Table(made, new(1, 4, 6), 8), Table(resized, new(1, 4, 6), 8));
        Assert.NotEqual(Table(Of(larger, null), larger, 8), Table(resized, larger, 8));

        FixedPosition Of(TokenGrid grid, int? madeFor) => inTwoDimensions ? FixedPosition.Grid(grid, 8, madeFor)
            : FixedPosition.Sequence(grid, 8, madeFor);
    }

    [Fact]
    public void Sizes_that_do_not_divide_are_refused()
    {
        Assert.Throws<UsageException>(() => FixedPosition.Grid(new(0, 2, 2), 6));
        Assert.Throws<UsageException>(() => FixedPosition.Sequence(new(0, 2, 2), 5));
    }

    private static float[] Table(FixedPosition position, TokenGrid grid, int dim)
    {
        position.Initialize(Device.Cpu, 1);
        return ((IPositionEmbedding)position).Forward(Tensor.Zeros([1, grid.Tokens, dim], Device.Cpu), grid).ToArray();
    }
}
