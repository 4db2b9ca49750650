using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

/// <summary>Gradients where tensors are used more than once, so that parts have to add up.</summary>
public sealed class CompositionTests
{
    [Fact]
    public void A_tensor_used_twice() =>
        GradientCheck.Run(x => Ops.Add(Ops.Gelu(x[0]), Ops.Multiply(x[0], x[1])), Normal([3, 4]), Normal([3, 4]));

    [Fact]
    public void A_square_by_multiplication() => GradientCheck.Run(x => Ops.Multiply(x[0], x[0]), Normal([3, 4]));

    [Fact]
    public void An_intermediate_used_three_times() =>
        GradientCheck.Run(x =>
        {
            Tensor y = Ops.Softmax(x[0]);
            return Ops.Add(Ops.Multiply(y, y), Ops.Subtract(y.Reshape(3, 4), Ops.Relu(y)));
        }, Normal([3, 4]));

    [Fact]
    public void Sums_hand_their_gradient_on_without_spoiling_it() =>
        GradientCheck.Run(x =>
        {
            Tensor sum = Ops.Add(x[0], x[1]);
            return Ops.Add(Ops.Add(sum, x[0]), Ops.Add(x[1], sum));
        }, Normal([2, 3]), Normal([2, 3]));

    [Fact]
    public void A_residual_used_before_and_after() =>
        GradientCheck.Run(x =>
        {
            Tensor y = Ops.Linear(x[0], x[1], residual: x[0]);
            return Ops.ActivationLinear(UnaryOperator.Silu, Ops.Add(y, x[0]), x[1], residual: y);
        }, Normal([3, 4]), Normal([4, 4]));

    [Fact]
    public void A_transformer_block() =>
        GradientCheck.Run(x =>
        {
            Tensor qkv = Ops.LayerNormLinear(x[0], x[1], x[2], 1e-5f, x[3], x[4]);
            Tensor attended = Ops.Linear(Ops.Attention(qkv, 2), x[5], residual: x[0]);
            Tensor hidden = Ops.LayerNormLinear(attended, x[1], x[2], 1e-5f, x[6]);
            return Ops.ActivationLinear(UnaryOperator.Gelu, hidden, x[7], residual: attended);
        }, Normal([2, 3, 4]), Normal([4]), Normal([4]), Normal([12, 4]), Normal([12]), Normal([4, 4]), Normal([8, 4]),
            Normal([4, 8]));

    [Fact]
    public void Two_backward_passes_add_up_in_the_parameters()
    {
        Device device = Device.CreateReference();
        Tensor w = Normal([2, 3]).Create(device, 0), x = Normal([4, 3]).Create(device, 1).Keep();
        double[] Pass()
        {
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            tape.Backward(Ops.Sum(Ops.Linear(x, w)));
            return [.. w.Gradient!.Doubles()];
        }

        double[] once = Pass(), twice = Pass();
        Assert.Equal(once.Select(value => 2 * value), twice);
        w.ClearGradient();
        Assert.Null(w.Gradient);
        Assert.Equal(once, Pass());
    }

    [Fact]
    public void Parameters_of_a_residual_sum_accumulate_too()
    {
        Device device = Device.CreateReference();
        Tensor a = Normal([3]).Create(device, 0), b = Normal([3]).Create(device, 1);
        for (int pass = 1; pass <= 3; pass++)
        {
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            tape.Backward(Ops.Sum(Ops.Add(a, b)));
            Assert.Equal([pass, pass, pass], a.Gradient!.Doubles());
            Assert.Equal([pass, pass, pass], b.Gradient!.Doubles());
        }
    }
}
