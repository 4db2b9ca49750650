using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

/// <summary>Rules for every mechanism in the catalogue; a new one is tested before anyone writes a test for
/// it.</summary>
public sealed class AttentionCatalogueTests
{
    private static readonly AttentionContext Context = new() { Dim = 12, Heads = 2, HeadDim = 6, Grid = new(1, 3, 4) };

    /// <summary>Options that take other paths through a mechanism than its defaults.</summary>
    private static readonly string[] Variants =
    [
        "softmax:window=1", "softmax:window=1,lai=sequence", "softmax:window=2,lai=sequence,class=band",
        "softmax:soft=1",
        "sinkhorn:1", "sinkhorn:iterations=3,epsilon=0.5", "sinkhorn:3,window=1", "sinkhorn:3,soft=1",
        "disentangled:axes=1", "disentangled:axes=1,cls=sequence,span=4,farthest=8",
        "disentangled:terms=c2p/p2c/p2p,span=2", "disentangled:terms=c2p,shared=false",
        "disentangled:terms=c2p/p2c/p2p,shared=false,axes=1,span=3", "disentangled:window=1,span=2",
        "disentangled:soft=1,span=2", "disentangled:axes=1,lai=sequence,window=2",
        "performer:kernel=relu", "dat:mix=performer,kernel=3,eps=0", "performer:16,window=1",
        "performer:window=1,lai=sequence,eps=0", "performer:soft=1,eps=0", "disentangled:mix=performer,span=2",
        "disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2",
        "disentangled:mix=performer,soft=1,span=1,eps=0", "disentangled:axes=1,soft=1,lai=sequence,span=2",
        "sigmoid:scale=0.7,bias=-1", "differential:lambda=0.3", "neighborhood:1", "neighborhood:3",
        "neighborhood:kernel=3,dilation=2", "swin:2", "swin:window=3,shift=2",
        "deformable:levels=2,points=3", "dat:groups=2,stride=1,kernel=3,range=3", "dat:mix=performer,features=5",
        "dat:bias=true,kernel=3", "dat:levels=2,kernel=3", "dat:levels=2,bias=true,groups=2,kernel=3,range=2",
        "dat:levels=2,mix=performer,kernel=3,features=5,eps=0",
        "nystrom:landmarks=3,kernel=5", "nystrom:1,iterations=2,kernel=0", "linformer:3", "linformer:2,shared=true",
        "focused:power=1,kernel=3", "focused:power=4,kernel=1", "agent:pool=2", "agent:pool=2,kernel=5",
        "gaussian:offsets=false", "gaussian:rotate=true,extent=2,reach=0.5", "gaussian:mix=performer,eps=0",
        "gaussian:mix=performer,waves=3,rotate=true,eps=0", "gaussian:mix=performer,offsets=false,eps=0,waves=1",
    ];

    public static TheoryData<string> Names => [.. AttentionCatalogue.All.Select(entry => entry.Name)];

    public static TheoryData<string> All => [.. AttentionCatalogue.All.Select(entry => entry.Name), .. Variants];

    /// <summary>
    /// Settings under which a mechanism's backward pass is the derivative of what it computes. A Performer's takes the
    /// stabilising maximum as a constant, as published, which is exact only without ε. Features of focused attention
    /// bend sharply at lengths near ε, where differences need one that is large beside their step.
    /// </summary>
    private static readonly Dictionary<string, string> Differentiable = new()
    {
        ["performer"] = "performer:eps=0",
        ["focused"] = "focused:eps=0.1",
        ["focused:power=1,kernel=3"] = "focused:power=1,kernel=3,eps=0.1",
        ["focused:power=4,kernel=1"] = "focused:power=4,kernel=1,eps=0.5",
        ["dat:mix=performer,features=5"] = "dat:mix=performer,features=5,eps=0",
        ["performer:16,window=1"] = "performer:16,window=1,eps=0",
        ["disentangled:mix=performer,span=2"] = "disentangled:mix=performer,span=2,eps=0",
        ["disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2"] =
            "disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2,eps=0",
    };

