using Fovea.Data;
using Fovea.Data.Shapes;
using Fovea.Data.Transforms;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;

namespace Fovea.Training.Tests.Recipes;

public sealed class PublishedRecipesTests
{
    public static TheoryData<string> Files { get; } = [.. All().Except(Studies())];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_recipe_reads_and_its_model_can_be_built(string name)
    {
        string path = Path.Combine(Folder(), name);
        Recipe recipe = RecipeFile.Read(path, Recipe.Default);

        Assert.Contains($"fovea train --recipe recipes/{name}", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.NotNull(recipe.Data.Dataset);
        Assert.Equal(Datasets.Canonical(recipe.Data.Dataset), recipe.Data.Dataset);
        ModelChoice.Configure(recipe, ShapesDataset.Info).Build();
        TransformPipeline.Parse(recipe.Data.Augmentation ?? "none");
        OptimisationChoice.Schedule(recipe, stepsPerEpoch: 10);
    }

    [Fact]
    public void The_recipe_for_shapes_says_what_happens_without_one()
    {
        Recipe standard = ModelDefaults.Of(Recipe.Default.Model.Name);
        Recipe expected = standard with { Data = standard.Data with { Dataset = "shapes" } };
        Assert.Equal(expected, RecipeFile.Read(Path.Combine(Folder(), "shapes.yaml"), Recipe.Default));
    }

    /// <summary>The files in the folder that are studies: recipes of many runs.</summary>
    internal static IEnumerable<string> Studies() =>
        All().Where(name => File.ReadLines(Path.Combine(Folder(), name)).Any(line => line.StartsWith("vary:", StringComparison.Ordinal) || line.StartsWith("include:", StringComparison.Ordinal)));

    private static IEnumerable<string> All() => Directory.GetFiles(Folder(), "*.yaml").Select(file => Path.GetFileName(file));

    /// <summary>The repository's recipes, from where the tests were built: source paths are not real in deterministic builds.</summary>
    internal static string Folder()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Fovea.slnx"))) root = root.Parent;
        return Path.Combine(root?.FullName ?? throw new DirectoryNotFoundException("Fovea.slnx is not above the tests."), "recipes");
    }
}
