using Fovea.Data;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using Fovea.Training.Models;
using Fovea.Training.Recipes;

namespace Fovea.Export.Images;

/// <summary>Way from an image to a model's input, as evaluation goes it.</summary>
/// <param name="Size">Side of the input, pixels.</param>
/// <param name="ShorterSide">Pixels to which the shorter side is resized before the middle is cut out; null: the image
/// is resized as a whole.</param>
/// <param name="Share">Size as a share of the shorter side.</param>
/// <param name="Interpolation">How it is resized.</param>
/// <param name="Normalization">Mean and deviation of each channel, of samples from 0 to 1.</param>
internal sealed record ImageSettings(int Size, int? ShorterSide, double Share, Interpolation Interpolation,
    Normalization Normalization)
{
    /// <summary>That of a trained model for images of a size.</summary>
    public static ImageSettings Of(TrainedModel model, int size)
    {
        DatasetInfo data = model.Head.Data;
        DataSection how = model.Head.Recipe.Data;
        Interpolation interpolation = how.Interpolation ?? Interpolation.Bilinear;
        // the transforms of evaluation: none, or the shorter side and a crop
        int? shorterSide = Augmentation.Evaluation(data, size, how.CropShare, interpolation).Steps
            .OfType<Resize>().FirstOrDefault()?.Height;
        return new(size, shorterSide, shorterSide is null ? 1 : how.CropShare ?? Augmentation.UsualShare(data),
            interpolation, data.Normalization.ForChannels(model.Model.Config.Channels));
    }
}
