using System.Text.Json;
using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms.Pixels;
using Fovea.Export.Names;
using Fovea.Export.Tests.Support;
using Fovea.Nn;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Fovea.Export.Tests;

/// <summary>Weights under other libraries' names, read back by our reader.</summary>
public sealed class WeightsExportTests
{
    private static readonly string[] Plain =
    [
        "vit", "vit-cifar", "visual-attention", "vit_tiny_patch16_224", "vit_small_patch16_224",
        "vit_small_patch32_224", "vit_base_patch8_224", "vit_base_patch16_224", "vit_base_patch32_224",
        "vit_large_patch16_224", "vit_large_patch32_224", "vit_huge_patch14_224", "vit_32x1280",
        "deit_tiny_patch16_224",
        "deit_small_patch16_224", "deit_base_patch16_224",
    ];

    private static readonly string[] Distilled = ["deit_tiny_distilled_patch16_224",
        "deit_small_distilled_patch16_224", "deit_base_distilled_patch16_224"];

    private static readonly string[] Features =
        [.. from size in "sblg" from end in (string[])["", "_reg"] select $"dinov2_vit{size}14{end}"];

    private static readonly string[] Hybrid =
        ["vit_small_r26_s32_224", "vit_base_r50_s16_224", "vit_large_r50_s32_224"];

    private static readonly string[] Rotated =
        [.. from size in (string[])["small", "small_plus", "base", "large"] select $"vit_{size}_patch16_dinov3",
            "dinov3_vits16", "dinov3_vits16plus", "dinov3_vitb16", "dinov3_vitl16"];

    private static readonly string[] Siglip = [.. Presets.All.Select(preset => preset.Name)
        .Where(name => name.Contains("siglip", StringComparison.Ordinal))];

    private static readonly string[] Windowed =
        ["swin-nano", .. from size in (string[])["tiny", "small", "base", "large"]
                         select $"swin_{size}_patch4_window7_224"];

    private static readonly string[] Residual = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"];

    public static TheoryData<WeightNames, string> Writable =>
        [.. from names in Enum.GetValues<WeightNames>() from preset in Expected(names) select (names, preset)];

    /// <summary>Every preset, so that none is refused or let through unseen.</summary>
    [Theory]
    [InlineData(WeightNames.Timm)]
    [InlineData(WeightNames.Torchvision)]
    [InlineData(WeightNames.Huggingface)]
    [InlineData(WeightNames.Dinov2)]
    [InlineData(WeightNames.Cvt)]
    public void The_presets_that_a_library_has_are_these(WeightNames names) => Assert.Equal(Expected(names).Order(),
        Presets.All.Where(preset => Obstacle.Of(names, preset.Config) is null).Select(preset => preset.Name).Order());

    [Theory]
    [MemberData(nameof(Writable))]
    public void What_is_written_is_read_back_bit_for_bit(WeightNames names, string preset)
    {
        using TemporaryFolder folder = new();
        ModelConfig config = Shrunk(Presets.Find(preset).Config);
        TrainedModel model = Trained(folder, preset, config);
        WeightsSummary summary = WeightsExport.Write(model, folder["out"], names);
        Assert.Equal(config.Classes, summary.Classes);

        using WeightFile file = ModelWeights.Open(folder["out"]);
        StateDict weights = StateDict.Of(file);
        Assert.Equal(file.Weights.Count, summary.Tensors);
        Assert.Equal(SchemeOf(names, config), weights.Scheme);
        ImageClassifier again = config.Build();
        bool isFixed = config is VisionTransformerConfig vit && vit.Position.Has(PositionKind.SinCos2d);
        LoadPlan plan = LoadPlan.Create(again, weights, file.Path, Device.Cpu, strict: !isFixed);
        plan.Initialize(again, Device.Cpu, 99);
        again.Train(false);
        Assert.Equal(isFixed ? ["pos_embed"] : [], plan.Report.Unexpected);
        Assert.All(model.Model.NamedState().Zip(again.NamedState()), pair =>
        {
            Assert.Equal(pair.First.Name, pair.Second.Name);
            Assert.True(Bits(pair.First.Tensor).SequenceEqual(Bits(pair.Second.Tensor)), pair.First.Name);
        });
        float[] images = Models.Images(config, 2);
        Assert.Equal(Models.Scores(model.Model, images, 2), Models.Scores(again, images, 2));
        if (config.Classes > 0) Assert.Equal(model.Head.Data.ClassNames, ModelWeights.ClassNamesOf(file));
        Assert.Equal(model.Head.Data.Normalization.Mean, ModelWeights.NormalizationOf(file)?.Mean);
        Assert.Equal(model.Head.Data.Normalization.Std, ModelWeights.NormalizationOf(file)?.Std);
    }

