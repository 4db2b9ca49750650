using Fovea.Training.Pretrained;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Training.Setup;

/// <summary>Published weights that recipes name, on this machine. Nothing is fetched here.</summary>
public static class PretrainedWeights
{
    /// <summary>The entry of the list that a path stands for; null where there is such a file or folder, or no such
    /// entry.</summary>
    /// <exception cref="UsageException">The user's list is wrong.</exception>
    public static ListedWeights? Listed(string path) =>
        File.Exists(path) || Directory.Exists(path) ? null : WeightsList.OfUser().Find(path);

    /// <summary>The entry that a recipe asks for and that has to be fetched first; null: none.</summary>
    /// <exception cref="UsageException">It asks for one that does not exist.</exception>
    /// <exception cref="DataException">The file that is here is not what was published.</exception>
    public static ListedWeights? Missing(Recipe recipe)
    {
        ListedWeights? entry = EntryOf(recipe);
        if (entry is null && IsOwnAsked(recipe) && Own(recipe) is null)
            entry = WeightsList.OfUser().Find(recipe.Model.Name);
        return entry is not null && WeightsCache.OfUser().Find(entry) is null ? entry : null;
    }

    /// <summary>The recipe with the file of weights that it asks for, and of published ones with the model and the view
    /// of images that they are for, unless it has its own.</summary>
    /// <exception cref="UsageException">There is none; the message says where to get one.</exception>
    public static Recipe Resolve(Recipe recipe)
    {
        if (EntryOf(recipe) is ListedWeights entry) return With(recipe, entry);
        if (recipe.Model.Weights is not null || recipe.Model.Pretrained is not string asked) return recipe;
        if (!IsOwnAsked(recipe)) return recipe with { Model = recipe.Model with { Weights = asked } };
        if (Own(recipe) is string file) return recipe with { Model = recipe.Model with { Weights = file } };
        Preset preset = Presets.Find(recipe.Model.Name);
        return WeightsList.OfUser().Find(preset.Name) is ListedWeights first ? With(recipe, first)
            : throw new UsageException(
                $"there are no published weights of '{preset.Name}' in the list nor on this machine (looked for in "
                    + $"{OtherCaches.Places}); name a file of them with `weights`, or another model.")
            { Field = "pretrained" };
    }

    private static bool IsOwnAsked(Recipe recipe) =>
        recipe.Model is { Weights: null, Pretrained: ModelSection.OwnWeights };

    /// <summary>The newest file that is called like the model, in the caches of others.</summary>
    private static string? Own(Recipe recipe)
    {
        Preset preset = Presets.Find(recipe.Model.Name);
        return OtherCaches.Find([preset.Name, .. preset.Aliases]).FirstOrDefault();
    }

    /// <summary>The entry that is asked for by name.</summary>
    private static ListedWeights? EntryOf(Recipe recipe)
    {
        if (recipe.Model.Weights is string weights) return Listed(weights);
        if (recipe.Model.Pretrained is not string asked || IsOwnAsked(recipe) || File.Exists(asked)
            || Directory.Exists(asked)) return null;
        return Listed(asked) ?? throw Unknown(asked);
    }

    private static UsageException Unknown(string asked)
    {
        try
        {
            _ = WeightsList.OfUser().Require(asked);
        }
        catch (UsageException error)
        {
            return new(error.Message + " There is no such file, either.") { Field = "pretrained" };
        }

        throw new InvalidOperationException();
    }

    private static Recipe With(Recipe recipe, ListedWeights entry)
    {
        ModelSection model = recipe.Model;
        DataSection data = recipe.Data;
        return recipe with
        {
            Model = model with
            {
                Name = model.Name == Recipe.Default.Model.Name ? entry.Preset : model.Name,
                Weights = entry.Name,
                ImageSize = model.ImageSize ?? entry.ImageSize,
            },
            Data = data with
            {
                Mean = data.Mean ?? entry.Mean,
                Std = data.Std ?? entry.Std,
                CropShare = data.CropShare ?? entry.CropShare,
                Interpolation = data.Interpolation ?? entry.Interpolation,
            },
        };
    }
}
