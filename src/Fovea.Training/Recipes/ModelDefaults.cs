namespace Fovea.Training.Recipes;

/// <summary>First values of a recipe: settings that suit the model, before the recipe file and the command line change
/// them.</summary>
public static class ModelDefaults
{
    private static readonly Dictionary<string, OptimisationSection> Own = new(StringComparer.OrdinalIgnoreCase)
    {
        // Small steps often: with batches of 32 it learns the drawn shapes in half the images that batches of 128 take.
        ["vit-nano"] = new() { Epochs = 7, BatchSize = 32, LearningRate = 2e-3 },
    };

    /// <summary>The starting point for a model; <see cref="Recipe.Default"/> for most.</summary>
    /// <param name="model">Preset; need not exist.</param>
    public static Recipe Of(string model) =>
        Own.TryGetValue(model, out OptimisationSection? own) ? Recipe.Default with { Optimisation = own }
            : Recipe.Default;
}
