using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Training.Recipes;

namespace Fovea.Training.Setup;

/// <summary>The transforms of training images that a recipe asks for.</summary>
internal static class AugmentationChoice
{
    /// <summary>
    /// The recipe's transforms, or what suits the dataset, with the steps that options of their own ask for: each in
    /// place of those of its kind, so that resolving a resolved recipe changes nothing.
    /// </summary>
    /// <param name="recipe">What is asked for.</param>
    /// <param name="data">What the images are.</param>
    /// <param name="size">Side in pixels that the model takes.</param>
    public static TransformPipeline Transforms(Recipe recipe, DatasetInfo data, int size = 224)
    {
        (DataSection options, RegularisationSection rates) = (recipe.Data, recipe.Regularisation);
        TransformPipeline steps = options.Augmentation ?? Augmentation.Default(data, size);
        if (options.HorizontalFlip is double left)
            steps = steps.With(new RandomHorizontalFlip(left), step => step is RandomHorizontalFlip);
        if (options.VerticalFlip is double top)
            steps = steps.With(new RandomVerticalFlip(top), step => step is RandomVerticalFlip);
        if (options.AutoAugment is { } automatic) steps = steps.With(automatic.Step, IsAutomatic);
        else if (options.ColorJitter is double change) steps = steps.With(Jitter(change), step => step is ColorJitter);
        return rates.RandomErasing is double probability
            ? steps.With(new RandomErasing(probability) { Noise = rates.ErasingNoise }, step => step is RandomErasing)
            : steps;
    }

    /// <summary>Mixup and CutMix, with the recipe's label smoothing; null where there is neither.</summary>
    public static BatchMixing? Mixing(RegularisationSection rates) => rates.Mixup == 0 && rates.CutMix == 0 ? null
        : new()
        {
            Mixup = rates.Mixup,
            CutMix = rates.CutMix,
            Probability = rates.MixProbability,
            SwitchProbability = rates.MixSwitchProbability,
            Smoothing = rates.LabelSmoothing,
        };

    private static ColorJitter Jitter(double change) =>
        new() { Brightness = change, Contrast = change, Saturation = change };

    private static bool IsAutomatic(ImageTransform step) => step is AutoAugment or RandAugment or TrivialAugmentWide;
}
