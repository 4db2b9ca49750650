using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
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
    public static TransformPipeline Transforms(Recipe recipe, DatasetInfo data, int size = 224) =>
        Transforms(recipe, recipe.Data.Augmentation ?? PretrainingChoice.Transforms(recipe, data, size)
            ?? Augmentation.Default(data, size,
            recipe.Data.Interpolation ?? Interpolation.Bilinear));

    /// <summary>Transforms with the steps that options of their own ask for.</summary>
    internal static TransformPipeline Transforms(Recipe recipe, TransformPipeline steps)
    {
        (DataSection options, RegularisationSection rates) = (recipe.Data, recipe.Regularisation);
        steps = With(steps, options.HorizontalFlip, left => new RandomHorizontalFlip(left));
        steps = With(steps, options.VerticalFlip, top => new RandomVerticalFlip(top));
        if (options.AutoAugment is { } automatic) steps = steps.With(automatic.Step, AutomaticAugmentation.IsStep);
        else steps = With(steps, options.ColorJitter, Jitter);
        return With(steps, rates.RandomErasing, share => new RandomErasing(share) { Noise = rates.ErasingNoise });
    }

    /// <summary>A step in place of its kind; one that never acts replaces others, but is not added.</summary>
    private static TransformPipeline With<TStep>(TransformPipeline steps, double? strength, Func<double, TStep> create)
        where TStep : ImageTransform =>
        strength is not double value || (value == 0 && !steps.Steps.OfType<TStep>().Any()) ? steps
            : steps.With(create(value), step => step is TStep);

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
}
