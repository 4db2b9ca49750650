using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fovea.Data;
using Fovea.Data.Datasets;
using Fovea.Lab.Benchmarks;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Lab.Studies;

/// <summary>A study with every cell resolved: all that can be known to be wrong has been found before anything is
/// trained.</summary>
public sealed record StudyPlan
{
    private const int LongestName = 120;
    private const int MostNamed = 20;

    /// <summary>The question.</summary>
    public required Study Study { get; init; }

    /// <summary>Directory of the study's results.</summary>
    public required string Directory { get; init; }

    /// <summary>Configurations to compare.</summary>
    public required IReadOnlyList<Configuration> Configurations { get; init; }

    /// <summary>All runs, seed by seed: an unfinished study has seen all configurations equally often.</summary>
    public required IReadOnlyList<StudyCell> Cells { get; init; }

    /// <summary>Cost of each configuration's network, in their order.</summary>
    public required IReadOnlyList<ModelCost> Costs { get; init; }

    /// <summary>Resolves a study with the datasets' own information.</summary>
    /// <inheritdoc cref="Resolve(Study, string, Func{Recipe, DatasetInfo}, bool)"/>
    public static StudyPlan Resolve(Study study, string directory, bool looksAtWeights = true)
    {
        Dictionary<(string, string?, string?), DatasetInfo> known = [];
        return Resolve(study, directory, recipe =>
        {
            (string, string?, string?) key = (DatasetChoice.NameOf(recipe.Data, recipe.Model.Name),
                recipe.Data.Directory, recipe.Data.Classes);
            return known.TryGetValue(key, out DatasetInfo? info) ? info : known[key] = DatasetChoice.Load(recipe).Info;
        }, looksAtWeights);
    }

    /// <summary>Resolves a study.</summary>
    /// <param name="study">The question.</param>
    /// <param name="directory">Directory of the study's results; not touched.</param>
    /// <param name="data">Finds the dataset of a recipe.</param>
    /// <param name="looksAtWeights">Weights that cells start from have to be there, and to fit.</param>
    /// <exception cref="UsageException">Cells that cannot be trained, each with the reason.</exception>
    /// <exception cref="DataException">A dataset cannot be read.</exception>
    public static StudyPlan Resolve(Study study, string directory, Func<Recipe, DatasetInfo> data,
        bool looksAtWeights = true)
    {
        IReadOnlyList<Configuration> configurations = Configuration.Of(study);
        Recipe start = Start(study, configurations);
        List<(Configuration Configuration, string Reason)> wrong = [];
        List<(Recipe Recipe, ModelCost Cost)> resolved = [];
        FittingWeights weights = new();
        foreach (Configuration one in configurations)
        {
            try
            {
                resolved.Add(ResolveOne(study, one, start, data, looksAtWeights ? weights : null));
            }
            catch (FoveaException error) when (error is UsageException or CheckpointException)
            {
                wrong.Add((one, error.Message));
            }
        }

        if (wrong.Count > 0)
            throw new UsageException(
                $"{wrong.Count} of {configurations.Count} configurations cannot be trained; nothing was started.")
            {
                Details = [.. wrong.GroupBy(one => one.Reason, one => one.Configuration)
                    .Select(group => Complaint(group.Key, [.. group]))],
                Remedy = weights.Remedy,
            };

        string[] names = Names(configurations);
        return new StudyPlan
        {
            Study = study,
            Directory = directory,
            Configurations = configurations,
            Costs = [.. resolved.Select(one => one.Cost)],
            Cells = [.. study.Seeds.SelectMany(seed =>
                configurations.Select((one, i) => new StudyCell(one, seed, resolved[i].Recipe with
            {
                Run = resolved[i].Recipe.Run with { Seed = seed,
                    Out = Path.Combine(directory, "cells", $"{names[i]}_seed={seed}") },
            })))],
        };
    }

