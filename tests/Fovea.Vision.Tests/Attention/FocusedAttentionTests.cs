using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class FocusedAttentionTests
{
    private const int Heads = 2, HeadDim = 6;

    private static readonly TokenGrid Grid = new(2, 3, 4);

    /// <summary>arXiv:2308.00442, eq. 5 to 7, as they stand there, with the code's 1e-6.</summary>
    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 5)]
    [InlineData(8, 1)]
    public void Is_the_papers_formula(int power, int kernel)
    {
        FocusedAttention attention = new(Context(Grid), power, kernel);
        attention.Initialize(Device.Reference, 1);
        AttentionInput input = Input(Grid);
        float[][] filter = [.. attention.NamedParameters().Select(entry => entry.Parameter.Value.ToArray())];
        float[] expected = Matrix.Merge(2, Heads, (sample, head) =>
        {
            Matrix q = Focused(Matrix.Head(input.Projected, sample, 0, head, Heads), power),
                k = Focused(Matrix.Head(input.Projected, sample, 1, head, Heads), power),
                v = Matrix.Head(input.Projected, sample, 2, head, Heads), similarity = q * k.Transposed;
            return new Matrix(Grid.Tokens, Grid.Tokens, (i, j) => similarity[i, j] / (similarity.RowSum(i) + 1e-6)) * v
                + Matrix.Filtered(v, Grid, kernel, (element, tap) => filter[0][element * kernel * kernel + tap],
                    element => filter[1][element]);
        });

        GoldenAssert.Close(expected, attention.Finish(input, attention.Forward(input)).ToArray(), 1e-6, 1e-6);
    }

    /// <summary>Powers neither overflow nor vanish in single precision, however long vectors are or whatever they
    /// lack.</summary>
    [Theory]
    [InlineData(1e-8f)]
    [InlineData(1e4f)]
    [InlineData(-1)]
    public void Results_and_gradients_are_finite(float scale)
    {
        FocusedAttention attention = new(Context(Grid), 8, 3);
        attention.Initialize(Device.Cpu, 1);
        AttentionInput input = Input(Grid);
        Tensor projected = Tensor.From(
            [.. input.Projected.ToArray().Select(value => scale < 0 ? -Math.Abs(value) : scale * value)],
            input.Projected.Shape, Device.Cpu);
        projected.RequiresGradient = true;
        using Tape tape = Tape.Record();
        Tensor y = attention.Forward(input with { Projected = projected });
        tape.Backward(y, TestTensors.Normal(y.Shape, Device.Cpu, 3));

        Assert.All(y.ToArray(), value => Assert.True(float.IsFinite(value)));
        Assert.All(projected.Gradient!.ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Cost_is_linear_in_the_tokens()
    {
        IAttention attention = AttentionCatalogue.Create("focused", Context(new(0, 64, 64)));
        double exponent = Math.Log(attention.Macs(new(0, 128, 128)) / attention.Macs(new(0, 64, 64)), 4);
        Assert.InRange(exponent, 0.85, 1.15);
    }

    [Theory]
    [InlineData("focused:power=9", "focused: power must be 1 to 8, got 9.")]
    [InlineData("focused:kernel=4", "focused: kernel must be odd, so that it has a centre, got 4.")]
    public void Options_out_of_range_are_refused(string spec, string message) => Assert.Equal(message,
        Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, Context(Grid))).Message);

    /// <summary>φ(x) = ‖u‖ / ‖u^p‖ · u^p of each row, u = relu(x) + 1e-6.</summary>
    private static Matrix Focused(Matrix x, int power)
    {
        Matrix u = x.Map(value => Math.Max(value, 0) + 1e-6), powers = u.Map(value => Math.Pow(value, power));
        return new(x.Rows, x.Columns, (i, j) => Norm(u, i) / Norm(powers, i) * powers[i, j]);

        static double Norm(Matrix of, int row) => Math.Sqrt(of.Map(value => value * value).RowSum(row));
    }

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Heads * HeadDim, Heads = Heads, HeadDim = HeadDim, Grid = grid };

    private static AttentionInput Input(TokenGrid grid) => new(
        TestTensors.Normal([2, grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2), grid,
        new Linear(Heads * HeadDim, 3 * Heads * HeadDim));
}
