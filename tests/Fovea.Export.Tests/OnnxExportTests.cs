using Fovea.Export.Tests.Support;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Microsoft.ML.OnnxRuntime;

namespace Fovea.Export.Tests;

/// <summary>Scores of exported models in ONNX Runtime against our own.</summary>
public sealed class OnnxExportTests
{
    private const double Tolerance = 1e-4;

    /// <summary>Options that take other paths through a mechanism than its defaults.</summary>
    private static readonly string[] Variants =
    [
        "softmax:window=1", "softmax:window=1,lai=sequence", "softmax:window=2,lai=sequence,class=band",
        "softmax:soft=1", "sinkhorn:1", "sinkhorn:4", "sinkhorn:iterations=3,epsilon=0.5", "sinkhorn:3,window=1",
        "sinkhorn:3,soft=1", "sinkhorn:8",
        "swin:3", "swin:window=2,shift=1", "neighborhood:3", "neighborhood:kernel=3,dilation=2",
        "linear:scale=0.5,eps=0.001",
        "disentangled:axes=1", "disentangled:axes=1,cls=sequence,span=4,farthest=8",
        "disentangled:terms=c2p/p2c/p2p,span=2", "disentangled:terms=c2p,shared=false",
        "disentangled:terms=c2p/p2c/p2p,shared=false,axes=1,span=3", "disentangled:window=1,span=2",
        "disentangled:soft=1,span=2", "disentangled:axes=1,lai=sequence,window=2",
        "performer:kernel=relu", "dat:mix=performer,kernel=3,eps=0", "performer:16,window=1",
        "performer:window=1,lai=sequence,eps=0", "performer:soft=1,eps=0", "disentangled:mix=performer,span=2",
        "disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2",
        "deformable:levels=2,points=3", "deformable:levels=3,points=1", "dat:groups=2,stride=1,kernel=3,range=3",
        "dat:mix=performer,features=5",
        "nystrom:landmarks=5,kernel=5", "nystrom:1,iterations=2,kernel=0", "linformer:3", "linformer:2,shared=true",
        "focused:power=1,kernel=3", "focused:power=4,kernel=1", "agent:pool=2", "agent:pool=2,kernel=5",
        "dat:bias=true,levels=2,groups=2,kernel=3", "dat:levels=2,mix=performer,kernel=3",
        "gaussian:rotate=true", "gaussian:offsets=false", "gaussian:mix=performer,rotate=true",
        "gaussian:mix=performer,offsets=false",
    ];

    public static TheoryData<string> Mechanisms =>
        [.. AttentionCatalogue.All.Select(entry => entry.Name), .. Variants];

    public static TheoryData<string> PresetNames => [.. Presets.All.Select(preset => preset.Name)];

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Mechanisms_give_our_scores(string attention) => Compare(Models.WithAttention(attention));

    [Theory]
    [MemberData(nameof(PresetNames))]
    public void Presets_give_our_scores(string name) => Compare(Models.Shrunk(Presets.Find(name).Config));

