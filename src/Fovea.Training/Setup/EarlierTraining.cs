using System.Globalization;
using Fovea.Data;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Setup;

/// <summary>Settings that a run takes over from the trainings of its weights and its teacher: how images are
/// normalised, which of them are held out, and what of the model no tensor tells.</summary>
internal static class EarlierTraining
{
    /// <summary>The recipe with what it leaves open and the weights or the teacher tell.</summary>
    /// <param name="recipe">With the weights that it asks for.</param>
    /// <param name="notes">Gets a sentence where images that are held out were learned before.</param>
    /// <exception cref="UsageException">A folder holds no weights.</exception>
    /// <exception cref="CheckpointException">They are damaged.</exception>
    public static Recipe Continue(Recipe recipe, List<string> notes)
    {
        foreach (string path in new[] { recipe.Model.Weights, recipe.Distillation.Teacher }.OfType<string>())
        {
            if (!File.Exists(path) && !Directory.Exists(path)) continue;   // a listed name, or loading will say so
            using WeightFile file = WeightFiles.Open(ModelWeights.FileOf(path));
            if (path == recipe.Model.Weights) recipe = WithModel(WithNormalization(recipe, file), file);
            if (SplitOf(recipe, file) is not ulong seed) continue;
            recipe = recipe with { Data = recipe.Data with { SplitSeed = recipe.Data.SplitSeed ?? seed } };
            if (seed != recipe.SplitSeed)
                notes.Add($"'{path}' learned from images parted by `split-seed` {seed}, here it is {recipe.SplitSeed}: "
                    + "it may have seen images that are held out now, and figures be too good.");
        }

        return recipe;
    }

    /// <summary>The seed by which a run parted the same dataset; null where the file is none's, or of another
    /// dataset.</summary>
    private static ulong? SplitOf(Recipe recipe, WeightFile file)
    {
        if (!ModelWeights.IsCheckpoint(file)) return null;
        Recipe earlier = CheckpointReader.HeadOf(file).Recipe;
        string name = DatasetChoice.NameOf(recipe.Data, recipe.Model.Name,
            recipe.Pretraining.Method != PretrainingMethod.None);
        return earlier.Data.Dataset == name ? earlier.SplitSeed : null;
    }

    private static Recipe WithNormalization(Recipe recipe, WeightFile file)
    {
        if (ModelWeights.NormalizationOf(file)?.ForChannels(3) is not Normalization own) return recipe;
        DataSection data = recipe.Data;
        return recipe with { Data = data with { Mean = data.Mean ?? Of(own.Mean), Std = data.Std ?? Of(own.Std) } };
    }

    /// <summary>With what no tensor of the weights tells: the grid that fixed positions are made for, and how far
    /// attention's windows have opened.</summary>
    private static Recipe WithModel(Recipe recipe, WeightFile file)
    {
        if (ModelNote.Of(file)?.ToRecipe(file.Path).Model is not { } own) return recipe;
        ModelSection model = recipe.Model;
        AttentionList? attention = model.Attention ?? Presets.Find(model.Name).Config.Describe().Attention;
        return recipe with
        {
            Model = model with
            {
                PositionGrid = model.PositionGrid ?? own.PositionGrid,
                AttentionEpoch = model.AttentionEpoch
                    ?? (own.Attention?.Equals(attention) == true ? own.AttentionEpoch : null),
            },
        };
    }

    private static (double, double, double) Of(IReadOnlyList<float> values) =>
        (Exact(values[0]), Exact(values[1]), Exact(values[2]));

    /// <summary>The shortest number that is this one in single precision.</summary>
    private static double Exact(float value) =>
        double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