    /// <summary>A reason with the configurations that it keeps from being trained: the first with its place, the others
    /// by name.</summary>
    private static string Complaint(string reason, Configuration[] configurations)
    {
        string others = string.Concat(configurations.Skip(1).Take(MostNamed).Select(one => $", '{one.Label}'"));
        string rest = configurations.Length - 1 > MostNamed ? $" and {configurations.Length - 1 - MostNamed} more" : "";
        return $"{configurations[0].Where}: '{configurations[0].Label}'{others}{rest}: {reason}";
    }

    /// <summary>
    /// Where all cells start from, so that budgets are equal: the model's own defaults where there is one model, the
    /// common ones otherwise.
    /// </summary>
    private static Recipe Start(Study study, IReadOnlyList<Configuration> configurations)
    {
        RecipeField model = RecipeFields.Find("model")!;
        string[] models = [.. configurations.Select(one => one.Of(study, model)?.Value ?? Recipe.Default.Model.Name)
            .Distinct()];
        return models.Length == 1 ? ModelDefaults.Of(models[0]) : Recipe.Default;
    }

    private static (Recipe, ModelCost) ResolveOne(Study study, Configuration one, Recipe start,
        Func<Recipe, DatasetInfo> data, FittingWeights? weights)
    {
        Recipe Applied(Recipe from) =>
            one.AllSettings(study).Aggregate(from, (made, setting) => setting.Apply(made));
        Recipe recipe = Applied(ModelDefaults.For(start, Applied(start).Optimisation.Optimizer));
        Presets.Find(recipe.Model.Name);
        if (recipe.Data.Labels is not null)
            throw new UsageException("labels: a study compares accuracies on images of one class each; train models "
                + "for several classes one by one.");
        recipe = InFolderOfItsOwn(recipe);
        DatasetInfo info = data(recipe);
        ModelConfig config = ModelChoice.Configure(recipe, info);
        ImageClassifier model = config.Build();   // allocates nothing
        recipe = RecipeResolver.Resolve(recipe, config, info);
        OptimisationChoice.Require(recipe);
        OptimisationChoice.Schedule(recipe, stepsPerEpoch: 1000);
        weights?.Require(recipe, model, info);
        return (recipe, new ModelCost(model.ParameterCount, FlopCount.Forward(config)));
    }

    /// <summary>Datasets beside each other under one folder, each in one of its own name, so that one <c>--data</c>
    /// serves a study of several.</summary>
    private static Recipe InFolderOfItsOwn(Recipe recipe)
    {
        if (recipe.Data is not { Directory: string parent, Dataset: string dataset }) return recipe;
        string own = Path.Combine(parent, DatasetCatalogue.Canonical(dataset));
        return System.IO.Directory.Exists(own) ? recipe with { Data = recipe.Data with { Directory = own } } : recipe;
    }

    /// <summary>Names for directories: readable, portable, and different from each other whatever the labels
    /// hold.</summary>
    private static string[] Names(IReadOnlyList<Configuration> configurations)
    {
        string[] plain = [.. configurations.Select(one => Plain(one.Label))];
        return [.. plain.Select((name, i) =>
            name.Length <= LongestName
                && plain.Count(other => string.Equals(other, name, StringComparison.OrdinalIgnoreCase)) == 1
                ? name
                : $"{name[..Math.Min(name.Length, LongestName)]}_{Fingerprint(configurations[i])}")];
    }

    private static string Plain(string label)
    {
        StringBuilder name = new(label.Replace(", ", "_"));
        for (int i = 0; i < name.Length; i++)
            if (!char.IsAsciiLetterOrDigit(name[i]) && name[i] is not ('.' or '=' or '_' or '-')) name[i] = '-';
        return name.ToString().Trim('.', '-') is { Length: > 0 } trimmed ? trimmed : "cell";
    }

    private static string Fingerprint(Configuration one) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(one.Label)))[..8]
            .ToString(CultureInfo.InvariantCulture);
}

/// <summary>Cost of a network.</summary>
/// <param name="Parameters">Values that training can change.</param>
/// <param name="Flops">Floating-point operations of an image's forward pass; null: not counted for such models.</param>
public sealed record ModelCost(long Parameters, double? Flops);
