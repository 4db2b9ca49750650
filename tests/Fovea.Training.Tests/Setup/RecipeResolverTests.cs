using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;
using Fovea.Vision.Models;

namespace Fovea.Training.Tests.Setup;

public sealed class RecipeResolverTests
{
    /// <summary>A tenth of the run, whatever its length: 10 epochs are no other than 9 or 11.</summary>
    [Theory]
    [InlineData(9, 0.9)]
    [InlineData(10, 1)]
    [InlineData(11, 1.1)]
    [InlineData(100, 10)]
    public void Pretraining_warms_up_for_a_tenth_of_its_epochs(int epochs, double expected)
    {
        Recipe asked = Recipe.Default with { Pretraining = new() { Method = PretrainingMethod.Mae } };
        Recipe recipe = PretrainingChoice.Start(asked);
        recipe = recipe with { Optimisation = recipe.Optimisation with { Epochs = epochs } };
        Assert.Equal(expected, Resolved(recipe).Schedule.WarmupEpochs);
    }

    /// <summary>A cycle rises by itself: a warm-up before it would reach the largest rate twice.</summary>
    [Theory]
    [InlineData("one-cycle", null, 0.0)]
    [InlineData("one-cycle", 2.0, 2.0)]
    [InlineData("cosine", null, 1.0)]
    public void A_schedule_that_rises_has_no_warm_up_before_it(string schedule, double? asked, double expected)
    {
        Recipe recipe = Resolved(Recipe.Default with
        {
            Optimisation = Recipe.Default.Optimisation with { Epochs = 10 },
            Schedule = Recipe.Default.Schedule with { Form = schedule, WarmupEpochs = asked },
        });
        Assert.Equal(expected, recipe.Schedule.WarmupEpochs);
        if (expected == 0)
            Assert.Equal(1 / 25.0, OptimisationChoice.Schedule(recipe, stepsPerEpoch: 8).Factor(0), 1e-9);
    }

    private static Recipe Resolved(Recipe recipe) => RecipeResolver.Resolve(recipe,
        Presets.Find(recipe.Model.Name).Config, TinyRun.Images.Info);
}