    /// <summary>
    /// Central differences with h = 2⁻¹³ on the reference device, which computes in double throughout: truncation about
    /// h² = 1e-8, and what is read back as float32 is the difference, with 2⁻²⁴ of it.
    /// </summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Gradients_are_those_of_central_differences(string name)
    {
        CheckGradients(Differentiable.GetValueOrDefault(name, name), Context);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Gradients_are_correct_for_one_token_one_head_and_odd_sizes(string name)
    {
        string spec = Differentiable.GetValueOrDefault(name, name);
        AttentionContext[] contexts =
        [
            new() { Dim = 5, Heads = 1, HeadDim = 5, Grid = new(0, 1, 1) },
            new() { Dim = 3, Heads = 1, HeadDim = 3, Grid = new(1, 1, 1) },
            new() { Dim = 9, Heads = 3, HeadDim = 3, Grid = new(1, 5, 2) },
            new() { Dim = 7, Heads = 1, HeadDim = 7, Grid = new(0, 1, 5) },
        ];
        foreach (AttentionContext context in contexts)
        {
            bool canRead = !spec.StartsWith("dat", StringComparison.Ordinal)
                || Math.Min(context.Grid.Rows, context.Grid.Columns) > 1;
            bool canHalve = !spec.Contains("levels", StringComparison.Ordinal) || context.Grid.Patches > 1;
            bool canGroup = !spec.Contains("groups=2", StringComparison.Ordinal) || context.Heads % 2 == 0;
            bool isEven = !spec.StartsWith("differential", StringComparison.Ordinal) || context.HeadDim % 2 == 0;
            if (canRead && canHalve && canGroup && isEven) CheckGradients(spec, context);
            else Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, context));
        }
    }

    /// <summary>Class and distillation token; class token and registers.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Gradients_are_correct_behind_several_prefix_tokens(string name)
    {
        foreach (int prefix in (int[])[2, 5])
            CheckGradients(Differentiable.GetValueOrDefault(name, name), Context with { Grid = new(prefix, 3, 2) });
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Both_devices_agree_behind_several_prefix_tokens_and_on_another_grid_than_configured(string name)
    {
        foreach (TokenGrid grid in (TokenGrid[])[new(2, 3, 4), new(5, 3, 4), new(1, 5, 2), new(5, 2, 7), new(5, 9, 11)])
        {
            float[]? expected = null;
            foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
            {
                using StepScope scope = StepScope.Begin();
                IAttention attention = Create(name, device,
                    Context with { Grid = Context.Grid with { Prefix = grid.Prefix } });
                AttentionInput input = Input(attention, 2, device, Context with { Grid = grid });
                input.Projected.RequiresGradient = input.Tokens!.RequiresGradient = true;
                using Tape tape = Tape.Record();
                Tensor mixed = Run(attention, input).Keep();
                tape.Backward(mixed, TestTensors.Normal(mixed.Shape, device, 2));
                float[] all = [.. mixed.ToArray(), .. input.Projected.Gradient!.ToArray(),
                    .. input.Tokens.Gradient?.ToArray() ?? []];
                GoldenAssert.Close(expected ??= all, all, 2e-5, 1e-3, $"{name} {grid}");

                Tensor weights = attention.Probabilities(input);
                Assert.Equal([2, Context.Heads, grid.Tokens, grid.Tokens], weights.Shape);
            }
        }
    }

    /// <summary>
    /// What a model trained with softmax has is what one with another mechanism takes, under the same names; all else
    /// is the mechanism's own. So a pretrained backbone loses nothing, and what is new keeps its first values.
    /// </summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Every_weight_of_a_softmax_model_has_its_place_in_one_with_it(string name)
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformerConfig config = Model("softmax", Device.Cpu).Config with
        {
            RegisterTokens = 4,
            PrefixPositions = false,
            LayerScale = 1e-5f
        };
        VisionTransformer pretrained = config.Build(), swapped = (config with { Attention = name }).Build();
        pretrained.Initialize(Device.Cpu, 3);
        swapped.Initialize(Device.Cpu, 4);
        Dictionary<string, Shape> places = swapped.NamedState()
            .ToDictionary(entry => entry.Name, entry => entry.Tensor.Shape);

        foreach ((string weight, Parameter parameter) in pretrained.NamedParameters())
            Assert.Equal(places[weight], swapped.AdaptWeight(weight, parameter.Value).Shape);
        IEnumerable<string> added = places.Keys.Except(pretrained.NamedParameters().Select(entry => entry.Name));
        Assert.All(added, weight => Assert.Contains(".attn.", weight));
    }

    [Fact]
    public void Of_a_packed_projection_deformable_attention_takes_the_values()
    {
        VisionTransformer pretrained = Model("softmax", Device.Cpu), swapped = Model("deformable", Device.Cpu);
        foreach (string name in (string[])["blocks.1.attn.qkv.weight", "blocks.1.attn.qkv.bias"])
        {
            Tensor packed = pretrained.NamedParameters().Single(entry => entry.Name == name).Parameter.Value;
            Assert.Equal(packed.ToArray()[(2 * packed.Shape.Elements / 3)..],
                swapped.AdaptWeight(name, packed).ToArray());
        }
    }

    private static void CheckGradients(string spec, AttentionContext context)
    {
        const float Step = 1f / 8192;
        using StepScope scope = StepScope.Begin();
        IAttention attention = Create(spec, Device.Reference, context);
        AttentionInput input = Input(attention, 1, Device.Reference, context);
        Tensor projected = input.Projected, tokens = input.Tokens!;
        Tensor cotangent = TestTensors.Normal([1, context.Grid.Tokens, context.Heads * context.HeadDim],
            Device.Reference, 2);
        projected.RequiresGradient = tokens.RequiresGradient = true;
        using (Tape tape = Tape.Record()) tape.Backward(Run(attention, input), cotangent);

        Check(projected, moved => input with { Projected = moved });
        Check(tokens, moved => input with { Tokens = moved });

        void Check(Tensor x, Func<Tensor, AttentionInput> with)
        {
            float[] gradient = x.Gradient?.ToArray() ?? new float[x.Shape.Elements],
                direction = new float[x.Shape.Elements];
            for (int i = 0; i < direction.Length; i++)
            {
                using StepScope inner = StepScope.Begin();
                Array.Clear(direction);
                direction[i] = Step;
                Tensor offset = Tensor.From(direction, x.Shape, Device.Reference);
                Tensor above = Run(attention, with(Ops.Add(x, offset))),
                    below = Run(attention, with(Ops.Subtract(x, offset)));
                float difference = Ops.Sum(Ops.Multiply(Ops.Subtract(above, below), cotangent)).Item() / (2 * Step);
                Assert.True(
                    Math.Abs(gradient[i] - difference) <= 1e-6 + 1e-5 * Math.Abs(difference),
                    $"element {i}: gradient {gradient[i]:G9}, central difference {difference:G9}");
            }
        }
    }

    /// <summary>
    /// By one pooling or the other: with the class token pooled, what the last block's patches alone read goes unused,
    /// and with the mean of patches a class token whose value a mechanism does not read.
    /// </summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Every_parameter_of_a_model_with_it_receives_a_gradient(string name)
    {
        HashSet<string> all = [], reached = [];
        foreach (Pooling pooling in new[] { Pooling.Mean, Pooling.ClassToken })
        {
            using StepScope scope = StepScope.Begin();
            VisionTransformer model = Model(name, Device.Cpu, pooling);
            using Tape tape = Tape.Record();
            Tensor logits = model.Forward(TestTensors.Normal([2, 3, 12, 12], Device.Cpu));
            tape.Backward(logits, TestTensors.Normal(logits.Shape, Device.Cpu, 1));
            foreach ((string parameter, Parameter values) in model.NamedParameters())
            {
                all.Add(parameter);
                if (values.Value.Gradient?.ToArray().Any(value => value != 0) == true) reached.Add(parameter);
            }
        }

        Assert.Empty(all.Except(reached));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Samples_of_a_batch_do_not_see_each_other(string name)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            IAttention attention = Create(name, device);
            AttentionInput both = Input(attention, 2, device);
            AttentionInput second = both with
            {
                Projected = Ops.Slice(both.Projected, 0, 1, 1),
                Tokens = Ops.Slice(both.Tokens!, 0, 1, 1)
            };
            float[] together = Run(attention, both).ToArray(), alone = Run(attention, second).ToArray();

            GoldenAssert.Close(alone, together.AsSpan(together.Length / 2), 1e-6, 1e-6);
        }
    }

    /// <summary>Values are the last part of what is projected: of queries, keys and values, or of values
    /// alone.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Mixing_the_values_by_the_recorded_weights_gives_the_fused_result(string name)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            IAttention attention = Create(name, device);
            int width = Context.Heads * Context.HeadDim, parts = attention.ProjectedWidth / width;
            if (attention.ProjectedWidth != parts * width) return;   // not packed
            AttentionInput input = Input(attention, 2, device);
            Tensor weights = attention.Probabilities(input),
                values = PackedHeads.Split(input.Projected, parts, Context.Heads)[^1];

            Assert.Equal([2, Context.Heads, Context.Grid.Tokens, Context.Grid.Tokens], weights.Shape);
            GoldenAssert.Close(PackedHeads.Merge(Ops.MatMul(weights, values)).ToArray(),
                attention.Forward(input).ToArray(), 1e-5, 1e-4);
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
            float[] all = [.. logits.ToArray(),
                .. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray())];
            Assert.Equal(first ??= all, all);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Options_are_documented_and_others_are_refused(string name)
    {
        AttentionEntry entry = new AttentionSpec(name).Part;

        Assert.NotEmpty(entry.Summary);
        Assert.All(entry.Options, option => Assert.NotEmpty(option.Summary));
        Assert.Throws<UsageException>(() => AttentionCatalogue.Create($"{name}:no-such-option=1", Context));
    }

    /// <summary>
    /// A mechanism in evaluation mode, with noise on its first values: zeros would hide the gradients behind them, and
    /// sampling starts on the pixels' centres, where its derivative is one-sided.
    /// </summary>
    private static IAttention Create(string name, Device device, AttentionContext? context = null)
    {
        IAttention attention = AttentionCatalogue.Create(name, context ?? Context);
        if (attention is not Module module) return attention;
        module.Initialize(device, 5);
        module.Train(false);
        foreach ((int i, (_, Parameter parameter)) in module.NamedParameters().Index())
        {
            Tensor noise = TestTensors.Normal(parameter.Shape, device, 10 + (ulong)i, 0.1);
            parameter.Value.CopyFrom(Ops.Add(parameter, noise).ToArray());
        }

        return attention;
    }

    [Theory]
    [InlineData("differential")]
    public void Gradients_of_heads_that_have_halves_are_correct_for_one_token_and_one_head(string spec)
    {
        CheckGradients(spec, new() { Dim = 4, Heads = 1, HeadDim = 8, Grid = new(0, 1, 1) });
        CheckGradients(spec, new() { Dim = 4, Heads = 1, HeadDim = 8, Grid = new(1, 1, 1) });
        CheckGradients(spec, new() { Dim = 9, Heads = 3, HeadDim = 4, Grid = new(1, 5, 2) });
    }

    private static Tensor Run(IAttention attention, AttentionInput input) =>
        attention.Finish(input, attention.Forward(input));

    private static AttentionInput Input(IAttention attention, int batch, Device device, AttentionContext? given = null)
    {
        AttentionContext context = given ?? Context;
        Linear projection = new(context.Dim, attention.ProjectedWidth);
        LayerNorm norm = new(context.Dim);
        projection.Initialize(device, 6);
        norm.Initialize(device, 7);
        Tensor projected = TestTensors.Normal([batch, context.Grid.Tokens, attention.ProjectedWidth], device, 1);
        return new(projected, context.Grid, projection, norm,
            TestTensors.Normal([batch, context.Grid.Tokens, context.Dim], device, 3));
    }

    private static VisionTransformer Model(string name, Device device, Pooling pooling = Pooling.Mean)
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
            Pooling = pooling,   // with the mean, in the last block all tokens count
        }.Build();
        model.Initialize(device, 3);
        return model;
    }

    [Fact]
    public void Names_that_are_taken_or_cannot_be_written_are_refused()
    {
        AttentionEntry entry = new AttentionSpec("softmax").Part;
        Assert.Contains("already", Assert.Throws<UsageException>(() => AttentionCatalogue.Add(entry)).Message,
            StringComparison.Ordinal);
        foreach (string name in new[] { "", "a,b", "a:b", "a b" })
            Assert.Contains("a name is made of",
                Assert.Throws<UsageException>(() => AttentionCatalogue.Add(entry with { Name = name })).Message,
                StringComparison.Ordinal);
    }
}
