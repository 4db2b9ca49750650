using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights;

/// <summary>What MAE and DINO save while they train: the network among decoders, heads, students and
/// counters.</summary>
public sealed class TrainingCheckpointTests : IDisposable
{
    private static readonly VisionTransformerConfig Config = new()
    {
        ImageSize = 8,
        PatchSize = 4,
        Dim = 8,
        Depth = 2,
        Heads = 2,
        MlpDim = 16,
        Classes = 0,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly List<(string Key, byte[] Bytes)> _storages = [];
    private readonly ImageClassifier _trained = Config.Build();

    public TrainingCheckpointTests() => _trained.Initialize(Device.Cpu, seed: 5);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_masked_autoencoder_gives_its_encoder_and_says_what_was_left_aside()
    {
        string path = Save(
            ("model", Dict(p => [.. Network(""), .. p("mask_token", 1, 1, 8), .. p("decoder_embed.weight", 4, 8),
            .. p("decoder_embed.bias", 4), .. p("decoder_pos_embed", 1, 5, 4),
            .. p("decoder_blocks.0.attn.qkv.weight", 12, 4), .. p("decoder_blocks.1.attn.qkv.weight", 12, 4),
            .. p("decoder_norm.weight", 4), .. p("decoder_pred.weight", 48, 4)])), ("epoch", p => p.Number(800)));
        LoadReport report = Load(Config, path);
        Assert.Equal("MAE, under 'model.'", report.Source);
        Assert.True(report.IsComplete, $"{report}");
        Assert.Contains("left aside: model.decoder_blocks (2), model.decoder_embed (2), ", $"{report}",
            StringComparison.Ordinal);
        Assert.Contains(" and 2 more", $"{report}", StringComparison.Ordinal);
        Assert.Equal(8, report.LeftAside.Sum(part => part.EndsWith("(2)", StringComparison.Ordinal) ? 2 : 1));
    }

    [Fact]
    public void For_the_mean_of_the_patches_its_norm_is_new_and_the_old_one_named()
    {
        string path = Save(("model", Dict(p => [.. Network(""), .. p("decoder_embed.weight", 4, 8)])));
        VisionTransformerConfig mean = Config with { Pooling = Pooling.Mean };
        LoadReport report = Load(mean, path, PartialWeights.TakeMost);
        Assert.Equal(["fc_norm.weight", "fc_norm.bias"], report.Missing);
        Assert.Equal(["norm.bias", "norm.weight"], report.Unexpected.Order());
        Assert.Contains("fc_norm", Assert.Throws<CheckpointException>(() => Load(mean, path)).Message
            + Assert.Throws<CheckpointException>(() => Load(mean, path)).Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_DINO_the_teacher_is_taken_without_its_head()
    {
        ImageClassifier student = Config.Build();
        student.Initialize(Device.Cpu, seed: 6);
        string path = Save(
            ("student", Dict(p => [.. Network("module.backbone.", student), .. p("module.head.mlp.0.weight", 4, 8),
                .. p("module.head.last_layer.weight_g", 4, 1)])),
            ("teacher",
                Dict(p => [.. Network("backbone."), .. p("head.mlp.0.weight", 4, 8), .. p("head.mlp.0.bias", 4)])),
            ("epoch", p => p.Number(100)), ("dino_loss", Dict(p => p("center", 1, 4))));
        LoadReport report = Load(Config, path);
        Assert.Equal("timm, under 'teacher.backbone.'", report.Source);
        Assert.True(report.IsComplete, $"{report}");
        int tensors = _trained.NamedState().Count();
        Assert.Equal([$"student ({tensors + 2})", "teacher.head (2)", "dino_loss.center"], report.LeftAside.Select(
            part => part == "dino_loss (1)" ? "dino_loss.center" : part));
    }

    [Fact]
    public void Without_a_teacher_the_student_is_taken()
    {
        string path = Save(
            ("student", Dict(p => [.. Network("module.backbone."), .. p("module.head.mlp.0.weight", 4, 8)])));
        LoadReport report = Load(Config, path);
        Assert.Equal("timm, under 'student.module.backbone.'", report.Source);
        Assert.Equal(["student.module.head (1)"], report.LeftAside);
    }

    [Fact]
    public void A_teacher_that_lacks_blocks_is_an_error()
    {
        string path = Save(("teacher", Dict(p => [.. Network("backbone.").Where(entry =>
            !entry.Key.Contains("blocks.1.", StringComparison.Ordinal)), .. p("head.mlp.0.weight", 4, 8)])));
        Assert.Contains("left random: block 2", Assert.Throws<CheckpointException>(() => Load(Config, path)).Message,
            StringComparison.Ordinal);
    }

    private LoadReport Load(VisionTransformerConfig config, string path, PartialWeights partial = PartialWeights.Refuse)
    {
        ImageClassifier model = config.Build();
        using WeightFile file = WeightFiles.Open(path);
        LoadPlan plan = LoadPlan.Create(model, StateDict.Of(file), path, Device.Cpu, partial: partial);
        plan.Initialize(model, Device.Cpu, seed: 1);
        foreach ((string name, Fovea.Nn.NamedTensor tensor) in model.NamedState().Where(entry =>
            plan.Report.Loaded.Contains(entry.Name)))
            Assert.Equal(_trained.NamedState().First(entry => entry.Name == name).Tensor.Value.ToArray(),
                tensor.Value.ToArray());
        return plan.Report;
    }

    private string Save(params (string Key, Action<Pickler> Value)[] entries)
    {
        string path = Path.Combine(_folder.Path, "checkpoint.pth");
        byte[] pickle = new Pickler().Dict(entries).ToArray();
        File.WriteAllBytes(path, TorchFiles.Zip(pickle, _storages));
        return path;
    }

    private (string Key, Action<Pickler> Value)[] Network(string prefix, ImageClassifier? of = null) =>
        [.. (of ?? _trained).NamedState().Select(entry => (prefix + entry.Name,
            Tensor(entry.Tensor.Value.ToArray(), [.. entry.Tensor.Shape.Select(size => (long)size)])))];

    private delegate (string Key, Action<Pickler> Value)[] More(string name, params long[] shape);

    private Action<Pickler> Dict(Func<More, (string Key, Action<Pickler> Value)[]> entries)
    {
        (string Key, Action<Pickler> Value)[] all = entries((name, shape) =>
            [(name, Tensor(new float[shape.Aggregate(1L, (product, size) => product * size)], shape))]);
        return p => p.Dict(all);
    }

    private Action<Pickler> Tensor(float[] values, long[] shape)
    {
        string key = $"{_storages.Count}";
        _storages.Add((key, TorchFiles.Floats(values)));
        long[] strides = new long[shape.Length];
        for (int axis = shape.Length - 1, stride = 1; axis >= 0; stride *= (int)shape[axis--]) strides[axis] = stride;
        return p => p.Tensor(key, values.Length, 0, shape, strides);
    }
}
