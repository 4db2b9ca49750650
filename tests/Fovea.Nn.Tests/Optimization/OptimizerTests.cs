using Fovea.Nn.Layers;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Optimization;

public sealed class OptimizerTests
{
    private static readonly string[] Kinds = ["sgd", "momentum", "adam", "adamw", "amsgrad", "lamb", "lars",
        "lion", "adan", "muon", "cautious"];

    public static TheoryData<string> All => [.. Kinds];

    [Theory]
    [MemberData(nameof(All))]
    public void A_run_that_is_saved_and_taken_up_again_continues_bit_for_bit(string kind)
    {
        Linear straight = Layer(), broken = Layer();
        Optimizer one = Create(kind, straight), two = Create(kind, broken);
        for (ulong step = 0; step < 3; step++)
        {
            Advance(one, straight, step);
            Advance(two, broken, step);
        }

        Linear resumed = Layer();
        resumed.Load(broken.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));
        Optimizer three = Create(kind, resumed);
        three.Load(two.State().ToDictionary(), two.Scalars().ToDictionary());
        for (ulong step = 3; step < 6; step++)
        {
            Advance(one, straight, step);
            Advance(three, resumed, step);
        }

        Assert.Equal(straight.Weight.Value.ToArray(), resumed.Weight.Value.ToArray());
        Assert.Equal(straight.Bias!.Value.ToArray(), resumed.Bias!.Value.ToArray());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Scaling_in_the_step_is_the_same_as_scaling_the_gradient(string kind)
    {
        Linear scaled = Layer(), plain = Layer();
        Optimizer one = Create(kind, scaled), two = Create(kind, plain);

        Tensor gradient = TestTensors.Normal([3, 4], Device.Reference);
        scaled.Weight.Push(gradient);
        plain.Weight.Push(Ops.Scale(gradient, 0.25f));
        one.Step(gradientScale: 0.25);
        two.Step();

        GoldenAssert.Close(plain.Weight.Value.ToArray(), scaled.Weight.Value.ToArray(), 1e-7, 1e-6);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Parameters_without_a_gradient_are_left_alone(string kind)
    {
        Linear layer = Layer();
        float[] bias = layer.Bias!.Value.ToArray();
        Optimizer optimizer = Create(kind, layer);

        layer.Weight.Push(TestTensors.Normal([3, 4], Device.Reference));
        optimizer.Step();

        Assert.Equal(bias, layer.Bias.Value.ToArray());
        Assert.Equal(0, optimizer.Scalars().ToDictionary()["steps.bias"]);
    }

    [Fact]
    public void Default_groups_decay_weights_only()
    {
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(Layer(), 0.05);

        Assert.Equal(["decay", "no-decay"], groups.Select(group => group.Name));
        Assert.Equal(["weight"], groups[0].Parameters.Select(entry => entry.Name));
        Assert.Equal([0.05, 0], groups.Select(group => group.WeightDecay));
        Assert.Single(ParameterGroup.Default(new LayerNorm(3), 0.05));
    }

    [Fact]
    public void A_group_can_learn_more_slowly()
    {
        Linear layer = Layer();
        float[] before = layer.Weight.Value.ToArray();
        Sgd optimizer = new([new("slow", [.. layer.NamedParameters()], LearningRateFactor: 0.5)], learningRate: 0.1);
        layer.Weight.Push(Tensor.Full([3, 4], 1, Device.Reference));

        optimizer.Step();

        GoldenAssert.Close(Array.ConvertAll(before, value => value - 0.05f), layer.Weight.Value.ToArray(), 1e-6, 0);
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_is_refused()
    {
        Linear layer = Layer();
        Optimizer optimizer = Create("adam", layer);
        Advance(optimizer, layer, 0);
        Dictionary<string, Tensor> state = optimizer.State().ToDictionary();
        Dictionary<string, double> scalars = optimizer.Scalars().ToDictionary();

        Assert.Contains("'steps.weight'",
            Assert.Throws<InvalidDataException>(() => optimizer.Load(state, new Dictionary<string, double>())).Message);
        state["mean.weight"] = Tensor.Zeros([1], Device.Reference);
        Assert.Contains("'mean.weight' is [1]",
            Assert.Throws<InvalidDataException>(() => optimizer.Load(state, scalars)).Message);
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(Layer(), 0);

        Assert.Throws<UsageException>(() => new Sgd(groups, -1));
        Assert.Throws<UsageException>(() => new Sgd(groups, 0.1, momentum: 1.5));
        Assert.Throws<UsageException>(() => new Sgd(groups, 0.1, nesterov: true));
        Assert.Throws<UsageException>(() => new Adam(groups, 0.1, beta2: 1));
        Assert.Throws<UsageException>(() => new Lamb(groups, 0.1, beta1: 1));
        Assert.Throws<UsageException>(() => new Lamb(groups, 0.1, beta2: -0.1));
        Assert.Throws<UsageException>(() => new Lamb(groups, 0.1, epsilon: -1));
        Assert.Throws<UsageException>(() => new Lars(groups, 0.1, momentum: 1.5));
        Assert.Throws<UsageException>(() => new Lars(groups, 0.1, nesterov: true));
        Assert.Throws<UsageException>(() => new Lars(groups, 0.1, trustCoefficient: 0));
        Assert.Throws<UsageException>(() => new AdamW([], 0.1));
        Assert.Throws<UsageException>(() => new AdamW([groups[0], groups[0]], 0.1));
        Assert.Throws<UsageException>(() => new AdamW(ParameterGroup.Default(Layer(), -1), 0.1));
    }

    [Fact]
    public void The_norm_is_global_and_names_the_first_gradient_that_is_not_finite()
    {
        Linear layer = Layer();
        layer.Weight.Push(Tensor.Full([3, 4], 2, Device.Reference));
        layer.Bias!.Push(Tensor.Full([3], 1, Device.Reference));
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(layer, 0.1);

        GradientNorm norm = GradientNorm.Measure(groups);
        Assert.Equal(Math.Sqrt(48 + 3), norm.Total, 1e-9);
        Assert.Equal([Math.Sqrt(48), Math.Sqrt(3)], norm.Groups.Select(group => group.Norm));
        Assert.Null(norm.FirstNonFinite);
        Assert.Equal(0.5 / (norm.Total + 1e-6), norm.ClipScale(0.5), 1e-12);
        Assert.Equal(1, norm.ClipScale(100));
        Assert.Equal(norm.Total / 4, GradientNorm.Measure(groups, scale: 0.25).Total, 1e-9);

        layer.Bias!.Push(Tensor.Full([3], float.NaN, Device.Reference));
        Assert.Equal("bias", GradientNorm.Measure(groups).FirstNonFinite);
    }

    private static Linear Layer()
    {
        Linear layer = new(4, 3);
        layer.Initialize(Device.Reference, 11);
        return layer;
    }

    private static Optimizer Create(string kind, Module module)
    {
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(module, 0.01);
        return kind switch
        {
            "sgd" => new Sgd(groups, 0.1),
            "momentum" => new Sgd(groups, 0.1, momentum: 0.9, nesterov: true),
            "adam" => new Adam(groups, 0.01),
            "adamw" => new AdamW(groups, 0.01),
            "lamb" => new Lamb(groups, 0.01),
            "lars" => new Lars(groups, 10, momentum: 0.9),
            "lion" => new Lion(groups, 0.01),
            "adan" => new Adan(groups, 0.01),
            "muon" => new Muon(groups, 0.01, _ => true),
            "cautious" => new AdamW(groups, 0.01, isCautious: true),
            _ => new Adam(groups, 0.01, amsGrad: true),
        };
    }

    private static void Advance(Optimizer optimizer, Linear layer, ulong step)
    {
        layer.Weight.Push(TestTensors.Normal([3, 4], Device.Reference, step));
        layer.Bias!.Push(TestTensors.Normal([3], Device.Reference, step));
        optimizer.Step();
        optimizer.ZeroGradient();
    }
}
