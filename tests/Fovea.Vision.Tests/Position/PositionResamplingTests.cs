using System.Text.Json;
using Fovea.Tensors;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Position;

public sealed class PositionResamplingTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Tables_are_those_of_timm(string device)
    {
        Golden golden = Golden.Load("timm-pos-embed-resample");
        using StepScope scope = StepScope.Begin();
        foreach (JsonElement run in golden.Config.GetProperty("runs").EnumerateArray())
        {
            string name = run.GetProperty("name").GetString()!;
            int prefix = run.GetProperty("prefix_tokens").GetInt32();
            TokenGrid Grid(string key) =>
                new(prefix, run.GetProperty(key)[0].GetInt32(), run.GetProperty(key)[1].GetInt32());
            Resampling filter = run.GetProperty("interpolation").GetString() == "bilinear" ? Resampling.Bilinear
                : Resampling.Bicubic;

            Tensor resampled = PositionResampling.Resample(
                golden[$"{name}.pos_embed"].ToTensor(TestDevice.Named(device)), Grid("old"), Grid("new"), filter,
                run.GetProperty("antialias").GetBoolean());

            golden.Compare($"{name}.resampled", resampled);
        }
    }

    public static TheoryData<int, int, int, int, int> Sizes => new()
    {
        { 0, 1, 1, 3, 2 }, { 1, 3, 3, 3, 3 }, { 2, 4, 4, 7, 4 }, { 5, 4, 4, 4, 7 }, { 1, 5, 7, 2, 3 },
            { 1, 2, 9, 9, 2 }, { 0, 6, 5, 1, 1 },
    };

    /// <summary>Resampling is linear: its backward pass must be the transposed map, ⟨c, R x⟩ = ⟨Rᵀ c, x⟩ for any c and
    /// x.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_gradient_is_the_transposed_map(int prefix, int rows, int columns, int newRows, int newColumns)
    {
        TokenGrid from = new(prefix, rows, columns), to = new(prefix, newRows, newColumns);
        foreach (Resampling filter in Enum.GetValues<Resampling>())
            foreach (bool antialias in (bool[])[false, true])
            {
                using StepScope scope = StepScope.Begin();
                Tensor trained = TestTensors.Normal([1, from.Tokens, 4], Device.Reference, 1),
                    other = TestTensors.Normal(trained.Shape, Device.Reference, 2),
                    cotangent = TestTensors.Normal([1, to.Tokens, 4], Device.Reference, 3);
                trained.RequiresGradient = true;
                using (Tape tape = Tape.Record())
                    tape.Backward(PositionResampling.Resample(trained, from, to, filter, antialias), cotangent);

                float forward = Ops.Sum(
                    Ops.Multiply(cotangent, PositionResampling.Resample(other, from, to, filter, antialias))).Item();
                Assert.Equal(forward, Ops.Sum(Ops.Multiply(trained.Gradient!, other)).Item(),
                    1e-5 + 1e-5 * Math.Abs(forward));
            }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void What_is_the_same_everywhere_stays_so_and_the_prefix_is_copied(int prefix, int rows, int columns,
        int newRows, int newColumns)
    {
        TokenGrid from = new(prefix, rows, columns), to = new(prefix, newRows, newColumns);
        float[] values = new float[from.Tokens * 3];
        for (int i = 0; i < values.Length; i++) values[i] = i < prefix * 3 ? 100 + i : i % 3;

        float[] resampled = PositionResampling.Resample(Tensor.From(values, [1, from.Tokens, 3], Device.Cpu), from, to)
            .ToArray();

        Assert.Equal(values[..(prefix * 3)], resampled[..(prefix * 3)]);
        for (int i = prefix * 3; i < resampled.Length; i++) Assert.Equal(i % 3, resampled[i], 1e-6);
    }

    /// <summary>A table that rises along one axis only must do so on the new grid: rows and columns are not mixed
    /// up.</summary>
    [Fact]
    public void Rows_stay_rows_and_columns_columns()
    {
        TokenGrid from = new(1, 3, 5), to = new(1, 6, 4);
        float[] values = new float[from.Tokens * 2];
        for (int patch = 0; patch < from.Patches; patch++)
            (values[2 * patch + 2], values[2 * patch + 3]) = (patch / 5, patch % 5);

        float[] resampled = PositionResampling.Resample(Tensor.From(values, [1, 16, 2], Device.Cpu), from, to)
            .ToArray();

        for (int patch = 0; patch < to.Patches; patch++)
        {
            (int row, int column) = (patch / 4, patch % 4);
            Assert.Equal(resampled[2 + 2 * 4 * row], resampled[2 + 2 * patch], 1e-6);
            Assert.Equal(resampled[3 + 2 * column], resampled[3 + 2 * patch], 1e-6);
            if (row > 0) Assert.True(resampled[2 + 2 * patch] > resampled[2 + 2 * (patch - 4)]);
            if (column > 0) Assert.True(resampled[3 + 2 * patch] > resampled[3 + 2 * (patch - 1)]);
        }
    }

    [Fact]
    public void Tables_that_do_not_fit_are_refused()
    {
        Tensor table = Tensor.Zeros([1, 10, 4], Device.Reference);
        Assert.Equal(
            "PositionResampling: positions of 1 + 2x3 tokens must be [1, 7, dim], got [1, 10, 4].",
            Assert.Throws<ShapeException>(() =>
                PositionResampling.Resample(table, new(1, 2, 3), new(1, 3, 3))).Message);
        Assert.Equal(
            "PositionResampling: cannot go from 1 + 3x3 tokens to 0 + 3x3 tokens.",
            Assert.Throws<ShapeException>(() =>
                PositionResampling.Resample(table, new(1, 3, 3), new(0, 3, 3))).Message);
        Assert.Null(PositionResampling.SquareGrid(8, 1));
        Assert.Null(PositionResampling.SquareGrid(1, 2));
        Assert.Equal(new TokenGrid(5, 37, 37), PositionResampling.SquareGrid(1374, 5));
    }
}
