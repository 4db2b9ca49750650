using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>A recipe with what a run uses where the choice was left to it, the machine's share included: for people,
/// and for runs that repeat it. Training itself goes by <see cref="TrainingParts.Recipe"/>.</summary>
internal static class UsedRecipe
{
    /// <summary>The recipe of a run with nothing left open but what the model does not have.</summary>
    public static Recipe Of(TrainingParts parts)
    {
        Recipe recipe = parts.Recipe;
        ModelOptions model = parts.Model.Config.Describe();
        RegularisationSection rates = recipe.Regularisation;
        recipe = recipe with
        {
            Model = Model(recipe.Model, model),
            Data = recipe.Data with
            {
                ValidationShare = recipe.Data.ValidationShare ?? new DatasetOptions().ValidationShare,
                Workers = recipe.Data.Workers ?? LoaderChoice.UsualWorkers,
                CropShare = recipe.Data.CropShare ?? Augmentation.UsualShare(parts.Data.Info),
                Interpolation = recipe.Data.Interpolation ?? Interpolation.Bilinear,
                Mean = recipe.Data.Mean ?? Colours(parts.Info.Normalization.Mean),
                Std = recipe.Data.Std ?? Colours(parts.Info.Normalization.Std),
            },
            Regularisation = rates with
            {
                Dropout = rates.Dropout ?? (double)(decimal)(model.Dropout ?? 0),
                DropPath = rates.DropPath ?? (double)(decimal)(model.DropPath ?? 0),
            },
            Distillation = recipe.Distillation with { Alpha = recipe.Distillation.UsedAlpha },
            SemiSupervised = recipe.SemiSupervised.Method == SemiMethod.MeanTeacher
                ? recipe.SemiSupervised with { RampUpEpochs = SemiSupervisedChoice.RampUpEpochs(recipe) }
                : recipe.SemiSupervised,
            Run = recipe.Run with { Threads = recipe.Run.Threads ?? parts.Threads ?? Environment.ProcessorCount },
        };
        return Augmented(recipe, recipe.Data.Augmentation?.Steps ?? []);
    }

    /// <summary>Sizes and parts as the model has them. A head's size stays open where it follows from the
    /// others.</summary>
    private static ModelSection Model(ModelSection asked, ModelOptions model) => asked with
    {
        Dim = model.Dim,
        Depth = model.Depth,
        Heads = model.Heads,
        HeadDim = asked.HeadDim ?? (model.HeadDim * model.Heads == model.Dim ? null : model.HeadDim),
        MlpRatio = model.MlpRatio,
        Mlp = model.Mlp,
        Norm = model.Norm,
        QkNorm = model.QkNorm ?? false,
        AttentionGate = model.AttentionGate,
        ParallelBlocks = model.ParallelBlocks ?? false,
        LayerScale = asked.LayerScale ?? (double?)(decimal?)model.LayerScale,
        Registers = model.Registers,
        Pooling = model.Pooling,
    };

    private static (double, double, double) Colours(IReadOnlyList<float> values)
    {
        double[] numbers = [.. values.Select(value => (double)(decimal)value)];
        return numbers.Length == 3 ? (numbers[0], numbers[1], numbers[2]) : (numbers[0], numbers[0], numbers[0]);
    }

    /// <summary>Names the parts of the transforms that have options of their own. An option that would say less than
    /// the step, whose other settings it would lose, stays open.</summary>
    private static Recipe Augmented(Recipe recipe, IReadOnlyList<ImageTransform> steps)
    {
        RandomErasing? erasing = steps.OfType<RandomErasing>().FirstOrDefault();
        Func<Recipe, Recipe>[] changes =
        [
            r => r with
            {
                Data = r.Data with
                {
                    HorizontalFlip = r.Data.HorizontalFlip
                        ?? steps.OfType<RandomHorizontalFlip>().FirstOrDefault()?.Probability ?? 0,
                },
            },
            r => r with
            {
                Data = r.Data with
                {
                    VerticalFlip = r.Data.VerticalFlip
                        ?? steps.OfType<RandomVerticalFlip>().FirstOrDefault()?.Probability ?? 0,
                },
            },
            r => r with
            {
                Data = r.Data with
                {
                    ColorJitter = r.Data.ColorJitter ?? steps.OfType<ColorJitter>().FirstOrDefault()?.Brightness ?? 0,
                },
            },
            r => r with
            {
                Regularisation = r.Regularisation with
                {
                    RandomErasing = r.Regularisation.RandomErasing ?? erasing?.Probability ?? 0,
                    ErasingNoise = erasing?.Noise ?? r.Regularisation.ErasingNoise,
                },
            },
        ];
        foreach (Func<Recipe, Recipe> change in changes)
        {
            Recipe said = change(recipe);
            if (AugmentationChoice.Transforms(said, said.Data.Augmentation!).Equals(recipe.Data.Augmentation))
                recipe = said;
        }

        return recipe;
    }
}
