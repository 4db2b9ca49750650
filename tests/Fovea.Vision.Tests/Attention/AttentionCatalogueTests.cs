using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Tests;
using Fovea.Vision.Attention;

namespace Fovea.Vision.Tests.Attention;

/// <summary>What must hold for every mechanism in the catalogue; a new one is tested before anyone writes a test for it.</summary>
public sealed class AttentionCatalogueTests
{
    private static readonly AttentionContext Context = new() { Dim = 12, Heads = 2, HeadDim = 6, Grid = new(1, 3, 3) };

    /// <summary>Options that take other paths through a mechanism than its defaults.</summary>
    private static readonly string[] Variants =
    [
        "softmax:window=1", "softmax:window=1,lai=sequence", "softmax:window=2,lai=sequence,class=band", "softmax:soft=1",
        "sinkhorn:1", "sinkhorn:iterations=3,epsilon=0.5", "sinkhorn:3,window=1", "sinkhorn:3,soft=1",
        "disentangled:axes=1", "disentangled:axes=1,cls=sequence,span=4,farthest=8", "disentangled:terms=c2p/p2c/p2p,span=2", "disentangled:terms=c2p,shared=false",
        "disentangled:terms=c2p/p2c/p2p,shared=false,axes=1,span=3", "disentangled:window=1,span=2", "disentangled:soft=1,span=2", "disentangled:axes=1,lai=sequence,window=2",
        "performer:kernel=relu", "performer:16,window=1", "performer:window=1,lai=sequence,eps=0", "performer:soft=1,eps=0", "disentangled:mix=performer,span=2", "disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2",
    ];

    public static TheoryData<string> Names => [.. AttentionCatalogue.All.Select(entry => entry.Name)];

    public static TheoryData<string> All => [.. AttentionCatalogue.All.Select(entry => entry.Name), .. Variants];

    /// <summary>
    /// Settings under which a mechanism's backward pass is the derivative of what it computes. A Performer's takes the stabilising maximum as a
    /// constant, as published, which is exact only without ε.
    /// </summary>
    private static readonly Dictionary<string, string> Differentiable = new()
    {
        ["performer"] = "performer:eps=0",
        ["performer:16,window=1"] = "performer:16,window=1,eps=0",
        ["disentangled:mix=performer,span=2"] = "disentangled:mix=performer,span=2,eps=0",
        ["disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2"] = "disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2,eps=0",
    };

