using Fovea.Core.Options;

namespace Fovea.Training.Recipes;

/// <summary>Words for update rules, and the options that each has.</summary>
public static class OptimizerTraits
{
    /// <summary>Update rules as recipes and command lines write them.</summary>
    public static ValueForm<OptimizerKind> Form { get; } =
        ValueForm.Choice([.. Enum.GetValues<OptimizerKind>().Select(kind => (kind.Word(), kind))]);

    /// <summary>The word for it in recipes and on the command line.</summary>
    public static string Word(this OptimizerKind kind) =>
        kind == OptimizerKind.ScheduleFree ? "schedule-free" : kind.ToString().ToLowerInvariant();

    /// <summary>The name for it in sentences.</summary>
    internal static string Name(this OptimizerKind kind) => kind switch
    {
        OptimizerKind.Sgd or OptimizerKind.Lamb or OptimizerKind.Lars => kind.ToString().ToUpperInvariant(),
        OptimizerKind.ScheduleFree => "schedule-free AdamW",
        _ => kind.ToString(),
    };

    internal static bool HasMomentum(this OptimizerKind kind) =>
        kind is OptimizerKind.Sgd or OptimizerKind.Lars or OptimizerKind.Muon;

    internal static bool HasBetas(this OptimizerKind kind) => kind is not (OptimizerKind.Sgd or OptimizerKind.Lars);

    internal static bool HasEpsilon(this OptimizerKind kind) => kind is not (OptimizerKind.Sgd or OptimizerKind.Lion);

    /// <summary>Steps are as long as the parameters.</summary>
    internal static bool IsAdapted(this OptimizerKind kind) => kind is OptimizerKind.Lamb or OptimizerKind.Lars;

    /// <summary>Its change and its weight decay are apart, so that a part of the change can be left out.</summary>
    internal static bool CanBeCautious(this OptimizerKind kind) =>
        kind is OptimizerKind.AdamW or OptimizerKind.Lion or OptimizerKind.Adan or OptimizerKind.Muon;
}
