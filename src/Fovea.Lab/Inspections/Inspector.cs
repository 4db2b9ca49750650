using Fovea.Data;
using Fovea.Training.Models;
using Fovea.Vision;

namespace Fovea.Lab.Inspections;

/// <summary>Requirements of inspections on a model and its images.</summary>
internal static class Inspector
{
    /// <summary>The model, if its blocks can be looked into.</summary>
    /// <exception cref="UsageException">They cannot.</exception>
    public static IBlockModel Blocks(TrainedModel model, string what) => model.Model as IBlockModel
        ?? throw new UsageException($"'{model.Head.Recipe.Model.Name}' has no blocks of attention heads that share one "
            + $"width of tokens, which {what} needs; Vision Transformers have.");

    /// <summary>The model, if it has attention.</summary>
    /// <exception cref="UsageException">It has none.</exception>
    public static IAttentionModel Attention(TrainedModel model) => model.Model as IAttentionModel
        ?? throw new UsageException(
            $"'{model.Head.Recipe.Model.Name}' has no attention, whose distance could be measured; transformers have.");

    /// <summary>Refuses images of several classes each, of which there is no accuracy by class.</summary>
    /// <exception cref="UsageException">They are of that kind.</exception>
    public static void RequireOneClass(IImageDataset images)
    {
        if (images.Info.IsMultiLabel)
            throw new UsageException("this measures the accuracy on images of one class each, and these have several "
                + "(`labels`).");
    }

    /// <summary>Images, if there are enough.</summary>
    /// <exception cref="DataException">There are not.</exception>
    public static IImageDataset Some(IImageDataset images, int fewest = 1) => images.Count >= fewest ? images
        : throw new DataException($"the dataset '{images.Info.Name}' has {images.Count} images in this part; "
            + $"{fewest} are needed at least.");
}
