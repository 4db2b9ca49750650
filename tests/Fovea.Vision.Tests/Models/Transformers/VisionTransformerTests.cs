using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Models.Transformers;

public sealed class VisionTransformerTests
{
    private static readonly VisionTransformerConfig Small = new()
    {
        ImageSize = 12,
        PatchSize = 4,
        Dim = 16,
        Depth = 2,
        Heads = 2,
        MlpDim = 24,
        Classes = 5,
    };

    public static TheoryData<string> Variants => [.. VariantConfigs.Keys];

    private static Dictionary<string, VisionTransformerConfig> VariantConfigs { get; } =
        new([.. Single(), .. Combined()]);

    private static Dictionary<string, VisionTransformerConfig> Single() => new()
    {
        ["plain"] = Small,
        ["mean pooling"] = Small with { Pooling = Pooling.Mean },
        ["mean pooling, no class token"] = Small with { Pooling = Pooling.Mean, ClassToken = false },
        ["sine-cosine positions"] = Small with { Position = PositionKind.SinCos2d },
        ["no positions"] = Small with { Position = PositionKind.None },
        ["no biases"] = Small with { QkvBias = false, ProjectionBias = false },
        ["layer scale"] = Small with { LayerScale = 0.1f },
        ["wide heads"] = Small with { HeadDim = 12 },
        ["no MLP"] = Small with { MlpDim = 0 },
        ["tanh GELU"] = Small with { Activation = UnaryOperator.GeluTanh },
        ["dropout"] = Small with
        {
            Dropout = 0.1f,
            AttentionDropout = 0.1f,
            PositionDropout = 0.1f,
            HeadDropout = 0.1f
        },
        ["drop path"] = Small with { DropPath = 0.3f },
        ["grey image"] = Small with { Channels = 1 },
        ["no head"] = Small with { Classes = 0 },
        ["distilled"] = Small with { DistillationToken = true },
        ["distilled, no head"] = Small with { DistillationToken = true, Classes = 0 },
        ["registers"] = Small with { RegisterTokens = 4 },
        ["registers without positions"] = Small with { RegisterTokens = 4, PrefixPositions = false, LayerScale = 0.1f },
        ["all prefix tokens, mean pooling"] = Small with
        {
            RegisterTokens = 2,
            Pooling = Pooling.Mean,
            PrefixPositions = false
        },
        ["SwiGLU"] = Small with { GatedMlp = true, Activation = UnaryOperator.Silu },
        ["SwiGLU with dropout"] = Small with { GatedMlp = true, Activation = UnaryOperator.Silu, Dropout = 0.1f },
        ["sequence positions"] = Small with { Position = PositionKind.SinCos1d },
        ["sequence pooling"] = Small with { Pooling = Pooling.Sequence, ClassToken = false, Classes = 0 },
        ["sequence pooling with registers"] = Small with
        {
            Pooling = Pooling.Sequence,
            ClassToken = false,
            RegisterTokens = 3
        },
        ["convolutional tokens"] = Small with { Embedding = EmbeddingKind.Convolution },
        ["compact"] = Small with
        {
            Embedding = EmbeddingKind.Tokenizer,
            Pooling = Pooling.Sequence,
            ClassToken = false,
            NormedResidual = true,
            DropPath = 0.1f
        },
        ["normed residual"] = Small with { NormedResidual = true },
        ["normed residual, layer scale and drop path"] = Small with
        {
            NormedResidual = true,
            LayerScale = 0.1f,
            DropPath = 0.3f
        },
        ["RMS norm"] = Small with { Norm = NormKind.RmsNorm },
        ["RMS norm, mean pooling, SwiGLU, layer scale"] = Small with
        {
            Norm = NormKind.RmsNorm,
            Pooling = Pooling.Mean,
            GatedMlp = true,
            Activation = UnaryOperator.Silu,
            LayerScale = 0.1f
        },
        ["parallel blocks"] = Small with { ParallelBlocks = true },
        ["parallel blocks, layer scale and drop path"] = Small with
        {
            ParallelBlocks = true,
            LayerScale = 0.1f,
            DropPath = 0.3f
        },
        ["parallel blocks, QK-norm, SwiGLU, dropout, mixed rope"] = Small with
        {
            ParallelBlocks = true,
            QkNorm = true,
            GatedMlp = true,
            Activation = UnaryOperator.Silu,
            Dropout = 0.1f,
            Position = PositionKind.RopeMixed
        },
        ["QK-norm"] = Small with { QkNorm = true },
        ["QK-norm, RMS norm"] = Small with { QkNorm = true, Norm = NormKind.RmsNorm },
        ["gate of heads"] = Small with { AttentionGate = AttentionGate.Head },
        ["gate of elements, parallel blocks"] = Small with
        {
            AttentionGate = AttentionGate.Element,
            ParallelBlocks = true
        },
        ["mean of normed patches"] = Small with { Pooling = Pooling.NormedMean, ClassToken = false },
        ["mean of normed patches, RMS norm, registers, dropout"] = Small with
        {
            Pooling = Pooling.NormedMean,
            Norm = NormKind.RmsNorm,
            RegisterTokens = 2,
            HeadDropout = 0.1f
        },
        ["map pooling"] = Small with { Pooling = Pooling.Map, ClassToken = false },
        ["map pooling, RMS norm, registers, no head"] = Small with
        {
            Pooling = Pooling.Map,
            Norm = NormKind.RmsNorm,
            RegisterTokens = 2,
            Classes = 0
        },
        ["dropout, QK-norm, map pooling, rope"] = Small with
        {
            Dropout = 0.1f,
            AttentionDropout = 0.1f,
            HeadDropout = 0.1f,
            QkNorm = true,
            Pooling = Pooling.Map,
            Position = PositionKind.Rope
        },
        ["dropout, rope and relative"] = Small with { Dropout = 0.1f, Position = "rope+relative" },
        ["distilled, rope and relative"] = Small with { DistillationToken = true, Position = "rope+relative" },
        ["no class token, relative"] = Small with
        {
            ClassToken = false,
            Pooling = Pooling.Mean,
            Position = PositionKind.Relative
        },
        ["no class token, alibi, three heads"] = Small with
        {
            Dim = 12,
            Heads = 3,
            ClassToken = false,
            Pooling = Pooling.Mean,
            Position = "sincos2d+alibi"
        },
    };

