using Fovea.Vision.Weights.Naming;

namespace Fovea.Vision.Weights.Loading;

/// <summary>Tensors of a file that are no part of its model, by what they are of.</summary>
internal static class AsideParts
{
    /// <summary>For example <c>student (150)</c>, <c>teacher.head (5)</c> beside the model <c>teacher.backbone.</c>;
    /// the largest first.</summary>
    public static IReadOnlyList<string> Of(StateDict weights) => [.. weights.LeftAside
        .GroupBy(name => PartOf(name, weights.Prefix))
        .OrderByDescending(part => part.Count()).ThenBy(part => part.Key, StringComparer.Ordinal)
        .Select(part => part.Count() == 1 && part.Single() == part.Key ? part.Key : $"{part.Key} ({part.Count()})")];

    /// <summary>The first word that a name has not in common with the model's prefix, and what is before it.</summary>
    private static string PartOf(string name, string prefix)
    {
        int common = 0;
        for (int dot; (dot = name.IndexOf('.', common)) >= 0 && dot < prefix.Length
            && prefix.AsSpan(0, dot + 1).SequenceEqual(name.AsSpan(0, dot + 1));) common = dot + 1;
        int end = name.IndexOf('.', common);
        return end < 0 ? name : name[..end];
    }
}
