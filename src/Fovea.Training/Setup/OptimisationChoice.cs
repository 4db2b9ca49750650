using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>The optimiser and the schedule that a recipe asks for.</summary>
public static class OptimisationChoice
{
    /// <summary>Builds the optimiser; biases, norms, tokens and positions do not decay, frozen parameters are not in
    /// it.</summary>
    /// <exception cref="UsageException">A number out of range.</exception>
    public static Optimizer Optimizer(OptimisationSection recipe, Module module)
    {
        IReadOnlyList<ParameterGroup> groups = recipe.LayerDecay is null && recipe.HeadRate == 1
            ? ParameterGroup.Default(module, recipe.WeightDecay)
            : ParameterGroup.ByRate(module, recipe.WeightDecay, RateOf(recipe, module));
        (double rate, (double first, double second), double epsilon) =
            (recipe.PeakLearningRate, recipe.Betas, recipe.Epsilon);
        return recipe.Optimizer switch
        {
            OptimizerKind.AdamW => new AdamW(groups, rate, first, second, epsilon),
            OptimizerKind.Adam => new Adam(groups, rate, first, second, epsilon),
            OptimizerKind.Lamb => new Lamb(groups, rate, first, second, epsilon, recipe.ClipTrust, recipe.AlwaysAdapt),
            OptimizerKind.Lars => new Lars(groups, rate, recipe.Momentum, recipe.Nesterov, recipe.TrustCoefficient,
                epsilon, recipe.ClipTrust, recipe.AlwaysAdapt),
            _ => new Sgd(groups, rate, recipe.Momentum, nesterov: recipe.Nesterov),
        };
    }

    private static int StepsOf(int epochs, int stepsPerEpoch)
    {
        long steps = (long)epochs * stepsPerEpoch;
        return steps <= int.MaxValue ? (int)steps
            : throw new UsageException(
                $"{epochs} epochs of {stepsPerEpoch} steps are {steps} steps; a run has {int.MaxValue} at most.")
            {
                Field = "epochs",
                Remedy = "A larger `batch-size` makes an epoch shorter.",
            };
    }

    /// <summary>Layer-wise decay as in BEiT and timm: the last stage learns at the full rate, each one before it at a
    /// fixed share of the next one's.</summary>
    private static Func<string, double> RateOf(OptimisationSection recipe, Module module)
    {
        int blocks = ModelStages.CountBlocks(module);
        return name => Math.Pow(recipe.LayerDecay ?? 1,
            blocks + 1 - ModelStages.Of(name, blocks)) * (ModelStages.IsHead(name) ? recipe.HeadRate : 1);
    }

    /// <summary>Builds the schedule.</summary>
    /// <exception cref="UsageException">A number out of range, or a smallest rate for a schedule that has
    /// none.</exception>
    public static Schedule Schedule(Recipe recipe, int stepsPerEpoch)
    {
        ScheduleSpec form = recipe.Schedule.Form;
        double highest = recipe.Optimisation.PeakLearningRate;
        double lowest = Math.Min(1, recipe.Schedule.MinimumLearningRate / highest);
        if (lowest > 0 && !form.HasLowest)
        {
            throw new UsageException(
                $"the schedule '{form.Name}' has no smallest rate; leave it out or use cosine or linear.")
            {
                Field = "min-lr",
            };
        }

        return ScheduleCatalogue.Build(form, StepsOf(recipe.Optimisation.Epochs, stepsPerEpoch), stepsPerEpoch,
            recipe.Schedule.WarmupEpochs ?? 0, lowest,
            recipe.Schedule.WarmupLearningRate / highest);
    }
}