    /// <summary>Positions inside attention and QK-norm with every mechanism that takes them.</summary>
    private static IEnumerable<KeyValuePair<string, VisionTransformerConfig>> Combined()
    {
        (string Mechanism, string[] Positions)[] all =
        [
            ("softmax", ["rope", "learned+rope", "relative", "learned+relative", "alibi", "learned+alibi",
                "rope+alibi", "ropemixed", "learned+ropemixed", "ropemixed+relative"]),
            ("softmax:window=1", ["rope"]),
            ("neighborhood:3", ["rope", "ropemixed"]),
            ("deltanet", ["rope", "ropemixed"]),
            ("gaussian", ["rope"]), ("gaussian:mix=performer,eps=0", ["rope"]),
            ("swin:2", ["rope"]),
            ("sigmoid", ["rope", "ropemixed", "relative", "alibi"]),
            ("sinkhorn:3", ["rope", "ropemixed", "relative", "alibi"]),
            ("performer:eps=0", ["rope", "learned+rope", "ropemixed"]),
            ("softmax,sinkhorn:3", ["rope+relative"]),
        ];
        foreach ((string mechanism, string[] positions) in all)
            foreach (string position in positions)
                yield return new($"{mechanism}, {position}", Small with { Attention = mechanism, Position = position });
        foreach (string mechanism in (string[])["softmax:window=1", "sinkhorn:2", "sigmoid", "neighborhood:3", "linear",
            "deltanet", "gaussian", "gaussian:mix=performer,eps=0",
            "performer:eps=0", "disentangled", "dat:kernel=3"])
            yield return new($"{mechanism}, QK-norm", Small with
            {
                Attention = mechanism,
                QkNorm = true,
                Pooling = Pooling.Mean
            });
        // Sampling starts on the pixels' centres, where its derivative is one-sided.
        foreach (AttentionEntry entry in AttentionCatalogue.All.Where(entry => entry.Name != "deformable"))
            yield return new($"{entry.Name}, gate", Small with
            {
                Attention = entry.Name == "performer" ? "performer:eps=0" : entry.Name,
                AttentionGate = AttentionGate.Element,
                Pooling = Pooling.Mean
            });
    }

    /// <summary>Positions of every kind, and every mechanism.</summary>
    public static TheoryData<string, string> Resized { get; } =
    [
        .. PositionList.Names.Where(name => name != "none")
            .Select(name => new TheoryDataRow<string, string>("softmax", name)),
        .. AttentionCatalogue.All.Select(entry => new TheoryDataRow<string, string>(entry.Name, "sincos2d")),
        new TheoryDataRow<string, string>("gaussian:mix=performer", "learned"),
    ];