    /// <summary>Each part of a Vision Transformer that may be chosen, alone and with others.</summary>
    private static readonly Dictionary<string, VisionTransformerConfig> Parts = new()
    {
        ["RMS norm"] = Models.Chosen with { Norm = NormKind.RmsNorm },
        ["QK-norm"] = Models.Chosen with { QkNorm = true },
        ["gate of heads"] = Models.Chosen with { AttentionGate = AttentionGate.Head },
        ["gate of elements"] = Models.Chosen with { AttentionGate = AttentionGate.Element },
        ["sigmoid, rope and relative"] = Models.Chosen with { Attention = "sigmoid", Position = "rope+relative" },
        ["rope"] = Models.Chosen with { Position = PositionKind.Rope },
        ["mixed rope"] = Models.Chosen with { Position = "learned+ropemixed" },
        ["relative"] = Models.Chosen with { Position = PositionKind.Relative },
        ["ALiBi"] = Models.Chosen with { Position = PositionKind.Alibi },
        ["layer scale"] = Models.Chosen with { LayerScale = 0.1f },
        ["registers"] = Models.Chosen with { RegisterTokens = 3 },
        ["parallel blocks"] = Models.Chosen with { ParallelBlocks = true, LayerScale = 0.1f },
        ["SwiGLU"] = Models.Chosen with { GatedMlp = true, Activation = UnaryOperator.Silu },
        ["GeGLU"] = Models.Chosen with { GatedMlp = true },
        ["ReLU"] = Models.Chosen with { Activation = UnaryOperator.Relu },
        ["mean"] = Models.Chosen with { Pooling = Pooling.Mean, ClassToken = false, Position = PositionKind.Relative },
        ["normed mean"] = Models.Chosen with { Pooling = Pooling.NormedMean },
        ["sequence"] = Models.Chosen with { Pooling = Pooling.Sequence },
        ["map"] = Models.Chosen with { Pooling = Pooling.Map },
        ["softmax with all"] = Models.Everything("softmax", "rope+relative", Pooling.Map),
        ["sinkhorn with all"] = Models.Everything("sinkhorn:3", "learned+alibi", Pooling.Mean),
        ["performer with all"] = Models.Everything("performer", "ropemixed", Pooling.Sequence),
    };

    public static TheoryData<string> PartNames => [.. Parts.Keys];

    [Theory]
    [MemberData(nameof(PartNames))]
    public void Chosen_parts_give_our_scores(string part) => Compare(Parts[part]);

    [Theory]
    [InlineData("softmax with all", 17)]
    [InlineData("sinkhorn with all", 19)]
    [InlineData("performer with all", 21)]
    public void Chosen_parts_in_operator_sets(string part, int opset) => Compare(Parts[part], new() { Opset = opset });

    [Theory]
    [InlineData("rope")]
    [InlineData("mixed rope")]
    [InlineData("relative")]
    [InlineData("ALiBi")]
    [InlineData("softmax with all")]
    public void Chosen_parts_take_another_size(string part) => Compare(Parts[part], new() { ImageSize = 42 });

    [Theory]
    [InlineData("rope")]
    [InlineData("mixed rope")]
    [InlineData("relative")]
    [InlineData("ALiBi")]
    public void Tables_of_positions_are_computed_while_exporting(string part)
    {
        using TemporaryFolder folder = new();
        OnnxExport.Write(Models.Create(Parts[part]), folder["model.onnx"], new());
        OnnxFile file = OnnxFile.Read(folder["model.onnx"]);
        Assert.Empty(file.Broken());
        Assert.DoesNotContain(LeftToCompute(file), kind => kind is not ("Reshape" or "Transpose" or "Gather"));
    }

    [Theory]
    [InlineData("performer", 17)]
    [InlineData("performer", 19)]
    [InlineData("performer", 20)]
    [InlineData("performer", 21)]
    [InlineData("deformable:levels=2", 17)]
    [InlineData("deformable:levels=2", 19)]
    [InlineData("deformable:levels=2", 20)]
    [InlineData("deformable:levels=2", 21)]
    [InlineData("disentangled", 17)]
    [InlineData("disentangled", 21)]
    [InlineData("sinkhorn", 17)]
    [InlineData("sinkhorn", 21)]
    public void Operator_sets_give_our_scores(string attention, int opset) =>
        Compare(Models.WithAttention(attention), new() { Opset = opset });

    [Theory]
    [InlineData("softmax")]
    [InlineData("disentangled")]
    [InlineData("deformable:levels=2")]
    [InlineData("dat")]
    [InlineData("nystrom:5")]
    [InlineData("linformer:3")]
    [InlineData("focused")]
    [InlineData("agent:pool=3")]
    [InlineData("deltanet")]
    [InlineData("gaussian")]
    [InlineData("dat:bias=true,levels=2")]
    [InlineData("gaussian:mix=performer")]
    public void Images_of_another_size_give_our_scores(string attention) =>
        Compare(Models.WithAttention(attention), new() { ImageSize = 42 });

