using Fovea.Core.Files;
using Fovea.Data;
using Fovea.Export.Images;
using Fovea.Export.Names;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Export;

/// <summary>
/// Trained models as a folder that other libraries open: <c>model.safetensors</c> with the names and shapes that they
/// have, and what they want to know besides. Our own reader reads the same tensors back.
/// </summary>
public static class WeightsExport
{
    private const string WeightsFile = "model.safetensors", ConfigFile = "config.json",
        ProcessorFile = "preprocessor_config.json", VersionKey = "fovea_version", Position = "pos_embed";

    /// <summary>Writes the folder; of an earlier export in it nothing stays.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made where there is none.</param>
    /// <param name="names">Whose names.</param>
    /// <param name="numbers">How matrices are stored; all else is in single precision.</param>
    /// <param name="imageSize">Side of the images, pixels: positions are resampled to it; null: the model's
    /// own.</param>
    /// <exception cref="UsageException">The code base does not have a part of the model, a number does not fit into
    /// half precision, or the folder holds other files.</exception>
    /// <exception cref="CheckpointException">A file could not be written.</exception>
    public static WeightsSummary Write(TrainedModel model, string folder, WeightNames names,
        WeightNumbers numbers = WeightNumbers.Fp32, int? imageSize = null)
    {
        ImageClassifier classifier = Sized(model, imageSize ?? model.Model.Config.ImageSize);
        ModelConfig config = classifier.Config;
        Obstacle.Require(names, config);
        RequireFree(folder);
        IReadOnlyList<Weight> weights = Dialect(names, config).Write(Weights(classifier));
        if (numbers == WeightNumbers.Fp16) weights = [.. weights.Select(Halved)];
        DatasetInfo data = model.Head.Data;
        string[] classes = config.Classes > 0 ? [.. data.ClassNames] : [];
        ImageSettings images = ImageSettings.Of(model, config.ImageSize);
        List<(string Name, string Text)> configs = names switch
        {
            WeightNames.Huggingface =>
            [
                (ConfigFile, ConfigText.Of(HuggingFaceModel.Config(config, classes, data.IsMultiLabel))),
                (ProcessorFile, ConfigText.Of(HuggingFaceModel.Processor(images))),
            ],
            WeightNames.Timm => [(ConfigFile, ConfigText.Of(TimmModel.Config(model.Head.Recipe.Model.Name, config,
                images, classes, data.Name)))],
            _ => [],
        };
        string path = Path.Combine(folder, WeightsFile);
        Dictionary<string, string> metadata = new() { [VersionKey] = Machine.Version };
        Recipe recipe = model.Head.Recipe;
        if (FixedPositions(classifier) is not null)   // they are written as if they were learned
            recipe = recipe with { Model = recipe.Model with { Position = PositionKind.Learned } };
        recipe = recipe with { Model = recipe.Model with { PositionGrid = config.Describe().PositionGrid } };
        ModelNote.Of(recipe, config.ImageSize, data, classifier.Context.Epoch).AddTo(metadata);
        try
        {
            Directory.CreateDirectory(folder);
            ModelWeights.Export(path, weights, images.Normalization, config.Classes > 0 ? classes : null,
                data.IsMultiLabel, metadata);
            foreach ((string name, string text) in configs) AtomicFile.WriteText(Path.Combine(folder, name), text);
            foreach (string old in (string[])[ConfigFile, ProcessorFile])
                if (configs.All(one => one.Name != old)) File.Delete(Path.Combine(folder, old));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder}: cannot be written: {error.Message}", error);
        }

        return new WeightsSummary(folder, [WeightsFile, .. configs.Select(one => one.Name)], weights.Count,
            config.Classes, new FileInfo(path).Length);
    }

    /// <summary>Names and shapes of a model's tensors in a code base.</summary>
    internal static NamingDialect Dialect(WeightNames names, ModelConfig config) => (names, config) switch
    {
        (WeightNames.Huggingface, _) => HuggingFaceModel.Dialect(config),
        (WeightNames.Cvt, _) => NamingDialect.Cvt,
        (_, ResNetConfig) => NamingDialect.ResNet,
        (WeightNames.Torchvision, _) => NamingDialect.TorchvisionVit,
        (WeightNames.Dinov2, VisionTransformerConfig vit) =>
            NamingDialect.DinoV2(vit.RegisterTokens > 0, vit.GatedMlp),
        (_, VisionTransformerConfig vit) when TimmModel.IsEva(vit) => NamingDialect.Eva(vit.GatedMlp),
        _ => NamingDialect.Timm,
    };

    /// <summary>A model's tensors under timm's names, with fixed positions as if they were learned: other libraries
    /// know no others.</summary>
    internal static IReadOnlyList<Weight> Weights(ImageClassifier model)
    {
        List<Weight> weights = [.. model.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value) with
        {
            Type = entry.Tensor is ModuleBuffer { Drawn: true } ? WeightType.I64 : WeightType.F32,
        })];
        if (FixedPositions(model) is { } positions) weights.Insert(0, Weight.Of(Position, positions.Value));
        return weights;
    }

    /// <summary>The model for images of a size.</summary>
    private static ImageClassifier Sized(TrainedModel model, int size)
    {
        ImageClassifier own = model.Model;
        if (size == own.Config.ImageSize) return own;
        ModelOptions trained = new() { PositionGrid = own.Config.Describe().PositionGrid };
        ImageClassifier other = (own.Config.Apply(trained) with { ImageSize = size }).Build();
        Weight[] weights = [.. own.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))];
        LoadPlan.Create(other, new StateDict(NamingSchemes.Timm, "", weights, []), model.Path, Device.Cpu)
            .Initialize(other, Device.Cpu, 0);
        other.Context = own.Context;
        return other;
    }

    /// <summary>Positions that nothing trains; null where there are none.</summary>
    private static ModuleBuffer? FixedPositions(ImageClassifier model) =>
        model.NamedBuffers().FirstOrDefault(entry => entry.Name == Position && !entry.Buffer.Persistent).Buffer;

    private static Weight Halved(Weight weight)
    {
        if (weight.Shape.Count < 2 || weight.Type != WeightType.F32) return weight;
        float[] values = weight.ToArray();
        if (Array.FindIndex(values, value => !Half.IsFinite((Half)value)) is >= 0 and int place)
            throw new UsageException(
                $"'{weight.Name}' has {values[place]}, which half precision does not hold; export it in fp32.")
            { Field = "precision" };
        return weight with { Type = WeightType.F16 };
    }

    /// <summary>An empty folder, or one that this wrote.</summary>
    private static void RequireFree(string folder)
    {
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file: name a folder, for the weights and what describes them.")
            { Field = "out" };
        if (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any()) return;
        string path = Path.Combine(folder, WeightsFile);
        if (File.Exists(path) && IsOurs(path)) return;
        throw new UsageException($"'{folder}' holds other files: name a folder that is new or empty.")
        { Field = "out" };
    }

    private static bool IsOurs(string path)
    {
        try
        {
            using WeightFile file = WeightFiles.Open(path);
            return file.Metadata.ContainsKey(VersionKey);
        }
        catch (FoveaException)
        {
            return false;
        }
    }
}

/// <summary>Result of an export of weights.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Files">Names of its files.</param>
/// <param name="Tensors">Tensors written.</param>
/// <param name="Classes">Classes of the head.</param>
/// <param name="Bytes">Length of the weights.</param>
public sealed record WeightsSummary(string Path, IReadOnlyList<string> Files, int Tensors, int Classes, long Bytes);