    /// <summary>Weights that are put into a model for larger images answer as where they were trained.</summary>
    [Theory]
    [MemberData(nameof(Resized))]
    public void A_model_for_other_images_gives_the_scores_of_the_one_that_was_trained(string attention, string position)
    {
        VisionTransformerConfig config = new()
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 16,
            Depth = 2,
            Heads = 2,
            Classes = 3,
            Attention = attention,
            Position = position,
            ClassToken = false,
            Pooling = Pooling.Mean,
        };
        VisionTransformer trained = new(config);
        trained.Initialize(Device.Cpu, seed: 5);
        Philox random = new(5, 7);
        foreach ((_, Parameter parameter) in trained.NamedParameters())   // shifts and biases that begin with 0, too
            parameter.Value.CopyFrom([.. parameter.Value.ToArray().Select((value, i) =>
                value + random.Uniform((ulong)i, -0.3f, 0.3f))]);
        trained.Train(false);
        VisionTransformer larger = new(config.Apply(new() { PositionGrid = config.Describe().PositionGrid })
            with
        { ImageSize = 32 });
        Weight[] weights = [.. trained.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))];
        LoadPlan.Create(larger, new StateDict(NamingSchemes.Timm, "", weights, []), "weights", Device.Cpu)
            .Initialize(larger, Device.Cpu, 0);
        larger.Train(false);
        using StepScope scope = StepScope.Begin();
        float[] pixels = new float[3 * 32 * 32];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = random.Uniform((ulong)i, -1, 1);
        Tensor image = Tensor.From(pixels, [1, 3, 32, 32], Device.Cpu);
        Assert.All(trained.Forward(image).ToArray().Zip(larger.Forward(image).ToArray()),
            pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 2)]
    public void Visible_patches_alone_are_encoded_with_their_own_positions(bool prefixPositions, int registers)
    {
        VisionTransformer model = new(Small with
        {
            Classes = 0,
            RegisterTokens = registers,
            PrefixPositions = prefixPositions,
        });
        model.Initialize(Device.Cpu, seed: 3);
        model.Train(false);
        float[] pixels = [.. Enumerable.Range(0, 2 * 3 * 144).Select(i => new Philox(1, 2).Uniform((ulong)i, -1, 1))];
        using StepScope scope = StepScope.Begin();
        Tensor images = Tensor.From(pixels, [2, 3, 12, 12], Device.Cpu);

        float[] all = model.Features(images).ToArray(),
            encoded = model.Encode(images, [[.. Enumerable.Range(0, 9)], [.. Enumerable.Range(0, 9)]]).ToArray();
        for (int i = 0; i < all.Length; i++) Assert.Equal(all[i], encoded[i], 1e-5);

        // What is hidden changes nothing: here patch 8 of the first image, rows and columns 8 to 11.
        int[][] visible = [[0, 3, 7], [1, 2, 8]];
        Tensor before = model.Encode(images, visible);
        for (int row = 8; row < 12; row++) pixels[row * 12 + 9] += 5;
        Tensor after = model.Encode(Tensor.From(pixels, [2, 3, 12, 12], Device.Cpu), visible);
        Assert.Equal([2, 1 + registers + 3, 16], before.Shape);
        Assert.Equal(before.ToArray(), after.ToArray());

        // The order in which they stand does not matter, but where they were does.
        float[] turned = model.Encode(images, [[7, 3, 0], [8, 2, 1]]).ToArray(),
            moved = model.Encode(images, [[0, 3, 6], [1, 2, 8]]).ToArray(), first = before.ToArray();
        for (int i = 0; i < 16; i++) Assert.Equal(first[i], turned[i], 1e-5);
        Assert.True(Math.Abs(first[0] - moved[0]) > 1e-4);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_parameter_of_every_variant_receives_a_gradient_and_both_devices_agree(string variant)
    {
        Dictionary<string, float[]> cpu = Gradients(VariantConfigs[variant], Device.Cpu),
            reference = Gradients(VariantConfigs[variant], Device.Reference);

        foreach ((string name, float[] expected) in reference)
            GoldenAssert.Close(expected, cpu[name], 2e-5, 1e-3, name);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void A_block_records_exactly_five_operators(string device)
    {
        VisionTransformer model = Build(Small, TestDevice.Named(device));
        Tensor tokens = TestTensors.Normal([2, 10, 16], TestDevice.Named(device));

        using Tape tape = Tape.Record();
        model.Blocks[0].Forward(tokens, Small.Grid);

        Assert.Equal(5, tape.Count);
    }

    [Fact]
    public void Tiny_dropout_takes_the_unfused_path_to_the_same_result()
    {
        VisionTransformer plain = Build(Small, Device.Reference);
        VisionTransformer dropping = Build(
            Small with
            {
                Dropout = 1e-7f,
                AttentionDropout = 1e-7f,
                PositionDropout = 1e-7f,
                HeadDropout = 1e-7f,
                DropPath = 1e-7f
            }, Device.Reference);
        dropping.Context = dropping.Context with { Random = new Philox(1, 1) };
        Tensor images = Images(2, Device.Reference);

        GoldenAssert.Close(plain.Forward(images).ToArray(), dropping.Forward(images).ToArray(), 1e-6, 1e-5);
    }

    [Fact]
    public void Dropout_is_a_function_of_seed_and_step()
    {
        VisionTransformer model = Build(VariantConfigs["dropout"] with { DropPath = 0.5f }, Device.Cpu);
        Tensor images = Images(4, Device.Cpu);

        float[] At(ulong step)
        {
            model.Context = model.Context with { Random = Philox.For(3, "dropout", step) };
            return model.Forward(images).ToArray();
        }

        float[] first = At(1);
        Assert.NotEqual(first, At(2));
        Assert.Equal(first, At(1));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void The_recorder_sees_what_the_fused_path_computes_and_changes_nothing(string device)
    {
        VisionTransformer model = Build(Small, TestDevice.Named(device));
        model.Train(false);
        Tensor images = Images(2, TestDevice.Named(device));
        using AttentionRecorder recorder = new();

        float[] recorded = model.Forward(images, recorder).ToArray();

        Assert.Equal(model.Forward(images).ToArray(), recorded);
        Assert.Equal(Small.Depth, recorder.Maps.Count);
        Assert.All(recorder.Maps, map => Assert.Equal([2, 2, 10, 10], map.Shape));
        Assert.All(recorder.Maps[0].ToArray().Chunk(10), row => Assert.Equal(1, row.Sum(), 1e-5));
    }

    [Fact]
    public void The_recorder_adds_nothing_to_a_tape()
    {
        VisionTransformer model = Build(Small, Device.Cpu);
        Tensor images = Images(2, Device.Cpu);
        using AttentionRecorder recorder = new();
        using Tape plain = Tape.Record();
        model.Forward(images);
        using Tape recording = Tape.Record();
        model.Forward(images, recorder);

        Assert.Equal(plain.Count, recording.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Evaluation_takes_no_more_memory_for_more_blocks(bool inScope)
    {
        long shallow = ActivationBytes(Small with { Depth = 2 }, inScope),
            deep = ActivationBytes(Small with { Depth = 10 }, inScope);

        Assert.Equal(shallow, deep);
    }

    [Fact]
    public void After_the_first_steps_training_takes_no_more_memory()
    {
        Device device = Device.CreateCpu(threads: 1);
        VisionTransformer model = Build(VariantConfigs["dropout"], device);
        AdamW optimizer = new(ParameterGroup.Default(model, 0.05), 1e-3);
        long settled = 0;
        for (ulong step = 0; step < 50; step++)
        {
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            model.Context = model.Context with { Random = Philox.For(1, "dropout", step) };
            tape.Backward(Ops.CrossEntropy(model.Forward(Images(4, device)), Tensor.From([0, 1, 2, 3], [4], device)));
            optimizer.Step();
            optimizer.ZeroGradient();
            if (step == 2) settled = device.Backend.AllocatedBytes;
        }

        Assert.Equal(settled, device.Backend.AllocatedBytes);
    }

    [Fact]
    public void Images_that_do_not_fit_are_named()
    {
        VisionTransformer model = Build(Small, Device.Reference);

        Assert.Contains("[batch, 3, height, width]", Refusal([1, 1, 12, 12]));
        Assert.Contains("do not divide an image of 13x12", Refusal([1, 3, 13, 12]));
        Assert.Contains("got [3, 12, 12]", Refusal([3, 12, 12]));

        string Refusal(Shape shape) =>
            Assert.Throws<ShapeException>(() => model.Forward(Tensor.Zeros(shape, Device.Reference))).Message;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Images_of_another_size_and_shape_are_taken_and_train_the_positions(string variant)
    {
        float[]? expected = null;
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            using StepScope scope = StepScope.Begin();
            VisionTransformer model = Build(VariantConfigs[variant], device);
            model.Context = model.Context with { Random = new Philox(2, 3) };
            using Tape tape = Tape.Record();
            Tensor images = TestTensors.Normal([2, model.Config.Channels, 20, 8], device, 5), y = model.Forward(images);
            Assert.Equal(5 * 2, model.GridOf(images).Patches);
            tape.Backward(y, TestTensors.Normal(y.Shape, device, 8));

            float[] all = [.. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray())];
            GoldenAssert.Close(expected ??= all, all, 2e-5, 1e-3, variant);
        }
    }

    /// <summary>x + attn(norm(x)) + mlp(norm(x)), the MLP in double; one scale for their sum.</summary>
    [Theory]
    [InlineData("parallel blocks")]
    [InlineData("parallel blocks, layer scale and drop path")]
    public void Parallel_halves_read_the_same_normed_tokens(string variant)
    {
        VisionTransformer model = Build(VariantConfigs[variant], Device.Reference);
        model.Train(false);
        TransformerBlock block = model.Blocks[1];
        Dictionary<string, Parameter> own = block.NamedParameters()
            .ToDictionary(entry => entry.Name, entry => entry.Parameter);
        Assert.DoesNotContain("norm2.weight", own.Keys);
        Assert.DoesNotContain("ls2.gamma", own.Keys);
        foreach ((int i, Parameter parameter) in own.Values.Index())
            parameter.Value.CopyFrom(Ops.Add(parameter,
                TestTensors.Normal(parameter.Shape, Device.Reference, 40 + (ulong)i, 0.3)).ToArray());
        Tensor x = TestTensors.Normal([1, 10, 16], Device.Reference);
        double[] normed = Doubles(block.Norm1.Forward(x)), attended = Doubles(block.Attention.Forward(block.Norm1, x,
            Small.Grid)), input = Doubles(x);
        double[] hidden = Projected(normed, "mlp.fc1", 16, 24);
        // x Φ(x) with Φ from the error function's definition
        double[] active = [.. hidden.Select(value => value * Phi(value))];
        double[] mlp = Projected(active, "mlp.fc2", 24, 16);
        double[] scale = own.TryGetValue("ls1.gamma", out Parameter? gamma) ? Doubles(gamma.Value) : [];
        float[] expected = [.. input.Select((value, i) => (float)(value
            + (attended[i] + mlp[i]) * (scale.Length == 0 ? 1 : scale[i % 16])))];

        GoldenAssert.Close(expected, block.Forward(x, Small.Grid).ToArray(), 1e-5, 1e-5);

        double[] Projected(double[] rows, string layer, int inputs, int outputs)
        {
            double[] weight = Doubles(own[$"{layer}.weight"].Value), bias = Doubles(own[$"{layer}.bias"].Value);
            return [.. Enumerable.Range(0, rows.Length / inputs * outputs).Select(at => bias[at % outputs]
                + Enumerable.Range(0, inputs).Sum(i => rows[at / outputs * inputs + i]
                    * weight[at % outputs * inputs + i]))];
        }

        // Simpson's rule
        static double Phi(double x)
        {
            const int Steps = 200;
            double sum = 0;
            for (int i = 0; i <= Steps; i++)
            {
                double t = x * i / Steps;
                sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-t * t / 2);
            }

            return 0.5 + sum * x / Steps / 3 / Math.Sqrt(2 * Math.PI);
        }

        static double[] Doubles(Tensor x) => [.. x.ToArray().Select(value => (double)value)];
    }

    [Fact]
    public void Parallel_blocks_need_an_MLP_and_plain_residuals()
    {
        UsageException noMlp = Assert.Throws<UsageException>(() =>
            (Small with { ParallelBlocks = true, MlpDim = 0 }).Build());
        Assert.Equal("parallel-blocks", noMlp.Field);
        Assert.Contains("without an MLP", noMlp.Message);
        Assert.Contains("cannot run beside", Assert.Throws<UsageException>(() =>
            (Small with { ParallelBlocks = true, NormedResidual = true }).Build()).Message);
    }

    /// <summary>x ← x + attn(norm1(x)); x ← norm2(x); x ← x + mlp(x).</summary>
    [Fact]
    public void A_normed_residual_goes_on_from_the_norm()
    {
        VisionTransformer model = Build(VariantConfigs["normed residual"], Device.Reference),
            plain = Build(Small, Device.Reference);
        TransformerBlock block = model.Blocks[0], usual = plain.Blocks[0];
        Tensor x = TestTensors.Normal([2, 10, 16], Device.Reference);

        Tensor halfway = block.Attention.Forward(block.Norm1, x, Small.Grid, residual: x);
        Tensor normed = Ops.LayerNorm(halfway, Tensor.Full([16], 1, Device.Reference),
            Tensor.Zeros([16], Device.Reference), 1e-6f);
        Tensor expected = Ops.Add(normed, block.Mlp!.Forward(normed));

        GoldenAssert.Close(expected.ToArray(), block.Forward(x, Small.Grid).ToArray(), 1e-6, 1e-6);
        Assert.NotEqual(usual.Forward(x, Small.Grid).ToArray(), block.Forward(x, Small.Grid).ToArray());
    }

    /// <summary>Σ_i softmax_i(w·x_i + b) x_i, by hand.</summary>
    [Fact]
    public void Sequence_pooling_weighs_the_patches()
    {
        VisionTransformer model = Build(VariantConfigs["sequence pooling"], Device.Reference);
        Tensor images = Images(2, Device.Reference);
        float[] tokens = model.Features(images).ToArray(), w = Values("attention_pool.weight"),
            expected = new float[2 * 16];
        for (int image = 0; image < 2; image++)
        {
            double[] weights = [.. Enumerable.Range(0, 9)
                .Select(i => Math.Exp(Enumerable.Range(0, 16)
                    .Sum(k => (double)tokens[(image * 9 + i) * 16 + k] * w[k])))];
            for (int k = 0; k < 16; k++)
                expected[image * 16 + k] = (float)(Enumerable.Range(0, 9)
                    .Sum(i => weights[i] * tokens[(image * 9 + i) * 16 + k]) / weights.Sum());
        }

        GoldenAssert.Close(expected, model.Forward(images).ToArray(), 1e-5, 1e-5);

        float[] Values(string name) =>
            model.NamedParameters().Single(entry => entry.Name == name).Parameter.Value.ToArray();
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Results_have_the_same_bits_for_any_number_of_threads(string variant)
    {
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 3])
        {
            float[] all = [.. Gradients(VariantConfigs[variant], Device.CreateCpu(threads)).Values
                .SelectMany(values => values)];
            Assert.Equal(first ??= all, all);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Images_of_a_batch_do_not_see_each_other(string variant)
    {
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            VisionTransformer model = Build(VariantConfigs[variant], device);
            model.Train(false);
            Tensor images = TestTensors.Normal([2, model.Config.Channels, 12, 12], device);
            float[] both = model.Forward(images).ToArray(),
                alone = model.Forward(Ops.Slice(images, 0, 1, 1)).ToArray();

            GoldenAssert.Close(alone, both.AsSpan(both.Length / 2), 1e-5, 1e-5, variant);
            if (device != Device.Cpu) continue;
            using IDisposable invariance = BatchInvariance.Begin();
            Assert.Equal(model.Forward(Ops.Slice(images, 0, 1, 1)).ToArray(),
                model.Forward(images).ToArray()[(both.Length / 2)..]);
        }
    }

    /// <summary>Along one direction of all parameters at once, on the reference device. The step is what is left of it
    /// in float32, so that only the third derivative, ReLU's kinks and reading the results as float32
    /// remain.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void The_gradient_along_a_direction_is_the_central_difference(string variant)
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = Build(VariantConfigs[variant], Device.Reference);
        model.Train(false);
        Tensor images = TestTensors.Normal([2, model.Config.Channels, 12, 12], Device.Reference);
        Parameter[] parameters = [.. model.NamedParameters().Select(entry => entry.Parameter)];
        // noise on the first values, of which some are so small that norms bend sharply there
        foreach ((int p, Parameter parameter) in parameters.Index())
            parameter.Value.CopyFrom(Ops.Add(parameter,
                TestTensors.Normal(parameter.Shape, Device.Reference, 500 + (ulong)p, 0.1)).ToArray());
        float[][] values = [.. parameters.Select(parameter => parameter.Value.ToArray())];
        Tensor cotangent;
        using (Tape tape = Tape.Record())
        {
            Tensor y = model.Forward(images);
            cotangent = TestTensors.Normal(y.Shape, Device.Reference, 1);
            tape.Backward(y, cotangent);
        }

        float[][] gradients = [.. parameters.Select(parameter => parameter.Value.Gradient!.ToArray())];
        (double above, float[][] high) = At(1f / 4096);
        (double below, float[][] low) = At(-1f / 4096);
        double expected = 0;
        for (int p = 0; p < parameters.Length; p++)
            for (int i = 0; i < gradients[p].Length; i++)
                expected += gradients[p][i] * ((double)high[p][i] - low[p][i]);
        Assert.Equal(expected, above - below, 5e-6 + 2e-3 * Math.Abs(expected));

        (double, float[][]) At(float step)
        {
            float[][] moved = new float[parameters.Length][];
            for (int p = 0; p < parameters.Length; p++)
            {
                float[] direction = TestTensors.Normal(parameters[p].Shape, Device.Reference, 20 + (ulong)p).ToArray();
                moved[p] = [.. values[p].Zip(direction, (value, toward) => value + step * 0.1f * toward)];
                parameters[p].Value.CopyFrom(moved[p]);
            }

            using Tape tape = Tape.Record();
            double[] y = [.. model.Forward(images).ToArray().Select(value => (double)value)];
            return (y.Zip(cotangent.ToArray(), (a, b) => a * b).Sum(), moved);
        }
    }

    [Theory]
    [InlineData("deformable", "learned", true, "qk-norm", "'deformable'")]
    [InlineData("differential", "rope", true, "qk-norm", "'differential'")]
    [InlineData("linear", "rope", false, "position", "'linear' does not go with it: 'rope' and 'ropemixed' rotate")]
    [InlineData("dat", "ropemixed", false, "position", "'dat'")]
    [InlineData("linear", "relative", false, "position", "'linear' does not go with it: 'relative' and 'alibi'")]
    [InlineData("performer", "learned+alibi", false, "position", "bias of the scores")]
    [InlineData("disentangled", "rope", false, "position", "'disentangled'")]
    [InlineData("dat", "relative", false, "position", "'dat'")]
    [InlineData("sinkhorn:2", "alibi", false, "position", "'sinkhorn:")]
    [InlineData("softmax:window=1", "relative", false, "position", "'softmax:window=1'")]
    [InlineData("softmax,linear", "rope", false, "position", "'linear'")]
    public void A_mechanism_refuses_what_it_cannot_take(string attention, string position, bool norm, string field,
        string words)
    {
        UsageException refused = Assert.Throws<UsageException>(() =>
            (Small with { Attention = attention, Position = position, QkNorm = norm }).Build());
        Assert.Equal(field, refused.Field);
        Assert.Contains(words, refused.Message);
    }

    [Fact]
    public void Dropout_of_attention_and_a_bias_of_its_scores_exclude_each_other() =>
        Assert.Contains("without a window or dropout of attention", Assert.Throws<UsageException>(() =>
            (Small with { AttentionDropout = 0.1f, Position = PositionKind.Relative }).Build()).Message);

    /// <summary>Everything in double: one learned query, heads, residual MLP.</summary>
    [Fact]
    public void Map_pooling_attends_with_a_learned_query()
    {
        VisionTransformer model = Build(VariantConfigs["map pooling, RMS norm, registers, no head"], Device.Reference);
        Tensor images = Images(1, Device.Reference);
        double[] x = [.. model.Features(images).ToArray().Skip(3 * 16).Select(value => (double)value)];
        double[] q = Linear("q", Values("latent"), 16);
        double[] mixed = new double[16];
        for (int head = 0; head < 2; head++)
        {
            double[][] kv = [.. Enumerable.Range(0, 9).Select(i => Linear("kv", x[(i * 16)..(i * 16 + 16)], 32))];
            double[] weights = [.. kv.Select(pair => Math.Exp(Enumerable.Range(8 * head, 8)
                .Sum(d => q[d] * pair[d]) / Math.Sqrt(8)))];
            for (int d = 8 * head; d < 8 * head + 8; d++)
                mixed[d] = Enumerable.Range(0, 9).Sum(i => weights[i] * kv[i][16 + d]) / weights.Sum();
        }

        double[] y = Linear("proj", mixed, 16);
        double root = Math.Sqrt(y.Sum(value => value * value) / 16 + 1e-6f);
        double[] scale = Values("norm.weight"), normed = [.. y.Select((value, i) => value / root * scale[i])];
        float[] hidden = [.. Linear("mlp.fc1", normed, 24).Select(value => (float)value)];
        double[] active = [.. Ops.Gelu(Tensor.From(hidden, [24], Device.Reference)).ToArray()
            .Select(value => (double)value)];
        float[] expected = [.. y.Zip(Linear("mlp.fc2", active, 16), (a, b) => (float)(a + b))];

        GoldenAssert.Close(expected, model.Forward(images).ToArray(), 1e-5, 1e-5);

        double[] Values(string name) => [.. model.NamedParameters().Single(entry => entry.Name == $"attn_pool.{name}")
            .Parameter.Value.ToArray().Select(value => (double)value)];

        double[] Linear(string name, double[] input, int outputs)
        {
            double[] weight = Values($"{name}.weight"), bias = Values($"{name}.bias");
            return [.. Enumerable.Range(0, outputs).Select(o =>
                bias[o] + input.Select((value, i) => value * weight[o * input.Length + i]).Sum())];
        }
    }

    [Fact]
    public void Both_heads_of_a_distilled_model_learn_and_their_mean_is_its_answer()
    {
        VisionTransformer model = Build(VariantConfigs["distilled"], Device.Cpu);
        foreach (string head in (string[])["head", "head_dist"])
            foreach ((string name, Parameter parameter) in model.NamedParameters()
                .Where(entry => entry.Name.StartsWith($"{head}.", StringComparison.Ordinal)))
                parameter.Value.CopyFrom(TestTensors.Normal(parameter.Shape, Device.Cpu, (ulong)name.Length).ToArray());
        Tensor images = Images(2, Device.Cpu);

        HeadScores scores = model.ForwardHeads(images);

        Assert.NotEqual(scores.Class.ToArray(), scores.Distillation!.ToArray());
        float[] mean = [.. scores.Class.ToArray().Zip(scores.Distillation.ToArray(), (a, b) => (a + b) / 2)];
        GoldenAssert.Close(mean, model.Forward(images).ToArray(), 1e-6, 1e-6);
        Assert.Null(Build(Small, Device.Cpu).ForwardHeads(images).Distillation);

        using Tape tape = Tape.Record();
        HeadScores trained = model.ForwardHeads(images);
        tape.Backward(Ops.Add(
            Ops.CrossEntropy(trained.Class, Tensor.From([0, 1], [2], Device.Cpu)),
            Losses.HardDistillation(trained.Distillation!, TestTensors.Normal([2, 5], Device.Cpu, 9))));
        Assert.All(model.NamedParameters(),
            entry => Assert.True(entry.Parameter.Value.Gradient!.ToArray().Any(value => value != 0), entry.Name));
    }

    [Fact]
    public void Positions_of_another_image_size_are_resampled_to_fit()
    {
        VisionTransformer small = Build(VariantConfigs["registers"], Device.Cpu),
            large = Build(VariantConfigs["registers"] with { ImageSize = 24 }, Device.Cpu);
        Tensor table = small.NamedParameters().Single(entry => entry.Name == "pos_embed").Parameter.Value;

        Tensor fitted = large.AdaptWeight("pos_embed", table);

        Assert.Equal([1, 5 + 36, 16], fitted.Shape);
        Assert.Equal(PositionResampling.Resample(table, new(5, 3, 3), new(5, 6, 6)).ToArray(), fitted.ToArray());
        Assert.Same(table, small.AdaptWeight("pos_embed", table));
        // of a model without registers: theirs are 0 at first
        float[] without = TestTensors.Normal([1, 1 + 36, 16], Device.Cpu).ToArray();
        float[] inserted = large.AdaptWeight("pos_embed", Tensor.From(without, [1, 1 + 36, 16], Device.Cpu)).ToArray();
        Assert.Equal([.. without[..16], .. new float[4 * 16], .. without[16..]], inserted);
        // not square, of other models, nonsense
        foreach (Shape shape in (Shape[])[[1, 5 + 7, 16], [1, 5 + 9, 8], [2, 5 + 9, 16], [1, 3, 16], [16], []])
        {
            Tensor other = Tensor.Zeros(shape, Device.Cpu);
            foreach (string name in (string[])["pos_embed", "norm.weight", "blocks.0.attn.qkv.bias",
                "blocks.-1.attn.qkv.bias", "blocks.9.attn.qkv.bias"])
                Assert.Same(other, large.AdaptWeight(name, other));
        }
    }

    /// <summary>A table of the model's own grid may be as long as one of a smaller grid with registers: 17 is
    /// 1 + 4 x 4, and 1 + 7 + 3 x 3.</summary>
    [Fact]
    public void Registers_added_to_a_table_of_the_same_grid_leave_its_positions_as_they_are()
    {
        VisionTransformerConfig config = VariantConfigs["registers"];
        for (int side = 2; side <= 16; side++)
        {
            float[] table = TestTensors.Normal([1, 1 + side * side, config.Dim], Device.Cpu).ToArray();
            for (int registers = 1; registers < 32; registers++)
            {
                VisionTransformer model = (config with
                {
                    ImageSize = side * config.PatchSize,
                    RegisterTokens = registers,
                }).Build();

                float[] fitted = model.AdaptWeight("pos_embed",
                    Tensor.From(table, [1, 1 + side * side, config.Dim], Device.Cpu)).ToArray();

                Assert.Equal([.. table[..config.Dim], .. new float[registers * config.Dim], .. table[config.Dim..]],
                    fitted);
            }
        }
    }

    [Fact]
    public void Tables_that_may_or_may_not_have_registers_are_refused_at_another_size()
    {
        VisionTransformerConfig config = VariantConfigs["registers"] with { RegisterTokens = 7 };
        Tensor table = Tensor.Zeros([1, 17, config.Dim], Device.Cpu);
        int patch = config.PatchSize;

        UsageException refused = Assert.Throws<UsageException>(() =>
            (config with { ImageSize = 5 * patch }).Build().AdaptWeight("pos_embed", table));

        Assert.Equal("registers", refused.Field);
        Assert.Contains("may be of 4 x 4 patches without the 7 registers, or of 3 x 3 patches with them; load it "
            + $"at its own image size, {4 * patch} or {3 * patch} pixels", refused.Message, StringComparison.Ordinal);
        Assert.Same(table, (config with { ImageSize = 3 * patch }).Build().AdaptWeight("pos_embed", table));
    }

    [Fact]
    public void Names_are_timms()
    {
        string[] names = [.. new VisionTransformer(VariantConfigs["layer scale"] with { Depth = 1 }).NamedParameters()
            .Select(entry => entry.Name)];

        Assert.Equal(
            [
                "cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias",
                "blocks.0.norm1.weight", "blocks.0.norm1.bias", "blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias",
                "blocks.0.attn.proj.weight", "blocks.0.attn.proj.bias", "blocks.0.ls1.gamma",
                "blocks.0.norm2.weight", "blocks.0.norm2.bias", "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc1.bias",
                "blocks.0.mlp.fc2.weight", "blocks.0.mlp.fc2.bias", "blocks.0.ls2.gamma",
                "norm.weight", "norm.bias", "head.weight", "head.bias",
            ],
            names);
        Assert.Equal(
            ["cls_token", "dist_token", "reg_token", "pos_embed"],
            new VisionTransformer(VariantConfigs["distilled"] with { RegisterTokens = 1 }).NamedParameters().Take(4)
                .Select(entry => entry.Name));
        Assert.Contains("head_dist.weight",
            new VisionTransformer(VariantConfigs["distilled"]).NamedParameters().Select(entry => entry.Name));
        Assert.Contains("fc_norm.weight",
            new VisionTransformer(VariantConfigs["mean pooling"]).NamedParameters().Select(entry => entry.Name));
    }

    private static Dictionary<string, float[]> Gradients(VisionTransformerConfig config, Device device)
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = Build(config, device);
        model.Context = model.Context with { Random = new Philox(2, 3) };
        using Tape tape = Tape.Record();
        Tensor y = model.Forward(Images(3, device, config.Channels));
        tape.Backward(y, TestTensors.Normal(y.Shape, device, 8));
        return model.NamedParameters().ToDictionary(
            entry => entry.Name, entry => entry.Parameter.Value.Gradient?.ToArray()
                ?? throw new InvalidOperationException($"{entry.Name} has no gradient."));
    }

    private static long ActivationBytes(VisionTransformerConfig config, bool inScope)
    {
        Device device = Device.CreateCpu(threads: 1);
        VisionTransformer model = Build(config, device);
        model.Train(false);
        Tensor images = Images(3, device).Keep();
        long before = device.Backend.AllocatedBytes;
        using StepScope? scope = inScope ? StepScope.Begin() : null;
        model.Forward(images).Release();
        return device.Backend.AllocatedBytes - before;
    }

    private static VisionTransformer Build(VisionTransformerConfig config, Device device)
    {
        VisionTransformer model = config.Build();
        model.Initialize(device, 1);
        return model;
    }

    private static Tensor Images(int batch, Device device, int channels = 3) =>
        TestTensors.Normal([batch, channels, 12, 12], device, 77);
}