    [Fact]
    public void A_residual_network_takes_another_size() =>
        Compare(Models.Shrunk(Presets.Find("resnet50").Config), new() { ImageSize = 64 });

    /// <summary>Sizes that are multiples of the batches that stand for an open one.</summary>
    [Theory]
    [InlineData("softmax", 11, 1, 11, 13)]
    [InlineData("performer:soft=1", 11, 2, 22, 17)]
    [InlineData("disentangled", 13, 11, 143, 11)]
    [InlineData("deformable", 11, 13, 143, 13)]
    [InlineData("deltanet", 11, 11, 143, 11)]
    public void Sizes_that_are_multiples_of_the_traced_batch(string attention, int side, int heads, int dim,
        int classes) => Compare(Models.WithAttention(attention) with
        {
            ImageSize = 2 * side,
            PatchSize = 2,
            Heads = heads,
            Dim = dim,
            Classes = classes,
            Depth = 1,
        });

    /// <summary>Matrices lose 11 bits of each weight, so that scores of about 2 differ by less than 0.01.</summary>
    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Half_precision_of_weights_stays_near(string attention) => Compare(Models.WithAttention(attention),
        new() { Weights = WeightNumbers.Fp16 }, tolerance: 1e-2);

    [Fact]
    public void Half_precision_halves_the_matrices()
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax") with { Dim = 96 });
        long whole = OnnxExport.Write(model, folder["a.onnx"], new()).Bytes,
            half = OnnxExport.Write(model, folder["b.onnx"], new() { Weights = WeightNumbers.Fp16 }).Bytes;
        Assert.InRange((double)half / whole, 0.5, 0.56);
    }

    [Fact]
    public void A_weight_beyond_half_precision_is_refused()
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax"));
        model.NamedParameters().First(entry => entry.Name == "head.weight").Parameter.Value.CopyFrom([1e5f], 3);
        UsageException error = Assert.Throws<UsageException>(() =>
            OnnxExport.Write(model, folder["a.onnx"], new() { Weights = WeightNumbers.Fp16 }));
        Assert.Equal("`precision`: 'head.weight' has 100000, which half precision does not hold; export it in fp32.",
            error.Sentence);
        Assert.False(File.Exists(folder["a.onnx"]));
    }

    [Fact]
    public void Weights_beyond_the_limit_of_a_file_stand_in_a_second_one() =>
        Compare(Models.WithAttention("dat"), new() { MostBytes = 1000 });

    [Fact]
    public void A_second_file_is_named_by_the_first_and_read_from_beside_it()
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax"));
        OnnxSummary summary = OnnxExport.Write(model, folder["model.onnx"], new() { MostBytes = 1000 });
        Assert.Equal(folder["model.onnx.data"], summary.DataPath);
        OnnxFile file = OnnxFile.Read(summary.Path);
        Assert.Empty(file.Broken());
        Assert.Contains(file.Tensors, tensor => tensor.Location == "model.onnx.data");
        string elsewhere = Path.Combine(folder.Path, "elsewhere");
        Directory.Move(Directory.CreateDirectory(folder["new"]).FullName, elsewhere);
        foreach (string one in (string[])[summary.Path, summary.DataPath!])
            File.Move(one, Path.Combine(elsewhere, Path.GetFileName(one)));
        using InferenceSession session = Runtime.Open(Path.Combine(elsewhere, "model.onnx"));
        Assert.Equal(10, Runtime.Run(session, Models.Images(model.Config, 1), 1, 3, 24, 24).Length);
    }

    [Fact]
    public void A_second_file_that_is_needed_no_more_is_removed()
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax"));
        string path = folder["model.onnx"], data = path + ".data";
        OnnxExport.Write(model, path, new() { MostBytes = 1000 });
        byte[] first = File.ReadAllBytes(data);
        OnnxExport.Write(model, path, new() { MostBytes = 1000 });
        Assert.Equal(first, File.ReadAllBytes(data));
        OnnxExport.Write(model, path, new());
        Assert.Equal(["model.onnx"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
        using InferenceSession session = Runtime.Open(path);
    }

    [Fact]
    public void A_second_file_of_others_is_left_alone()
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax"));
        string path = folder["model.onnx"], data = path + ".data";
        File.WriteAllText(data, "mine");
        OnnxExport.Write(model, path, new());
        // written here, but with nothing in a second file
        OnnxExport.Write(model, path, new());
        Assert.Equal("mine", File.ReadAllText(data));
        byte[] before = File.ReadAllBytes(path);
        UsageException error = Assert.Throws<UsageException>(() =>
            OnnxExport.Write(model, path, new() { MostBytes = 1000 }));
        Assert.Equal("out", error.Field);
        Assert.Equal(("mine", 2), (File.ReadAllText(data), Directory.GetFiles(folder.Path).Length));
        Assert.Equal(before, File.ReadAllBytes(path));

        // beside a file that is none of ONNX
        File.WriteAllText(path, "text");
        OnnxExport.Write(model, path, new());
        Assert.Equal("mine", File.ReadAllText(data));
    }

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Files_keep_the_rules_of_the_format(string attention)
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention(attention));
        OnnxExport.Write(model, folder["model.onnx"],
            new() { Metadata = new Dictionary<string, string> { ["a"] = "ä" } });
        OnnxFile file = OnnxFile.Read(folder["model.onnx"]);
        Assert.Empty(file.Broken());
        Assert.Equal(["images"], file.Inputs);
        Assert.Equal(["logits"], file.Outputs);
        Assert.Equal((18, 8, "Fovea", "ä"), (file.Opset, file.IrVersion, file.Producer, file.Metadata["a"]));
        // every weight is there under its own name, but for those of which tables are computed
        HashSet<string> there = [.. file.Tensors.Select(tensor => tensor.Name)];
        Assert.DoesNotContain(model.NamedParameters(), entry => !there.Contains(entry.Name)
            && entry.Name.Split('.') is not [_, _, "attn", not ("qkv" or "proj"), ..]);
        Assert.DoesNotContain(LeftToCompute(file), kind => kind is not ("Reshape" or "Transpose" or "Gather"));
    }

    /// <summary>Resampled while exporting, not by whoever runs the file.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Positions_are_those_of_the_size(bool learned)
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax") with
        {
            Position = learned ? PositionKind.Learned : PositionKind.SinCos2d,
        });
        OnnxExport.Write(model, folder["model.onnx"], new() { ImageSize = 42 });
        OnnxFile file = OnnxFile.Read(folder["model.onnx"]);
        Assert.Equal(["Reshape"], LeftToCompute(file));   // the patch embedding's kernel is a matrix there
        Assert.DoesNotContain(file.Tensors, tensor => tensor.Name == "pos_embed");
        Assert.Single(file.Tensors, tensor => tensor.Elements == (7 * 7 + 1) * 24);
    }

    /// <summary>Operators whose results do not depend on the images.</summary>
    private static IEnumerable<string> LeftToCompute(OnnxFile file)
    {
        HashSet<string> open = ["images"];
        foreach (OnnxFile.Node node in file.Nodes)
        {
            if (node.Inputs.Any(open.Contains)) open.UnionWith(node.Outputs);
            else yield return node.Operator;
        }
    }

    [Fact]
    public void The_number_of_images_and_nothing_else_is_open()
    {
        using TemporaryFolder folder = new();
        OnnxExport.Write(Models.Create(Models.WithAttention("softmax")), folder["model.onnx"], new());
        using InferenceSession session = Runtime.Open(folder["model.onnx"]);
        Assert.Equal(["batch", "", "", ""], session.InputMetadata["images"].SymbolicDimensions);
        Assert.Equal([-1, 3, 24, 24], session.InputMetadata["images"].Dimensions);
        Assert.Equal([-1, 10], session.OutputMetadata["logits"].Dimensions);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("sinkhorn"));
        OnnxExport.Write(model, folder["a.onnx"], new());
        OnnxExport.Write(model, folder["b.onnx"], new());
        Assert.Equal(File.ReadAllBytes(folder["a.onnx"]), File.ReadAllBytes(folder["b.onnx"]));
    }

    /// <summary>A mechanism that leaves the device has no graph; none of the catalogue does.</summary>
    [Fact]
    public void A_computation_on_the_host_is_refused()
    {
        using TemporaryFolder folder = new();
        HostModel model = new(Models.WithAttention("softmax"));
        model.Initialize(Device.Cpu, 1);
        UsageException error = Assert.Throws<UsageException>(() =>
            OnnxExport.Write(model, folder["a.onnx"], new()));
        Assert.Equal("this model cannot be exported to ONNX: its forward pass has a computation on the host with what "
            + "the images gave.", error.Sentence);
    }

    [Theory]
    [InlineData(25, "`image-size`: this model does not take images of 25 pixels")]
    public void A_size_that_a_model_does_not_take_is_refused(int size, string sentence)
    {
        using TemporaryFolder folder = new();
        UsageException error = Assert.Throws<UsageException>(() => OnnxExport.Write(
            Models.Create(Models.WithAttention("softmax")), folder["a.onnx"], new() { ImageSize = size }));
        Assert.StartsWith(sentence, error.Sentence, StringComparison.Ordinal);
        Assert.Equal("image-size", error.Field);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(22)]
    public void Operator_sets_that_are_not_known_are_refused(int opset)
    {
        using TemporaryFolder folder = new();
        Assert.Throws<UsageException>(() => OnnxExport.Write(Models.Create(Models.WithAttention("softmax")),
            folder["a.onnx"], new() { Opset = opset }));
    }

    /// <summary>Reads its own scores.</summary>
    private sealed class HostModel(VisionTransformerConfig config) : ImageClassifier
    {
        private readonly VisionTransformer _inner = config.Build();

        public override ModelConfig Config => new HostConfig(config);

        public override Tensor Forward(Tensor images)
        {
            float[] pixels = Ops.Scale(images, 2).ToArray();
            return _inner.Forward(Tensor.From(pixels, images.Shape, images.Device));
        }

        public override ForwardCost CountForward() => _inner.CountForward();
    }

    private sealed record HostConfig : ModelConfig
    {
        private readonly VisionTransformerConfig _inner;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public HostConfig(VisionTransformerConfig inner) => (_inner, ImageSize) = (inner, inner.ImageSize);

        public override ImageClassifier Build() => new HostModel(_inner);

        public override void Validate() => _inner.Validate();

        public override ModelConfig Apply(ModelOptions changes) => this;

        public override ModelOptions Describe() => _inner.Describe();
    }

    private static void Compare(ModelConfig config, OnnxOptions? options = null, double tolerance = Tolerance)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "model.onnx");
        ImageClassifier model = Models.Create(config);
        OnnxExport.Write(model, path, options ?? new());
        using InferenceSession session = Runtime.Open(path);
        int size = options?.ImageSize ?? config.ImageSize;
        foreach (int batch in (int[])[1, 7])
        {
            float[] images = Models.Images(config, batch, size), ours = Models.Scores(model, images, batch, size);
            float[] theirs = Runtime.Run(session, images, batch, config.Channels, size, size);
            Assert.Equal(ours.Length, theirs.Length);
            double largest = ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"batch {batch}: largest difference {largest:g3}, largest score {ours.Max(Math.Abs):g3}");
            Assert.InRange(largest, 0, tolerance);
        }
    }
}
