using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Shapes;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Recipes;

public sealed class PublishedRecipesTests
{
    public static TheoryData<string> Files { get; } = [.. RecipeFolder.All().Except(RecipeFolder.Studies())];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_recipe_reads_and_its_model_can_be_built(string name)
    {
        string path = Path.Combine(RecipeFolder.Folder(), name);
        Recipe recipe = RecipeFile.Read(path, Recipe.Default);

        string command = recipe.Pretraining.Method == PretrainingMethod.None ? "train" : "pretrain";
        Assert.Contains($"fovea {command} --recipe recipes/{name}", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.NotNull(recipe.Data.Dataset);
        Assert.Equal(DatasetCatalogue.Canonical(recipe.Data.Dataset), recipe.Data.Dataset);
        ModelChoice.Configure(recipe, ShapesDataset.Info).Build();
        OptimisationChoice.Schedule(recipe, stepsPerEpoch: 10);
    }

    [Fact]
    public void The_recipe_for_shapes_says_what_happens_without_one()
    {
        Recipe standard = ModelDefaults.Of(Recipe.Default.Model.Name);
        Recipe expected = standard with { Data = standard.Data with { Dataset = "shapes" } };
        Assert.Equal(expected, RecipeFile.Read(Path.Combine(RecipeFolder.Folder(), "shapes.yaml"), Recipe.Default));
    }
}