    /// <summary>Without a classifier head, and with one behind DINOv2.</summary>
    [Theory]
    [InlineData(WeightNames.Huggingface, "vit_small_patch16_224", 0, "ViTModel", "embeddings.cls_token")]
    [InlineData(WeightNames.Huggingface, "deit_tiny_distilled_patch16_224", 0, "DeiTModel", "embeddings.cls_token")]
    [InlineData(WeightNames.Huggingface, "resnet50", 0, "ResNetModel", "embedder.embedder.convolution.weight")]
    [InlineData(WeightNames.Huggingface, "dinov2_vits14", 10, "Dinov2ForImageClassification",
        "dinov2.embeddings.mask_token")]
    [InlineData(WeightNames.Huggingface, "dinov2_vitg14_reg", 10, "Dinov2WithRegistersForImageClassification",
        "dinov2_with_registers.encoder.layer.0.mlp.weights_in.weight")]
    [InlineData(WeightNames.Dinov2, "dinov2_vitg14_reg", 10, null, "blocks.1.mlp.w12.weight")]
    public void A_head_is_there_or_not(WeightNames names, string preset, int classes, string? architecture,
        string tensor)
    {
        using TemporaryFolder folder = new();
        ModelConfig config = Shrunk(Presets.Find(preset).Config) with { Classes = classes };
        TrainedModel model = Trained(folder, preset, config);
        WeightsExport.Write(model, folder["out"], names);
        if (architecture is not null)
            Assert.Equal(architecture, Json(folder, "config.json").GetProperty("architectures")[0].GetString());
        using WeightFile file = ModelWeights.Open(folder["out"]);
        Assert.Contains(file.Weights, weight => weight.Name == tensor);
        ImageClassifier again = config.Build();
        LoadPlan.Create(again, StateDict.Of(file), file.Path, Device.Cpu, strict: true)
            .Initialize(again, Device.Cpu, 99);
        Assert.All(model.Model.NamedState().Zip(again.NamedState()), pair =>
            Assert.True(Bits(pair.First.Tensor).SequenceEqual(Bits(pair.Second.Tensor)), pair.First.Name));
    }

    /// <summary>A head of transformers' Dinov2 that reads the patches' mean is not ours, and is not cut.</summary>
    [Fact]
    public void A_head_with_weights_of_the_mean_is_not_taken()
    {
        ModelConfig config = Shrunk(Presets.Find("dinov2_vits14").Config) with { Classes = 10 };
        IReadOnlyList<Weight> written =
            NamingDialect.HfDinov2(false, false).Write(WeightsExport.Weights(Models.Create(config)));
        Weight head = written.Single(weight => weight.Name == "classifier.weight");
        float[] values = head.ToArray();
        values[^1] = 0.5f;
        using FileOf file = new([.. written.Where(weight => weight != head),
            head with { Values = (first, part) => values.AsSpan((int)first, part.Length).CopyTo(part) }]);
        Assert.Equal([10, 48], StateDict.Of(file).Weights.Single(weight => weight.Name == "head.weight").Shape);
    }

