using Fovea.Data;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Caching;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>The dataset that a recipe asks for.</summary>
public static class DatasetChoice
{
    /// <summary>Dataset of runs that name neither a dataset nor a folder.</summary>
    private const string NeedsNoFiles = "shapes";

    /// <summary>Dataset of images at any depth, whatever their folders are called.</summary>
    private const string WithoutClasses = "unlabelled";

    /// <summary>Datasets that the models of published studies were trained on.</summary>
    private static readonly Dictionary<string, string> Usual = new()
    {
        ["vit"] = "cifar10",
        ["vitl"] = "cifar10",
        ["vitx"] = "cifar10",
        ["vit-cifar"] = "cifar10",
        ["cct_2_3x2"] = "cifar10",
        ["cct_7_3x1"] = "cifar10",
    };

    /// <summary>The dataset's name: as named, or by what lies in the folder, or the usual one of the model.</summary>
    /// <param name="data">What the recipe says.</param>
    /// <param name="model">Preset.</param>
    /// <param name="unlabelled">Images will do that have no classes.</param>
    /// <exception cref="UsageException">There is no such dataset, or a folder is named and nothing tells what lies in
    /// it.</exception>
    public static string NameOf(DataSection data, string model, bool unlabelled = false)
    {
        if (data.Dataset is string named) return DatasetCatalogue.Canonical(named);
        if (data.Labels is not null) return "csv";
        if (data.Directory is null) return NeedsNoFiles;
        if (!Directory.Exists(data.Directory) && !File.Exists(data.Directory))
            throw new UsageException($"there is no folder or file '{data.Directory}'.") { Field = "data" };
        string known = string.Join(", ", DatasetCatalogue.Names.Where(name => name != NeedsNoFiles));
        if (unlabelled && DatasetGuess.Of(data.Directory) is null) return WithoutClasses;
        return DatasetGuess.Of(data.Directory) ?? Usual.GetValueOrDefault(model)
            ?? throw new UsageException($"say which dataset lies in '{data.Directory}': {known}.")
            {
                Field = "dataset",
                Remedy = DatasetGuess.Hint(data.Directory),
            };
    }

    /// <summary>The data of a training, taken from another folder: what lies there tells the dataset, where it can be
    /// told, and has to be named where the training drew its images and read none.</summary>
    public static DataSection From(DataSection training, string directory)
    {
        DataSection data = training with { Directory = directory };
        if (DatasetGuess.Of(directory) is string guess)
            return IsAnother(guess, training.Dataset) ? data with { Dataset = guess } : data;
        return training.Dataset == NeedsNoFiles ? data with { Dataset = null } : data;
    }

    /// <summary>Folders of images of one kind can be of several; records cannot.</summary>
    private static bool IsAnother(string guess, string? training) =>
        training != guess && !(training is "folder" && guess is "imagenet" or "cats-and-dogs" or "csv")
            && !(training is "csv" && guess is "folder");

    /// <summary>A sentence where a cache keeps less of an image than a model looks at; otherwise null.</summary>
    internal static string? CacheWarning(DataSection data, ModelConfig config, DatasetInfo info)
    {
        int needed = Augmentation.ShorterSide(info, config.ImageSize, data.CropShare);
        return data.Cache is null || data.CacheSize >= needed ? null
            : $"the cache keeps {data.CacheSize} pixels of an image's shorter side, and the model looks at {needed}: "
                + $"it learns from enlarged images, and is tested on such (`cache-size` {needed}).";
    }

    /// <summary>Loads the dataset.</summary>
    /// <param name="recipe">Which one, and how.</param>
    /// <param name="cached">Gets the images in the cache so far, and their total; null: not asked for.</param>
    /// <param name="stop">Ends the making of a cache.</param>
    /// <exception cref="UsageException">There is no such dataset, or an option makes no sense.</exception>
    /// <exception cref="DataException">Files are missing or wrong.</exception>
    public static DatasetSplits Load(Recipe recipe, Action<int, int>? cached = null, CancellationToken stop = default)
    {
        DatasetOptions options = new()
        {
            Seed = recipe.SplitSeed,
            Classes = recipe.Data.Classes,
            Labels = recipe.Data.Labels,
            Unlabelled = recipe.SemiSupervised.Folder,
            TrainFraction = recipe.Data.TrainFraction,
            SkipBad = recipe.Data.SkipBad,
            Copies = recipe.Data.Copies,
            Limits = DecodeLimits.Of(recipe.Data.MaxPixels),
            Cache = recipe.Data.Cache is string path
                ? new CacheOptions(path) { Side = recipe.Data.CacheSize, Report = cached, Stop = stop } : null,
            TrainLimit = recipe.Data.TrainLimit,
            EvaluationLimit = recipe.Data.EvaluationLimit,
        };
        if (recipe.Data.ValidationShare is double share) options = options with { ValidationShare = share };
        string? directory = recipe.Data.Directory
            ?? (recipe.Data.Labels is string list ? Path.GetDirectoryName(Path.GetFullPath(list)) : null);
        return DatasetCatalogue.Load(NameOf(recipe.Data, recipe.Model.Name,
            recipe.Pretraining.Method != PretrainingMethod.None), directory, options);
    }
}
