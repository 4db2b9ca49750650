using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>The smallest batch of an epoch, tried before the first: its last batch, or what `grad-accum` leaves of
/// one, may hold a single image, of which batch norm knows no variance.</summary>
internal static class SmallestBatch
{
    /// <summary>Refuses a recipe whose smallest batch the model cannot learn from.</summary>
    /// <param name="recipe">A resolved recipe.</param>
    /// <param name="config">The model.</param>
    /// <param name="train">The training batches.</param>
    /// <exception cref="UsageException">A part of a batch has one image, and a channel of it one value.</exception>
    public static void Require(Recipe recipe, ModelConfig config, DataLoader train)
    {
        if (recipe.SemiSupervised.Method != SemiMethod.None) return;   // others are beside it
        if (!HasSingle(recipe.Optimisation, train.ImagesPerEpoch)) return;
        Device device = Device.CreateMeta();
        ImageClassifier model = config.Build();
        model.Allocate(device);
        FineTuning.Prepare(model, recipe);
        model.Train();
        using StepScope scope = StepScope.Begin();
        model.Context = model.Context with { Random = new Philox(0, 1) };
        model.Forward(Tensor.Zeros([1, config.Channels, config.ImageSize, config.ImageSize], device));
    }

    private static bool HasSingle(OptimisationSection how, int images)
    {
        int part = (how.BatchSize + how.GradientAccumulation - 1) / how.GradientAccumulation;
        int last = images % how.BatchSize;
        return part == 1 || last % part == 1 || (images >= how.BatchSize && how.BatchSize % part == 1);
    }
}
