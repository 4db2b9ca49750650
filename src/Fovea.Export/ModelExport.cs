using System.Globalization;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Transforms.Pixels;
using Fovea.Export.Images;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Runs;

namespace Fovea.Export;

/// <summary>Trained models as ONNX, with what a reader has to know besides the graph.</summary>
public static class ModelExport
{
    /// <summary>Writes a trained model with its preparation of images and the names of its classes as
    /// metadata.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="options">Its form; metadata and preparation are the model's own.</param>
    /// <param name="preprocess">The graph prepares images itself, from bytes <c>[batch, height, width,
    /// channel]</c>.</param>
    /// <exception cref="UsageException">An option is out of range, or a part of the model has no counterpart in
    /// ONNX.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static OnnxSummary Write(TrainedModel model, string path, OnnxOptions options, bool preprocess)
    {
        int size = options.ImageSize ?? model.Model.Config.ImageSize;
        DatasetInfo data = model.Head.Data;
        ImageSettings images = ImageSettings.Of(model, size);
        Dictionary<string, string> metadata = new()
        {
            ["fovea_version"] = Machine.Version,
            ["model"] = model.Head.Recipe.Model.Name,
            ["preprocessing"] = preprocess ? "in the graph" : "by the caller",
            ["weights"] = options.Weights.ToString().ToLowerInvariant(),
            ["dataset"] = data.Name,
            ["class_names"] = JsonText.Line(data.ClassNames),
        };
        foreach ((string key, string value) in Describe(images, model.Model.Config.Channels)) metadata[key] = value;
        if (model.Model.Config.Describe().Attention is { } attention) metadata["attention"] = attention.ToString();
        if (data.IsMultiLabel) metadata[ModelWeights.MultiLabelKey] = "true";
        Preprocessing? steps = preprocess ? Steps(images) : null;
        return OnnxExport.Write(model.Model, path, options with { Metadata = metadata, Preprocessing = steps });
    }

    /// <summary>Metadata on how images are prepared.</summary>
    internal static Dictionary<string, string> Describe(ImageSettings images, int channels) => new()
    {
        ["image_size"] = Text(images.Size),
        ["image_channels"] = Text(channels),
        ["image_mean"] = Text(images.Normalization.Mean),
        ["image_std"] = Text(images.Normalization.Std),
        ["image_resize"] = images.ShorterSide is int pixels
            ? $"shorter side to {Text(pixels)}, middle {Text(images.Size)} cut out"
            : $"to {Text(images.Size)}x{Text(images.Size)}",
        ["interpolation"] = images.Interpolation.ToString().ToLowerInvariant(),
    };

    private static Preprocessing Steps(ImageSettings images)
    {
        if (images.Interpolation is not (Interpolation.Bilinear or Interpolation.Bicubic))
            throw new UsageException("ONNX does not resize with the filter "
                + $"'{images.Interpolation.ToString().ToLowerInvariant()}': prepare images outside the graph, or give "
                + "bilinear or bicubic.")
            { Field = "interpolation" };
        return new Preprocessing
        {
            Mean = images.Normalization.Mean,
            Std = images.Normalization.Std,
            ShorterSide = images.ShorterSide,
            IsBicubic = images.Interpolation == Interpolation.Bicubic,
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(IEnumerable<float> numbers) =>
        string.Join(',', numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
}
