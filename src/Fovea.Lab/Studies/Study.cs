using Fovea.Training.Recipes;

namespace Fovea.Lab.Studies;

/// <summary>A question about training, as a file asks it: what all runs share, what varies, and how often each is
/// repeated.</summary>
public sealed record Study
{
    /// <summary>Heading of the results.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the study's file, for messages.</summary>
    public required string Source { get; init; }

    /// <summary>Description of the study; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Options of all runs.</summary>
    public IReadOnlyList<Setting> Base { get; init; } = [];

    /// <summary>A grid: every value of each axis with every value of the others.</summary>
    public IReadOnlyList<Axis> Vary { get; init; } = [];

    /// <summary>Combinations of the grid that are left out: those that say all of an entry's settings.</summary>
    public IReadOnlyList<IReadOnlyList<Setting>> Exclude { get; init; } = [];

    /// <summary>Configurations beside the grid; their settings go over <see cref="Base"/>.</summary>
    public IReadOnlyList<Extra> Include { get; init; } = [];

    /// <summary>Options that follow from others, over <see cref="Base"/> and below a configuration's own.</summary>
    public IReadOnlyList<Override> Overrides { get; init; } = [];

    /// <summary>Every configuration is trained once with each.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [0];

    /// <summary>Accuracies from elsewhere to show beside the measured ones.</summary>
    public IReadOnlyList<Published> Published { get; init; } = [];

    /// <summary>The study with options of a command line, which win over <see cref="Base"/> and
    /// <see cref="Overrides"/>.</summary>
    /// <exception cref="UsageException">The study varies one of them.</exception>
    public Study With(IReadOnlyList<Setting> options)
    {
        foreach (Setting option in options.Where(option => Vary.Any(axis => axis.Field == option.Field)))
            throw new UsageException(
                $"{option.Where}: '{Source}' varies '{option.Field.Name}'; leave the option out or change the study.");
        return this with
        {
            Base =
            [.. Base.Where(setting => options.All(option => option.Field != setting.Field)), .. options],
            Overrides = [.. Overrides.Select(one => one with
            {
                Settings = [.. one.Settings.Where(setting => options.All(option => option.Field != setting.Field))],
            })],
        };
    }
}

/// <summary>Options that vary, with their values.</summary>
/// <param name="Field">An option of <c>train</c>.</param>
/// <param name="Values">Its values, all different.</param>
public sealed record Axis(RecipeField Field, IReadOnlyList<Setting> Values);

/// <summary>A configuration that is no part of the grid.</summary>
/// <param name="Name">Its name; null: made from its settings.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Where">Place in the file.</param>
public sealed record Extra(string? Name, IReadOnlyList<Setting> Settings, string Where);

/// <summary>Options of the configurations that have certain others, such as weights of each model's own.</summary>
/// <param name="When">What a configuration has, by itself or by the study's base.</param>
/// <param name="Settings">What it gets then.</param>
/// <param name="Where">Place in the file.</param>
public sealed record Override(IReadOnlyList<Setting> When, IReadOnlyList<Setting> Settings, string Where);

/// <summary>An accuracy that somebody published.</summary>
/// <param name="Key">Configurations that it belongs to: <c>model=vit,attention=softmax</c>, or the name of an extra
/// one.</param>
/// <param name="Accuracy">Share of test images classified correctly, 0 to 1.</param>
/// <param name="Where">Place in the file.</param>
public sealed record Published(string Key, double Accuracy, string Where);