    [Theory]
    [InlineData("timm-vit", "weights.hf.safetensors", WeightNames.Huggingface)]
    [InlineData("timm-vit", "weights.safetensors", WeightNames.Timm)]
    [InlineData("timm-vit-distilled", "weights.safetensors", WeightNames.Timm)]
    [InlineData("timm-dinov2", "weights.hf.safetensors", WeightNames.Huggingface)]
    [InlineData("timm-dinov2", "weights.fb.safetensors", WeightNames.Dinov2)]
    [InlineData("timm-dinov2", "weights.safetensors", WeightNames.Timm)]
    [InlineData("timm-dinov2-reg4", "weights.hf.safetensors", WeightNames.Huggingface)]
    [InlineData("timm-dinov2-reg4", "weights.fb.safetensors", WeightNames.Dinov2)]
    [InlineData("timm-dinov2-reg4", "weights.safetensors", WeightNames.Timm)]
    [InlineData("timm-dinov2-swiglu", "weights.hf.safetensors", WeightNames.Huggingface)]
    [InlineData("timm-dinov2-swiglu", "weights.fb.safetensors", WeightNames.Dinov2)]
    [InlineData("torchvision-vit", "weights.safetensors", WeightNames.Torchvision)]
    [InlineData("torchvision-resnet18", "weights.safetensors", WeightNames.Torchvision)]
    [InlineData("torchvision-resnet-bottleneck", "weights.safetensors", WeightNames.Timm)]
    [Trait("Category", "Golden")]
    public void Names_shapes_and_numbers_are_those_of_the_library(string fixture, string name, WeightNames names)
    {
        Golden golden = Golden.Load(fixture);
        using WeightFile file = WeightFiles.Open(Path.Combine(golden.Folder, name));
        Dictionary<string, Weight> theirs = file.Weights.ToDictionary(weight => weight.Name),
            ours = Dialect(names, file).Write(StateDict.Of(file).Weights).ToDictionary(weight => weight.Name);
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        Assert.All(theirs.Values, weight =>
        {
            Assert.Equal(weight.Shape, ours[weight.Name].Shape);
            // the position of the class token is in the token; mask tokens are for training
            if (weight.Name.EndsWith("mask_token", StringComparison.Ordinal)) return;
            if (fixture.EndsWith("reg4", StringComparison.Ordinal) && names != WeightNames.Timm
                && (weight.Name.EndsWith("cls_token", StringComparison.Ordinal)
                || weight.Name.Contains("pos", StringComparison.Ordinal))) return;
            Assert.Equal(weight.ToArray(), ours[weight.Name].ToArray());
        });
    }

