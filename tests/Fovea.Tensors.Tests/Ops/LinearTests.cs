using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class LinearTests
{
    [Theory]
    [InlineData(3, 5, 4, true, true)]
    [InlineData(3, 5, 4, false, false)]
    [InlineData(1, 1, 1, true, false)]
    [InlineData(7, 2, 3, false, true)]
    public void Linear_gradient(int rows, int inner, int columns, bool bias, bool residual) =>
        GradientCheck.Run(
            x => Ops.Linear(x[0], x[1], bias ? x[2] : null, residual ? x[3] : null),
            Normal([rows, inner]), Normal([columns, inner]),
            bias ? Normal([columns]) : Normal([columns]).WithoutGradient(),
            residual ? Normal([rows, columns]) : Normal([rows, columns]).WithoutGradient());

    [Fact]
    public void Linear_keeps_leading_axes() =>
        GradientCheck.Run(x => Ops.Linear(x[0], x[1], x[2]), Normal([2, 3, 4]), Normal([5, 4]), Normal([5]));

    [Fact]
    public void Linear_on_some_inputs_only() =>
        GradientCheck.Run(x => Ops.Linear(x[0], x[1], x[2], x[3]),
            Normal([2, 4]).WithoutGradient(), Normal([3, 4]), Normal([3]).WithoutGradient(), Normal([2, 3]));

    [Fact]
    public void Residual_may_be_the_input_itself() =>
        GradientCheck.Run(x => Ops.Linear(x[0], x[1], x[2], residual: x[0]), Normal([3, 4]), Normal([4, 4]),
            Normal([4]));

    public static TheoryData<UnaryOperator> Activations() => [.. Enum.GetValues<UnaryOperator>()];

    [Theory]
    [MemberData(nameof(Activations))]
    public void ActivationLinear_gradient(UnaryOperator activation) =>
        GradientCheck.Run(x => Ops.ActivationLinear(activation, x[0], x[1], x[2], x[3]),
            ElementsTests.Domain(activation, [3, 5]), Normal([4, 5]), Normal([4]), Normal([3, 4]));

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 5)]
    [InlineData(3, 16)]
    public void LayerNormLinear_gradient(int rows, int inner) =>
        GradientCheck.Run(x => Ops.LayerNormLinear(x[0], x[1], x[2], 1e-5f, x[3], x[4]),
            Normal([rows, inner]), Normal([inner]), Normal([inner]), Normal([2, inner]), Normal([2]));

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 16)]
    public void RmsNormLinear_gradient(int rows, int inner) =>
        GradientCheck.Run(x => Ops.RmsNormLinear(x[0], x[1], 1e-5f, x[2], x[3]),
            Normal([rows, inner]), Normal([inner]), Normal([2, inner]), Normal([2]));

    [Fact]
    public void LayerNormLinear_with_only_the_norm_trained() =>
        GradientCheck.Run(x => Ops.LayerNormLinear(x[0], x[1], x[2], 1e-5f, x[3]),
            Normal([3, 4]).WithoutGradient(), Normal([4]), Normal([4]), Normal([2, 4]).WithoutGradient());

    [Fact]
    public void Fused_linears_equal_their_parts()
    {
        Device device = Device.CreateReference();
        Tensor x = Normal([3, 5]).Create(device, 0), w = Normal([4, 5]).Create(device, 1),
            b = Normal([4]).Create(device, 2);
        Tensor gamma = Normal([5]).Create(device, 3), beta = Normal([5]).Create(device, 4),
            r = Normal([3, 4]).Create(device, 5);
        Tensor product = Ops.Add(Ops.MatMul(x, w, transposeB: true), b);
        AssertEqual(product, Ops.Linear(x, w, b));
        AssertEqual(Ops.Add(product, r), Ops.Linear(x, w, b, r));
        AssertEqual(Ops.Linear(Ops.Gelu(x), w, b), Ops.ActivationLinear(UnaryOperator.Gelu, x, w, b));
        AssertEqual(Ops.Linear(Ops.LayerNorm(x, gamma, beta, 1e-3f), w, b),
            Ops.LayerNormLinear(x, gamma, beta, 1e-3f, w, b));
        AssertEqual(Ops.Linear(Ops.RmsNorm(x, gamma, 1e-3f), w, b), Ops.RmsNormLinear(x, gamma, 1e-3f, w, b));
    }

    private static void AssertEqual(Tensor expected, Tensor actual) =>
        Fovea.Tests.GoldenAssert.Close(expected.Doubles(), actual.Doubles(), 1e-14, 1e-14);
}
