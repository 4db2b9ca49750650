using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Models;

/// <summary>The models that have a name, family by family. A new family is a folder and a line here.</summary>
public static class Presets
{
    /// <summary>All presets.</summary>
    public static IReadOnlyList<Preset> All { get; } =
    [
        .. VisionTransformerPresets.All,
        .. SwinPresets.All,
        .. CvtPresets.All,
        .. ResNetPresets.All,
    ];

    /// <summary>The preset of a name or alias; case does not matter.</summary>
    /// <exception cref="UsageException">There is none; the message has the nearest name.</exception>
    public static Preset Find(string name) => All.FirstOrDefault(preset => IsCalled(preset, name))
        ?? throw new UsageException($"there is no model called '{name}'{Hint(name)}");

    /// <summary>The nearest name; where none is near, what kinds of names there are.</summary>
    private static string Hint(string name)
    {
        const int Few = 10;
        string question = NearestName.Question(name, All.SelectMany(preset => preset.Aliases.Prepend(preset.Name)));
        return question.Length > 0 ? question
            : $"; there are {All.Count}, such as {string.Join(", ", All.Take(Few).Select(preset => preset.Name))}.";
    }

    private static bool IsCalled(Preset preset, string name) =>
        preset.Aliases.Prepend(preset.Name).Contains(name, StringComparer.OrdinalIgnoreCase);
}
