using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Residual;

namespace Fovea.Vision.Tests.Models.Residual;

public sealed class ResNetTests
{
    private static readonly ResNetConfig Small = new()
    {
        ImageSize = 32,
        Layers = [1, 2],
        Widths = [4, 6],
        Classes = 3
    };

    [Fact]
    public void Names_are_torchvisions()
    {
        string[] names = [.. Presets.Find("resnet50").Config.Build().NamedState().Select(entry => entry.Name)];
        Assert.All(
            ["conv1.weight", "bn1.running_var", "layer1.0.conv3.weight", "layer1.0.downsample.0.weight",
                "layer4.2.bn3.num_batches_tracked", "fc.bias"],
            name => Assert.Contains(name, names));
        Assert.Equal(320, names.Length);   // the entries of torchvision's state dict
    }

    [Fact]
    public void Multiply_adds_are_the_published_ones()
    {
        Assert.Equal(1.814e9, Presets.Find("resnet18").Config.Build().CountForward().Macs, 1e6);
        Assert.Equal(4.089e9, Presets.Find("resnet50").Config.Build().CountForward().Macs, 1e6);
    }

    [Fact]
    public void First_values_are_those_of_He_and_blocks_may_begin_as_the_identity()
    {
        ResNet model = (Small with { ZeroBranches = true, Widths = [64, 64] }).Build();
        model.Initialize(Device.Reference, 1);
        Dictionary<string, Tensor> state = model.NamedState()
            .ToDictionary(entry => entry.Name, entry => entry.Tensor.Value);

        float[] weight = state["layer1.0.conv1.weight"].ToArray();
        Assert.Equal(2.0 / (64 * 9), weight.Average(value => value * value), 2e-4);
        Assert.All(state["layer1.0.bn2.weight"].ToArray(), value => Assert.Equal(0, value));
        Assert.All(state["layer1.0.bn1.weight"].ToArray(), value => Assert.Equal(1, value));
        Assert.All(state["bn1.running_var"].ToArray(), value => Assert.Equal(1, value));
    }

    /// <summary>A sample that skips the branch is its shortcut; the others have the branch divided by the share that
    /// keeps it.</summary>
    [Fact]
    public void Stochastic_depth_skips_branches_of_samples_while_training()
    {
        ResNetConfig config = Small with { Layers = [2], Widths = [4] };
        Tensor x = Ops.Apply(UnaryOperator.Abs, TestTensors.Normal([8, 4, 5, 6], Device.Reference));
        float[] plain = Last(0, training: true), dropped = Last(0.5f, training: true), input = x.ToArray();
        int skipped = 0;
        for (int sample = 0; sample < 8; sample++)
        {
            Range own = (sample * 120)..(sample * 120 + 120);
            bool skips = dropped[own].SequenceEqual(input[own]);
            if (skips) skipped++;
            else
                foreach ((float before, float after, float from) in plain[own].Zip(dropped[own], input[own]))
                    if (before > 0) Assert.Equal(Math.Max(0, from + 2 * (before - from)), after, 1e-5);
        }

        Assert.InRange(skipped, 1, 7);
        Assert.Equal(Last(0, training: false), Last(0.5f, training: false));
        Assert.Equal(Last(0, training: true, block: 0), Last(0.5f, training: true, block: 0));   // the first has none

        float[] Last(float rate, bool training, int block = 1)
        {
            ResNet model = (config with { DropPath = rate }).Build();
            model.Initialize(Device.Reference, 1);
            model.Train(training);
            model.Context = model.Context with { Random = Philox.For(5, "dropout", 1) };
            return model.Stages[0][block].Forward(x).ToArray();
        }
    }

    [Fact]
    public void Biases_and_norms_do_not_decay()
    {
        foreach ((string name, Parameter parameter) in Small.Build().NamedParameters())
            Assert.Equal(name.Contains("conv", StringComparison.Ordinal)
                || name.EndsWith("downsample.0.weight", StringComparison.Ordinal) || name == "fc.weight",
                parameter.Decay);
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        Assert.Equal(Step(1), Step(2));
        Assert.Equal(Step(1), Step(3));

        static float[] Step(int threads)
        {
            using StepScope scope = StepScope.Begin();
            Device device = Device.CreateCpu(threads);
            ResNet model = (Small with { Widths = [20, 34] }).Build();
            model.Initialize(device, 1);
            using (Tape tape = Tape.Record())
                tape.Backward(Ops.CrossEntropy(model.Forward(TestTensors.Normal([5, 3, 32, 32], device)),
                    Tensor.From([0, 1, 2, 0, 1], [5], device)));
            model.Train(false);
            Tensor scores = model.Forward(TestTensors.Normal([2, 3, 32, 32], device, 1));
            return [.. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray()),
                .. scores.ToArray()];
        }
    }

    [Fact]
    public void Without_a_head_features_come_out_and_wrong_channels_are_refused()
    {
        using StepScope scope = StepScope.Begin();
        ResNet model = (Small with { Classes = 0 }).Build();
        model.Initialize(Device.Cpu, 1);
        Assert.Equal([2, 6], model.Forward(TestTensors.Normal([2, 3, 20, 28], Device.Cpu)).Shape);
        ShapeException refused = Assert.Throws<ShapeException>(() =>
            model.Forward(TestTensors.Normal([2, 1, 32, 32], Device.Cpu)));
        Assert.Equal("ResNet: images must be [batch, 3, height, width], got [2, 1, 32, 32].", refused.Message);
    }

    [Fact]
    public void Equal_settings_are_equal_and_wrong_ones_are_named()
    {
        Assert.Equal(Small, Small with { Layers = [1, 2] });
        Assert.NotEqual(Small, Small with { Layers = [2, 1] });
        Assert.NotEqual(Small, Small with { DropPath = 0.1f });
        Assert.Equal("Widths: there are 1 for 2 stages.",
            Assert.Throws<UsageException>(() => (Small with { Widths = [4] }).Build()).Message);
    }
}
