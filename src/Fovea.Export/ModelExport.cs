using System.Globalization;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Transforms.Pixels;
using Fovea.Export.Images;
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
        ImagePreparation images = ImagePreparation.Of(model, size);
        (Normalization normalization, int? shorterSide, Interpolation interpolation) =
            (images.Normalization, images.ShorterSide, images.Interpolation);
        Dictionary<string, string> metadata = new()
        {
            ["fovea_version"] = Machine.Version,
            ["model"] = model.Head.Recipe.Model.Name,
            ["image_size"] = Text(size),
            ["image_channels"] = Text(model.Model.Config.Channels),
            ["image_mean"] = Text(normalization.Mean),
            ["image_std"] = Text(normalization.Std),
            ["image_resize"] = shorterSide is int pixels
                ? $"shorter side to {Text(pixels)}, middle {Text(size)} cut out"
                : $"to {Text(size)}x{Text(size)}",
            ["interpolation"] = interpolation.ToString().ToLowerInvariant(),
            ["preprocessing"] = preprocess ? "in the graph" : "by the caller",
            ["weights"] = options.Weights.ToString().ToLowerInvariant(),
            ["dataset"] = data.Name,
            ["class_names"] = JsonText.Line(data.ClassNames),
        };
        if (model.Model.Config.Describe().Attention is { } attention) metadata["attention"] = attention.ToString();
        Preprocessing? steps = preprocess ? Steps(normalization, shorterSide, interpolation) : null;
        return OnnxExport.Write(model.Model, path, options with { Metadata = metadata, Preprocessing = steps });
    }

    private static Preprocessing Steps(Normalization normalization, int? shorterSide, Interpolation interpolation)
    {
        if (interpolation is not (Interpolation.Bilinear or Interpolation.Bicubic))
            throw new UsageException(
                $"ONNX does not resize with the filter '{interpolation.ToString().ToLowerInvariant()}': prepare images "
                    + "outside the graph, or give bilinear or bicubic.")
            { Field = "interpolation" };
        return new Preprocessing
        {
            Mean = normalization.Mean,
            Std = normalization.Std,
            ShorterSide = shorterSide,
            IsBicubic = interpolation == Interpolation.Bicubic,
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(IEnumerable<float> numbers) =>
        string.Join(',', numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
}