    /// <summary>
    /// Central differences with h = 2⁻¹³ on the reference device, which computes in double throughout: truncation about h² = 1e-8, and
    /// what is read back as float32 is the difference, with 2⁻²⁴ of it.
    /// </summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Gradients_are_those_of_central_differences(string name)
    {
        const float Step = 1f / 8192;
        using StepScope scope = StepScope.Begin();
        (IAttention attention, Linear projection) = Create(Differentiable.GetValueOrDefault(name, name), Device.Reference);
        Tensor input = Input(attention, 1, Device.Reference);
        Tensor cotangent = TestTensors.Normal([1, Context.Grid.Tokens, 12], Device.Reference, 2);
        input.RequiresGradient = true;
        using (Tape tape = Tape.Record()) tape.Backward(attention.Forward(new(input, Context.Grid, projection)), cotangent);

        float[] gradient = input.Gradient!.ToArray(), direction = new float[input.Shape.Count];
        for (int i = 0; i < direction.Length; i++)
        {
            using StepScope inner = StepScope.Begin();
            Array.Clear(direction);
            direction[i] = Step;
            Tensor offset = Tensor.From(direction, input.Shape, Device.Reference);
            Tensor above = attention.Forward(new(Ops.Add(input, offset), Context.Grid, projection));
            Tensor below = attention.Forward(new(Ops.Subtract(input, offset), Context.Grid, projection));
            float difference = Ops.Sum(Ops.Multiply(Ops.Subtract(above, below), cotangent)).Item() / (2 * Step);
            Assert.True(
                Math.Abs(gradient[i] - difference) <= 1e-6 + 1e-5 * Math.Abs(difference),
                $"element {i}: gradient {gradient[i]:G9}, central difference {difference:G9}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_parameter_of_a_model_with_it_receives_a_gradient(string name)
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = Model(name, Device.Cpu);
        using Tape tape = Tape.Record();
        Tensor logits = model.Forward(TestTensors.Normal([2, 3, 12, 12], Device.Cpu));
        tape.Backward(logits, TestTensors.Normal(logits.Shape, Device.Cpu, 1));

        Assert.All(model.NamedParameters(), entry => Assert.True(
            entry.Parameter.Value.Gradient?.ToArray().Any(value => value != 0) == true, $"{entry.Name} received no gradient"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Samples_of_a_batch_do_not_see_each_other(string name)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            (IAttention attention, Linear projection) = Create(name, device);
            Tensor both = Input(attention, 2, device);
            float[] together = attention.Forward(new(both, Context.Grid, projection)).ToArray();
            float[] alone = attention.Forward(new(Ops.Slice(both, 0, 1, 1), Context.Grid, projection)).ToArray();

            GoldenAssert.Close(alone, together.AsSpan(together.Length / 2), 1e-6, 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Mixing_the_values_by_the_recorded_weights_gives_the_fused_result(string name)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            (IAttention attention, Linear projection) = Create(name, device);
            if (attention.ProjectedWidth != 3 * 12) return;   // not packed as queries, keys and values
            AttentionInput input = new(Input(attention, 2, device), Context.Grid, projection);
            Tensor weights = attention.Probabilities(input), values = PackedHeads.Split(input.Projected, 3, Context.Heads)[2];

            Assert.Equal([2, Context.Heads, Context.Grid.Tokens, Context.Grid.Tokens], weights.Shape);
            GoldenAssert.Close(PackedHeads.Merge(Ops.MatMul(weights, values)).ToArray(), attention.Forward(input).ToArray(), 1e-5, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Results_do_not_depend_on_the_number_of_threads(string name)
    {
        float[]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using StepScope scope = StepScope.Begin();
            Device device = Device.CreateCpu(threads);
            VisionTransformer model = Model(name, device);
            using Tape tape = Tape.Record();
            Tensor logits = model.Forward(TestTensors.Normal([5, 3, 12, 12], device)).Keep();
            tape.Backward(logits, TestTensors.Normal(logits.Shape, device, 1));
            float[] all = [.. logits.ToArray(), .. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray())];
            Assert.Equal(first ??= all, all);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Options_are_documented_and_others_are_refused(string name)
    {
        AttentionEntry entry = AttentionCatalogue.Find(name);

        Assert.NotEmpty(entry.Summary);
        Assert.All(entry.Options, option => Assert.NotEmpty(option.Value));
        Assert.Throws<ConfigurationException>(() => AttentionCatalogue.Create($"{name}:no-such-option=1", Context));
    }

    private static (IAttention Attention, Linear Projection) Create(string name, Device device)
    {
        IAttention attention = AttentionCatalogue.Create(name, Context);
        if (attention is Module module)
        {
            module.Initialize(device, 5);
            module.Train(false);
        }

        Linear projection = new(Context.Dim, attention.ProjectedWidth);
        projection.Initialize(device, 6);
        return (attention, projection);
    }

    private static Tensor Input(IAttention attention, int batch, Device device) =>
        TestTensors.Normal([batch, Context.Grid.Tokens, attention.ProjectedWidth], device, 1);

    private static VisionTransformer Model(string name, Device device)
    {
        VisionTransformer model = new VisionTransformerConfig
        {
            ImageSize = 12,
            PatchSize = 4,
            Dim = 16,
            Depth = 2,
            Heads = 2,
            Classes = 4,
            Attention = name,
            Pooling = Pooling.Mean,   // in the last block, all tokens count
        }.Build();
        model.Initialize(device, 3);
        return model;
    }
}
