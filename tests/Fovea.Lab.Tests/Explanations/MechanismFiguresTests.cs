using Fovea.Lab.Explanations;
using Fovea.Plotting.Images;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Lab.Tests.Explanations;

public sealed class MechanismFiguresTests
{
    [Fact]
    public void Sums_are_over_rows_and_columns()
    {
        (double[] rows, double[] columns) = MechanismFigures.Sums([1, 2, 3, 4], 2);
        Assert.Equal([3, 7], rows);
        Assert.Equal([4, 6], columns);
    }

    [Theory]
    [InlineData("block 3", 2)]
    [InlineData("blocks 1–4", 0, 1, 2, 3)]
    [InlineData("blocks 1, 3–4, 6", 0, 2, 3, 5)]
    public void Blocks_are_counted_from_one_and_joined(string expected, params int[] blocks) =>
        Assert.Equal(expected, Captions.Blocks(blocks));

    /// <summary>Blocks with the same windows share a row; the epochs are those that change something, and the one that
    /// is set.</summary>
    [Fact]
    public void Windows_are_shown_by_block_and_epoch()
    {
        VisionTransformerConfig config = new()
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 8,
            Depth = 4,
            Heads = 2,
            Classes = 3,
            Attention = "softmax:window=1/2,until=2/4,softmax:window=1/2,until=2/4,softmax,performer:soft=1,fade=8",
        };
        VisionTransformer model = config.Build();
        model.Initialize(Tensors.Device.Cpu, 1);
        model.Context = model.Context with { Epoch = 3 };
        IReadOnlyList<ExplainedFigure> figures = ModelFigures.Of(model);
        ImageGrid windows = (ImageGrid)figures[0].Figure;

        Assert.Equal(["windows", "window-of-a-patch", "positions", "filters"], figures.Select(figure => figure.Name));
        Assert.Equal(["blocks 1–2", "block 4"], windows.Rows.Select(row => row.Name));
        Assert.Equal(["epoch 0", "epoch 2", "epoch 3 *", "epoch 4", "epoch 8"], windows.Columns);
        Assert.All(windows.Rows, row => Assert.Equal(5, row.Images.Count));
        Assert.NotEqual(windows.Rows[0].Images[0]!.Samples.ToArray(), windows.Rows[0].Images[1]!.Samples.ToArray());
        Assert.Equal(windows.Rows[0].Images[1]!.Samples.ToArray(), windows.Rows[0].Images[2]!.Samples.ToArray());
    }
}
