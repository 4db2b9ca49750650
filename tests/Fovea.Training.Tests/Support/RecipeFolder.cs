namespace Fovea.Training.Tests.Support;

/// <summary>The repository's <c>recipes/</c>.</summary>
internal static class RecipeFolder
{
    /// <summary>The files in the folder that are studies: recipes of many runs.</summary>
    internal static IEnumerable<string> Studies() =>
        All().Where(name => File.ReadLines(Path.Combine(Folder(), name)).Any(line =>
            line.StartsWith("vary:", StringComparison.Ordinal)
                || line.StartsWith("include:", StringComparison.Ordinal)));

    internal static IEnumerable<string> All() =>
        Directory.GetFiles(Folder(), "*.yaml").Select(file => Path.GetFileName(file));

    /// <summary>The repository's recipes.</summary>
    internal static string Folder() => Checkout.At("recipes");
}
