using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class MatMulTests
{
    [Fact]
    public void Product_of_two_small_matrices()
    {
        Device device = Device.Reference;
        Tensor a = Tensor.From([1f, 2, 3, 4, 5, 6], [2, 3], device),
            b = Tensor.From([1f, 0, 2, 1, 0, 3], [3, 2], device);
        Assert.Equal([5, 11, 14, 23], Ops.MatMul(a, b).ToArray());
        Assert.Equal([10, 22, 28, 46], Ops.MatMul(a, b, scale: 2).ToArray());
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(false, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, true)]
    public void Gradient_of_every_transposition(bool transposeA, bool transposeB, bool batched)
    {
        int[] batch = batched ? [2, 3] : [];
        GradientCheck.Run(x => Ops.MatMul(x[0], x[1], transposeA, transposeB, scale: 0.5f),
            Normal(Shape.Create([.. batch, .. transposeA ? (int[])[4, 2] : [2, 4]])),
            Normal(Shape.Create([.. batch, .. transposeB ? (int[])[3, 4] : [4, 3]])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradient_with_a_right_side_shared_by_the_batch(bool transposeB) =>
        GradientCheck.Run(x => Ops.MatMul(x[0], x[1], transposeB: transposeB), Normal([2, 3, 2, 4]),
            Normal(transposeB ? [5, 4] : [4, 5]));

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Gradient_of_a_matrix_times_itself(bool transposeA, bool transposeB) =>
        GradientCheck.Run(x => Ops.MatMul(x[0], x[0], transposeA, transposeB), Normal([3, 4]));

    [Fact]
    public void Transposition_is_the_transposed_matrix()
    {
        Device device = Device.CreateReference();
        Tensor a = Normal([2, 3, 4]).Create(device, 0), b = Normal([2, 3, 5]).Create(device, 1);
        Tensor expected = Ops.MatMul(Ops.Permute(a, 0, 2, 1), b);
        Assert.Equal(expected.Doubles(), Ops.MatMul(a, b, transposeA: true).Doubles());
        Assert.Equal(expected.Doubles(),
            Ops.MatMul(Ops.Permute(a, 0, 2, 1), Ops.Permute(b, 0, 2, 1), transposeB: true).Doubles());
    }
}
