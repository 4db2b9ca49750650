using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Layers;

public sealed class MlpTests
{
    [Theory]
    [InlineData("reference", false)]
    [InlineData("cpu", false)]
    [InlineData("reference", true)]
    [InlineData("cpu", true)]
    public void The_fused_path_agrees_with_the_steps_one_by_one(string device, bool gated)
    {
        Device on = TestDevice.Named(device);
        Mlp mlp = new(6, 20, UnaryOperator.Silu, gated: gated);
        LayerNorm norm = new(6);
        mlp.Initialize(on, 1);
        norm.Initialize(on, 2);
        Tensor x = TestTensors.Normal([3, 5, 6], on);

        Tensor hidden = mlp.Fc1.Forward(norm.Forward(x));
        Tensor active = Ops.Apply(UnaryOperator.Silu, gated ? Ops.Slice(hidden, 2, 0, 20) : hidden);
        if (gated) active = Ops.Multiply(active, Ops.Slice(hidden, 2, 20, 20));
        Tensor steps = Ops.Add(x, mlp.Fc2.Forward(active));

        GoldenAssert.Close(steps.ToArray(), mlp.Forward(norm, x, residual: x).ToArray(), 1e-6, 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_dropout_off_or_tiny_both_paths_agree(bool gated)
    {
        Mlp mlp = new(6, 20, dropout: 1e-7f, gated: gated);
        LayerNorm norm = new(6);
        mlp.Initialize(Device.Reference, 1);
        norm.Initialize(Device.Reference, 2);
        mlp.Context = mlp.Context with { Random = new Philox(1, 2) };
        Tensor x = TestTensors.Normal([3, 5, 6], Device.Reference);
        float[] unfused = mlp.Forward(norm, x, residual: x).ToArray();

        mlp.Train(false);

        GoldenAssert.Close(unfused, mlp.Forward(norm, x, residual: x).ToArray(), 1e-6, 1e-5);
    }
}
