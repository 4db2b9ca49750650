namespace Fovea.Training.Recipes;

/// <summary>First values of a recipe: settings that suit model and optimiser, before the recipe file and the command
/// line change them.</summary>
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

    /// <summary>The starting point for the model and the optimiser that a recipe names.</summary>
    public static Recipe Of(Recipe asked) => For(Of(asked.Model.Name), asked.Optimisation.Optimizer);

    /// <summary>
    /// A starting point with what suits an optimiser. Those of timm's classes: LAMB with the epsilon 1e-6; LARS with
    /// the rate 1, of which the trust coefficient leaves a thousandth, and without clipping, since its steps do not
    /// depend on the length of gradients. LARS adapts nothing without weight decay: 1e-4, as is usual for the
    /// convolutional networks that it is for. The others have the betas of their papers; Lion has a tenth of the rate
    /// and ten times the weight decay, schedule-free AdamW 2.5 times the rate and no schedule.
    /// </summary>
    /// <param name="start">The starting point.</param>
    /// <param name="optimizer">The optimiser that it is for; it is not written into it.</param>
    public static Recipe For(Recipe start, OptimizerKind optimizer) => optimizer switch
    {
        OptimizerKind.Lamb => start with { Optimisation = start.Optimisation with { Epsilon = 1e-6 } },
        OptimizerKind.Lars => start with
        {
            Optimisation = start.Optimisation with { LearningRate = 1, WeightDecay = 1e-4, ClipGradient = null },
        },
        OptimizerKind.Lion => start with
        {
            Optimisation = start.Optimisation with
            {
                LearningRate = start.Optimisation.LearningRate / 10,
                WeightDecay = start.Optimisation.WeightDecay * 10,
                Betas = (0.9, 0.99),
            },
        },
        OptimizerKind.Adan => start with { Optimisation = start.Optimisation with { Betas = (0.98, 0.92) } },
        OptimizerKind.ScheduleFree => start with
        {
            Optimisation = start.Optimisation with { LearningRate = start.Optimisation.LearningRate * 2.5 },
            Schedule = start.Schedule with { Form = new("constant") },
        },
        OptimizerKind.Muon => start with
        {
            Optimisation = start.Optimisation with { Momentum = 0.95, Nesterov = true, Betas = (0.9, 0.95) },
        },
        _ => start,
    };
}