    [Fact]
    public void Half_precision_is_that_of_matrices()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Trained(folder, "vit", Shrunk(Presets.Find("vit").Config));
        WeightsExport.Write(model, folder["out"], WeightNames.Huggingface, WeightNumbers.Fp16);
        using WeightFile file = ModelWeights.Open(folder["out"]);
        Assert.All(file.Weights, weight =>
            Assert.Equal(weight.Shape.Count > 1 ? WeightType.F16 : WeightType.F32, weight.Type));
        float[] head = model.Model.NamedState().Single(entry => entry.Name == "head.weight").Tensor.Value.ToArray();
        Assert.Equal(head.Select(value => (float)(Half)value),
            file.Weights.Single(weight => weight.Name == "classifier.weight").ToArray());
    }

    [Fact]
    public void A_weight_beyond_half_precision_is_refused_before_anything_is_written()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Trained(folder, "vit", Shrunk(Presets.Find("vit").Config));
        model.Model.NamedParameters().First(entry => entry.Name == "head.weight").Parameter.Value.CopyFrom([1e5f], 3);
        UsageException error = Assert.Throws<UsageException>(() =>
            WeightsExport.Write(model, folder["out"], WeightNames.Huggingface, WeightNumbers.Fp16));
        Assert.Equal("`precision`: 'classifier.weight' has 100000, which half precision does not hold; export it in "
            + "fp32.", error.Sentence);
        Assert.False(Directory.Exists(folder["out"]));
    }

    /// <summary>Two classes of one name (ImageNet's cranes) stay two.</summary>
    [Fact]
    public void No_class_is_lost()
    {
        System.Text.Json.Nodes.JsonObject json = HuggingFaceModel.Config(
            Presets.Find("vit").Config with { Classes = 4 }, ["crane", "\"<b>", "crane", "Sänger\n"]);
        Assert.Equal("""{"0":"crane","1":"\u0022\u003Cb\u003E","2":"crane","3":"S\u00E4nger\n"}""",
            json["id2label"]!.ToJsonString());
        Assert.Equal([0, 1, 3], json["label2id"]!.AsObject().Select(pair => (int)pair.Value!));
    }

    [Fact]
    public void Another_size_resamples_positions()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Trained(folder, "vit", Shrunk(Presets.Find("vit").Config));
        WeightsExport.Write(model, folder["out"], WeightNames.Huggingface, imageSize: 16);
        Assert.Equal(16, Json(folder, "config.json").GetProperty("image_size").GetInt32());
        using WeightFile file = ModelWeights.Open(folder["out"]);
        Assert.Equal([1, 65, 24],
            file.Weights.Single(weight => weight.Name == "vit.embeddings.position_embeddings").Shape);
        float[] images = Models.Images(model.Model.Config, 2, 16);
        ImageClassifier again = (model.Model.Config with { ImageSize = 16 }).Build();
        LoadPlan.Create(again, StateDict.Of(file), file.Path, Device.Cpu, strict: true)
            .Initialize(again, Device.Cpu, 99);
        again.Train(false);
        Assert.Equal(Models.Scores(model.Model, images, 2, 16), Models.Scores(again, images, 2, 16));
    }

    /// <summary>Positions that nothing trains are resampled as the model does it, not made anew: other libraries read
    /// the table, and ONNX holds the same one.</summary>
    [Theory]
    [InlineData(PositionKind.SinCos2d, 16)]
    [InlineData(PositionKind.SinCos1d, 16)]
    [InlineData(PositionKind.SinCos2d, 4)]
    public void Another_size_resamples_fixed_positions(PositionKind position, int size)
    {
        using TemporaryFolder folder = new();
        VisionTransformerConfig config = Assert.IsType<VisionTransformerConfig>(Shrunk(Presets.Find("vit").Config))
            with
        { Position = position };
        TrainedModel model = Trained(folder, "vit", config);
        WeightsExport.Write(model, folder["out"], WeightNames.Timm, imageSize: size);
        using WeightFile file = ModelWeights.Open(folder["out"]);
        ImageClassifier again = (config with { ImageSize = size, Position = PositionKind.Learned }).Build();
        LoadPlan.Create(again, StateDict.Of(file), file.Path, Device.Cpu, strict: true)
            .Initialize(again, Device.Cpu, 99);
        again.Train(false);
        float[] images = Models.Images(config, 2, size), scores = Models.Scores(again, images, 2, size);
        Assert.Equal(Models.Scores(model.Model, images, 2, size), scores);

        ModelExport.Write(model, folder["model.onnx"], new() { ImageSize = size }, preprocess: false);
        using InferenceSession session = Runtime.Open(folder["model.onnx"]);
        float[] theirs = Runtime.Run(session, images, 2, 3, size, size);
        Assert.All(theirs.Zip(scores), pair => Assert.Equal(pair.Second, pair.First, 1e-4f));
    }

    /// <summary>The file says what no tensor tells, and needs no name of a model.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(16)]
    public void An_export_is_loaded_as_the_model_that_it_was(int? size)
    {
        using TemporaryFolder folder = new();
        Recipe recipe = Recipe.Default with
        {
            Model = new ModelSection
            {
                Name = "vit",
                Dim = 24,
                Depth = 2,
                Heads = 2,
                ImageSize = 8,
                PatchSize = 2,
                Position = PositionKind.SinCos2d,
            },
            Data = new DataSection { CropShare = 0.5, Interpolation = Interpolation.Bicubic },
        };
        DatasetInfo data = ShapesDataset.Load(seed: 0, train: 1, validation: 1, test: 1).Info with { LabelSets = [] };
        TrainedModel model = TrainedModel.Of(Models.Create(ModelChoice.Configure(recipe, data)), recipe, data,
            folder["model"]);
        WeightsExport.Write(model, folder["out"], WeightNames.Timm, imageSize: size);
        TrainedModel again = TrainedModel.Load(folder["out"], Device.Cpu);
        Assert.Equal(size ?? 8, again.Model.Config.ImageSize);
        float[] images = Models.Images(model.Model.Config, 2, size);
        Assert.Equal(Models.Scores(model.Model, images, 2, size), Models.Scores(again.Model, images, 2, size));
        Assert.True(again.Head.Data.IsMultiLabel);
        Assert.Equal((data.Height, data.Width), (again.Head.Data.Height, again.Head.Data.Width));
        Assert.Equal((0.5, Interpolation.Bicubic),
            (again.Head.Recipe.Data.CropShare, again.Head.Recipe.Data.Interpolation));
        Assert.Equal(data.ClassNames, again.Head.Data.ClassNames);
    }

    [Theory]
    [InlineData("{", "fovea_model")]
    [InlineData("""{"parts":{"model":"vit","surprise":"1"},"image_size":8,"channels":3,"height":8,"width":8}""",
        "no field 'surprise'")]
    [InlineData("""{"parts":{},"image_size":8,"channels":3,"height":8,"width":8}""", "names no model")]
    [InlineData("""{"parts":{"model":"vit"},"image_size":8,"channels":9,"height":8,"width":8}""", "channels")]
    [InlineData("""{"parts":{"model":"no-such"},"image_size":8,"channels":3,"height":8,"width":8}""", "no-such")]
    public void A_damaged_note_is_said(string note, string said)
    {
        using TemporaryFolder folder = new();
        using (FileStream stream = File.Create(folder["w.safetensors"]))
            SafetensorsWriter.Write(stream,
                [new Weight("head.bias", WeightType.F32, [1], (_, values) => values.Clear())],
                new Dictionary<string, string> { ["fovea_model"] = note });
        string message = Assert.Throws<CheckpointException>(() =>
            TrainedModel.Load(folder["w.safetensors"], Device.Cpu)).Message;
        Assert.Contains("its metadata 'fovea_model' cannot be read", message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    /// <summary>Whoever reads the file knows that each class is asked for by itself.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Several_classes_of_an_image_are_said(bool isMultiLabel)
    {
        using TemporaryFolder folder = new();
        ImageClassifier classifier = Models.Create(Shrunk(Presets.Find("vit").Config));
        DatasetInfo data = ShapesDataset.Load(seed: 0, train: 1, validation: 1, test: 1).Info with
        {
            LabelSets = isMultiLabel ? [] : null,
        };
        TrainedModel model = TrainedModel.Of(classifier,
            Recipe.Default with { Model = new ModelSection { Name = "vit" } }, data, folder["model"]);
        WeightsExport.Write(model, folder["out"], WeightNames.Huggingface);
        Assert.Equal(isMultiLabel ? "multi_label_classification" : "single_label_classification",
            Json(folder, "config.json").GetProperty("problem_type").GetString());
        using WeightFile file = ModelWeights.Open(folder["out"]);
        Assert.Equal(isMultiLabel, ModelWeights.IsMultiLabel(file));
        Assert.Equal(isMultiLabel ? "true" : null, file.Metadata.GetValueOrDefault("multi_label"));
        ModelWeights.Export(folder["again.safetensors"], StateDict.Of(file),
            isMultiLabel: ModelWeights.IsMultiLabel(file));
        using WeightFile again = ModelWeights.Open(folder["again.safetensors"]);
        Assert.Equal(isMultiLabel, ModelWeights.IsMultiLabel(again));

        ModelExport.Write(model, folder["model.onnx"], new(), preprocess: false);
        Assert.Equal(isMultiLabel ? "true" : null,
            OnnxFile.Read(folder["model.onnx"]).Metadata.GetValueOrDefault("multi_label"));
    }

    [Theory]
    [InlineData(WeightNames.Huggingface, "cct_2_3x2", "embedding 'tokenizer'", "Hugging Face's transformers",
        "`format` onnx holds every model.")]
    [InlineData(WeightNames.Torchvision, "dinov2_vits14", "layer scale", "torchvision",
        "`names` timm and huggingface and dinov2 have all of it; `format` onnx holds every model.")]
    [InlineData(WeightNames.Dinov2, "resnet18", "a residual network", "facebookresearch's dinov2",
        "`names` timm and torchvision and huggingface have all of it; `format` onnx holds every model.")]
    [InlineData(WeightNames.Torchvision, "vit-nano", "pooling 'mean'", "torchvision",
        "`names` timm has all of it; `format` onnx holds every model.")]
    [InlineData(WeightNames.Huggingface, "swin-nano", "a Swin Transformer", "Hugging Face's transformers",
        "`names` timm has all of it; `format` onnx holds every model.")]
    [InlineData(WeightNames.Timm, "vit_dis_small", "attention 'disentangled'", "timm",
        "`format` onnx holds every model.")]
    public void What_a_library_does_not_have_is_refused(WeightNames names, string preset, string part, string library,
        string remedy)
    {
        UsageException error = Assert.Throws<UsageException>(() =>
            Obstacle.Require(names, Presets.Find(preset).Config));
        Assert.Equal($"`names`: {part} cannot be written with the names of {library}.", error.Sentence);
        Assert.Equal(("names", remedy), (error.Field, error.Remedy));
    }

    [Fact]
    public void Other_parts_that_a_library_does_not_have()
    {
        VisionTransformerConfig vit = Models.WithAttention("softmax");
        Assert.Null(Obstacle.Of(WeightNames.Torchvision, vit));
        foreach ((VisionTransformerConfig config, string part) in new (VisionTransformerConfig, string)[]
        {
            (vit with { HeadDim = 8 }, "a head that is not dim / heads wide"),
            (vit with { Channels = 1 }, "a model for images of 1 channel"),
            (vit with { NormEpsilon = 1e-5f }, "a layer norm with an epsilon of 1E-05"),
            (vit with { Activation = UnaryOperator.Relu }, "activation 'relu'"),
            (vit with { QkvBias = false }, "a projection to queries, keys and values without bias"),
            (vit with { ProjectionBias = false }, "an output projection without bias"),
            (vit with { NormedResidual = true }, "a norm on the residual path"),
            (vit with { MlpDim = 0 }, "a block without an MLP"),
            (vit with { RegisterTokens = 2 }, "a register token"),
            (vit with { PrefixPositions = false }, "a class token without a position"),
            (vit with { Position = PositionKind.None }, "position 'none'"),
            (vit with { Position = "learned+rope" }, "position 'rope'"),
            (vit with { Norm = NormKind.RmsNorm }, "norm 'rmsnorm'"),
            (vit with { QkNorm = true }, "norm of queries and keys"),
            (vit with { AttentionGate = AttentionGate.Head }, "a gate behind attention"),
            (vit with { ParallelBlocks = true }, "parallel blocks"),
            (vit with { Pooling = Pooling.Map }, "pooling 'map'"),
            (vit with { Pooling = Pooling.NormedMean }, "pooling 'normedmean'"),
            (vit with { Attention = "softmax,softmax:scale=0.5" }, "attention 'softmax:scale=0.5'"),
            (vit with { Attention = "softmax:window=2" }, "attention 'softmax:window=2'"),
        })
            Assert.Equal(part, Obstacle.Of(WeightNames.Torchvision, config));
    }

    /// <summary>timm fills up windows and shrinks them, which gives other scores.</summary>
    [Fact]
    public void Windows_that_timm_computes_otherwise_are_refused()
    {
        SwinConfig swin = Assert.IsType<SwinConfig>(Presets.Find("swin-nano").Config);
        Assert.Equal("a window of 4 on a grid of 14", Obstacle.Of(WeightNames.Timm, swin with { ImageSize = 28 }));
        Assert.Equal("a window of 4 on a grid of 2", Obstacle.Of(WeightNames.Timm, swin with { ImageSize = 16 }));
        foreach ((Func<VisionTransformerConfig, VisionTransformerConfig> change, string part) in
            new (Func<VisionTransformerConfig, VisionTransformerConfig>, string)[]
        {
            (first => first with { Attention = "swin:4,softmax" }, "attention 'swin:4,softmax'"),
            (first => first with { Attention = "swin:window=4,shift=1" }, "attention 'swin:shift=1,window=4'"),
            (first => first with { Attention = "linear" }, "attention 'linear'"),
            (first => first with { NormEpsilon = 1e-6f }, "a layer norm with an epsilon of 1E-06"),
            (first => first with { LayerScale = 0.1f }, "an option of this model"),
            (first => first with { GatedMlp = true }, "an option of this model"),
        })
            Assert.Equal(part, Obstacle.Of(WeightNames.Timm, swin with { FirstStage = change(swin.FirstStage) }));
    }

    [Fact]
    public void Configurations_say_what_hugging_face_reads()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Trained(folder, "vit", Shrunk(Presets.Find("vit").Config), recipe => recipe with
        {
            Data = recipe.Data with { CropShare = 0.5, Interpolation = Interpolation.Bicubic },
        });
        WeightsExport.Write(model, folder["out"], WeightNames.Huggingface);
        JsonElement config = Json(folder, "config.json"), images = Json(folder, "preprocessor_config.json");
        Assert.Equal("vit", config.GetProperty("model_type").GetString());
        Assert.Equal((24, 2, 2, 40), (Whole(config, "hidden_size"), Whole(config, "num_hidden_layers"),
            Whole(config, "num_attention_heads"), Whole(config, "intermediate_size")));
        Assert.Equal((8, 2, 3), (Whole(config, "image_size"), Whole(config, "patch_size"),
            Whole(config, "num_channels")));
        Assert.Equal(1e-6, config.GetProperty("layer_norm_eps").GetDouble());
        Assert.True(config.GetProperty("qkv_bias").GetBoolean());
        Assert.Equal("float32", config.GetProperty("torch_dtype").GetString());
        Assert.Equal(model.Head.Data.ClassNames,
            config.GetProperty("id2label").EnumerateObject().Select(one => one.Value.GetString()));
        Assert.Equal(Enumerable.Range(0, 10),
            model.Head.Data.ClassNames.Select(name => Whole(config.GetProperty("label2id"), name)));
        Assert.Equal(("BitImageProcessor", 16, 3), (images.GetProperty("image_processor_type").GetString(),
            Whole(images.GetProperty("size"), "shortest_edge"), Whole(images, "resample")));
        Assert.Equal((8, 8), (Whole(images.GetProperty("crop_size"), "height"),
            Whole(images.GetProperty("crop_size"), "width")));
        Assert.Equal(model.Head.Data.Normalization.Mean,
            images.GetProperty("image_mean").EnumerateArray().Select(number => number.GetSingle()));
        Assert.Equal(model.Head.Data.Normalization.Std,
            images.GetProperty("image_std").EnumerateArray().Select(number => number.GetSingle()));
        Assert.Equal(1 / 255.0, images.GetProperty("rescale_factor").GetDouble());
    }

    [Fact]
    public void Small_images_are_resized_as_a_whole()
    {
        using TemporaryFolder folder = new();
        WeightsExport.Write(Trained(folder, "vit", Shrunk(Presets.Find("vit").Config)), folder["out"],
            WeightNames.Huggingface);
        JsonElement images = Json(folder, "preprocessor_config.json");
        Assert.Equal(("ViTImageProcessor", 8, 2), (images.GetProperty("image_processor_type").GetString(),
            Whole(images.GetProperty("size"), "height"), Whole(images, "resample")));
    }

    [Theory]
    [InlineData("deit_small_patch16_224", "deit_small_patch16_224", "{}")]
    [InlineData("vit-small", "vit_small_patch16_224", "{}")]
    [InlineData("dinov2_vits14_reg", "vit_small_patch14_reg4_dinov2", "{}")]
    [InlineData("resnet101", "resnet101", "{}")]
    [InlineData("deit-tiny", "deit_tiny_patch16_224", "{}")]
    [InlineData("dinov3_vits16plus", "vit_small_plus_patch16_dinov3_qkvb", """{"global_pool":"token"}""")]
    [InlineData("vit_large_patch16_dinov3", "vit_large_patch16_dinov3", """{"global_pool":"token"}""")]
    [InlineData("vit_base_patch16_siglip_224", "vit_base_patch16_siglip_224", """{"act_layer":"gelu_tanh"}""")]
    [InlineData("siglip2-base-patch32-256", "vit_base_patch32_siglip_256", "{}")]
    [InlineData("vit_base_patch16_siglip_gap_224", "vit_base_patch16_siglip_gap_224",
        """{"act_layer":"gelu_tanh"}""")]
    [InlineData("siglip2-base-patch32-256-gap", "vit_base_patch32_siglip_gap_256", "{}")]
    [InlineData("vit_small_r26_s32_224", "vit_small_r26_s32_224", "{}")]
    [InlineData("swin-small", "swin_small_patch4_window7_224", "{}")]
    [InlineData("swin-nano", "swin_tiny_patch4_window7_224",
        """{"img_size":32,"patch_size":2,"window_size":4,"embed_dim":48,"depths":[2,2,2],"num_heads":[3,6,12]}""")]
    [InlineData("vit-cifar", "vit_base_patch16_224",
        """{"img_size":32,"patch_size":4,"embed_dim":384,"depth":4,"num_heads":6}""")]
    [InlineData("vit-nano", "vit_base_patch16_224",
        """{"img_size":32,"patch_size":4,"embed_dim":96,"depth":4,"num_heads":3,"mlp_ratio":2,""" +
        """ "class_token":false,"global_pool":"avg"}""")]
    public void Timm_gets_the_architecture_and_its_arguments(string preset, string architecture, string arguments)
    {
        ModelConfig config = Presets.Find(preset).Config;
        System.Text.Json.Nodes.JsonObject json = TimmModel.Config(preset, config,
            new(config.ImageSize, 256, 0.875, Interpolation.Bicubic,
                Normalization.ImageNet), ["cat", "dog"], "pets");
        Assert.Equal(architecture, (string?)json["architecture"]);
        Assert.Equal(arguments.Replace(" ", ""), json["model_args"]!.ToJsonString());
        Assert.Equal(("bicubic", 0.875, "center"), ((string?)json["pretrained_cfg"]!["interpolation"],
            (double?)json["pretrained_cfg"]!["crop_pct"], (string?)json["pretrained_cfg"]!["crop_mode"]));
        Assert.Equal("[0.485,0.456,0.406]", json["pretrained_cfg"]!["mean"]!.ToJsonString());
        if (config.Classes > 0) Assert.Equal("""["cat","dog"]""", json["label_names"]!.ToJsonString());
    }

    [Fact]
    public void A_folder_of_others_is_left_alone_and_ours_is_replaced()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Trained(folder, "vit", Shrunk(Presets.Find("vit").Config));
        Directory.CreateDirectory(folder["out"]);
        File.WriteAllText(Path.Combine(folder["out"], "config.json"), "theirs");
        UsageException error = Assert.Throws<UsageException>(() =>
            WeightsExport.Write(model, folder["out"], WeightNames.Timm));
        Assert.Equal("out", error.Field);
        Assert.Equal(["config.json"], Directory.GetFiles(folder["out"]).Select(Path.GetFileName));

        WeightsExport.Write(model, folder["new"], WeightNames.Huggingface);
        Assert.Equal(["config.json", "model.safetensors", "preprocessor_config.json"],
            Directory.GetFiles(folder["new"]).Select(Path.GetFileName).Order());
        WeightsExport.Write(model, folder["new"], WeightNames.Timm);
        Assert.Equal(["config.json", "model.safetensors"],
            Directory.GetFiles(folder["new"]).Select(Path.GetFileName).Order());
        WeightsExport.Write(model, folder["new"], WeightNames.Torchvision);
        Assert.Equal(["model.safetensors"], Directory.GetFiles(folder["new"]).Select(Path.GetFileName));
    }

    private static string[] Expected(WeightNames names) => names switch
    {
        WeightNames.Timm => [.. Plain, "vit-nano", .. Distilled, .. Features, .. Hybrid, .. Rotated, .. Siglip,
            .. Windowed,
            .. Residual],
        WeightNames.Torchvision => [.. Plain, .. Residual],
        WeightNames.Huggingface => [.. Plain, .. Distilled, .. Features, .. Residual],
        WeightNames.Cvt => ["cvt-nano", "cvt_13", "cvt_21"],
        _ => [.. Plain, .. Features],
    };

    private static NamingScheme SchemeOf(WeightNames names, ModelConfig config) => (names, config) switch
    {
        (WeightNames.Huggingface, _) => NamingSchemes.HuggingFace,
        (WeightNames.Cvt, _) => NamingSchemes.Cvt,
        (_, ResNetConfig) => NamingSchemes.ResNet,
        (WeightNames.Torchvision, _) => NamingSchemes.TorchvisionVit,
        (WeightNames.Dinov2, _) => NamingSchemes.DinoV2,
        (_, VisionTransformerConfig vit) when vit.Position.Equals(PositionKind.Rope) => NamingSchemes.Eva,
        _ => NamingSchemes.Timm,
    };

    /// <summary>The dialect of a fixture's model, from what it holds.</summary>
    private static NamingDialect Dialect(WeightNames names, WeightFile file)
    {
        bool Has(string part) => file.Weights.Any(weight => weight.Name.Contains(part, StringComparison.Ordinal));
        bool registers = Has("register_token"), gated = Has("weights_in") || Has("w12");
        return names switch
        {
            WeightNames.Huggingface => Has("mask_token") ? NamingDialect.HfDinov2(registers, gated).Bare
                : NamingDialect.HfVit,
            WeightNames.Dinov2 => NamingDialect.DinoV2(registers, gated),
            WeightNames.Torchvision when Has("conv_proj") => NamingDialect.TorchvisionVit,
            _ => Has("layer1") ? NamingDialect.ResNet : NamingDialect.Timm,
        };
    }

    /// <summary>A preset with all that makes it what it is, but few and small blocks.</summary>
    private static ModelConfig Shrunk(ModelConfig config) => config switch
    {
        VisionTransformerConfig vit => vit with
        {
            ImageSize = 4 * vit.PatchSize,
            Dim = 24,
            Depth = 2,
            Heads = 2,
            MlpDim = vit.GatedMlp ? 64 : vit.LayerScale is null ? 40 : 48,
        },
        SwinConfig or CvtConfig => Models.Shrunk(config),
        ResNetConfig resnet => resnet with { ImageSize = 40, Layers = [1, 2, 1, 1] },
        _ => config,
    } with
    { Classes = config.Classes > 0 ? 10 : 0 };

    /// <summary>A model with random weights, as if it had been trained on the ten shapes.</summary>
    private static TrainedModel Trained(TemporaryFolder folder, string preset, ModelConfig config,
        Func<Recipe, Recipe>? change = null)
    {
        ImageClassifier model = Models.Create(config);
        Recipe recipe = Recipe.Default with { Model = new ModelSection { Name = preset } };
        DatasetSplits shapes = ShapesDataset.Load(seed: 0, train: 1, validation: 1, test: 1);
        return TrainedModel.Of(model, change?.Invoke(recipe) ?? recipe, shapes.Info, folder["model"]);
    }

    private static JsonElement Json(TemporaryFolder folder, string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["out"], name))).RootElement;

    private static int Whole(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private static IEnumerable<int> Bits(NamedTensor tensor) =>
        tensor.Value.ToArray().Select(BitConverter.SingleToInt32Bits);

    private sealed class FileOf(IReadOnlyList<Weight> weights) : WeightFile
    {
        public override string Path => "memory";

        public override string Format => "memory";

        public override IReadOnlyList<Weight> Weights => weights;

        protected override void Dispose(bool disposing)
        {
        }
    }
}
