using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Training.Checkpoints;
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
            OptimizerKind.AdamW => new AdamW(groups, rate, first, second, epsilon, isCautious: recipe.Cautious),
            OptimizerKind.Adam => new Adam(groups, rate, first, second, epsilon),
            OptimizerKind.Lamb => new Lamb(groups, rate, first, second, epsilon, recipe.ClipTrust, recipe.AlwaysAdapt),
            OptimizerKind.Lars => new Lars(groups, rate, recipe.Momentum, recipe.Nesterov, recipe.TrustCoefficient,
                epsilon, recipe.ClipTrust, recipe.AlwaysAdapt),
            OptimizerKind.Lion => new Lion(groups, rate, first, second, recipe.Cautious),
            OptimizerKind.Adan => new Adan(groups, rate, first, second, recipe.Beta3, epsilon, recipe.Cautious),
            OptimizerKind.ScheduleFree => new ScheduleFreeAdamW(groups, rate, first, second, epsilon),
            OptimizerKind.Muon => new Muon(groups, rate, IsHidden, recipe.Momentum, recipe.Nesterov,
                recipe.MuonIterations, recipe.MuonScale, first, second, epsilon, recipe.Cautious),
            _ => new Sgd(groups, rate, recipe.Momentum, nesterov: recipe.Nesterov),
        };
    }

    /// <summary>Refuses what the optimiser cannot do, before anything is read.</summary>
    /// <exception cref="UsageException">Names the field.</exception>
    public static void Require(Recipe recipe)
    {
        OptimisationSection how = recipe.Optimisation;
        if (how.Cautious && !how.Optimizer.CanBeCautious())
            throw new UsageException($"{how.Optimizer.Name()} has no cautious form.")
            {
                Field = "cautious",
                Remedy = "AdamW, Lion, Adan and Muon have one (`optimizer`).",
            };
        if (how is { FinalWeightDecay: not null, WeightDecay: 0 })
            throw new UsageException("no factor leads from a weight decay of 0 to another.")
            {
                Field = "weight-decay-end",
                Remedy = "Give a `weight-decay` above 0, or none here.",
            };
        if (how.Optimizer != OptimizerKind.ScheduleFree) return;
        if (recipe.Regularisation.EmaDecay is not null)
            throw new UsageException(
                "schedule-free AdamW evaluates an average of the weights of its own, beside which there can be no "
                    + "other.")
            {
                Field = "ema",
                Remedy = "Leave it out, or take another `optimizer`.",
            };
        if (how.Betas.First == 0)
            throw new UsageException("the first beta of schedule-free AdamW must be above 0.") { Field = "betas" };
    }

    /// <summary>Matrices of blocks: not the embedding, and not what is behind the last block.</summary>
    private static bool IsHidden(string name) => ModelStages.BlockOf(name) is not null;

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
        return name => name.StartsWith(CheckpointWriter.ObjectivePrefix, StringComparison.Ordinal) ? 1
            : Math.Pow(recipe.LayerDecay ?? 1,
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
