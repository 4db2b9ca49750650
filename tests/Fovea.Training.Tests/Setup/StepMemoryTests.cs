using Fovea.Core.Collectives;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Training.Tests.Setup;

public sealed class StepMemoryTests
{
    [Theory]
    [InlineData("vit-nano", OptimizerKind.AdamW)]
    [InlineData("vit-nano", null)]
    [InlineData("vit-nano", OptimizerKind.Muon)]
    [InlineData("resnet18", OptimizerKind.AdamW)]
    [InlineData("cct_2_3x2", OptimizerKind.Adan)]
    public void A_size_counts_the_same_alone_and_after_others(string model, OptimizerKind? optimizer)
    {
        OptimisationSection? training = optimizer is { } kind ? new() { Optimizer = kind } : null;
        ModelConfig config = Presets.Find(model).Config;
        StepMemory[] counted = StepMemory.Of(config, training, false, 2, 3, 7);
        foreach ((int size, StepMemory one) in ((int[])[2, 3, 7]).Zip(counted))
            Assert.Equal(one, Assert.Single(StepMemory.Of(config, training, false, size)));
        Assert.Equal(counted[2].Peak, StepMemory.PeakOf(config, training, false, 7));
    }

    [Fact]
    public void Ranks_of_a_machine_share_its_memory()
    {
        ModelConfig config = Presets.Find("vit-nano").Config;
        Recipe recipe = new() { Model = new() { Name = "vit-nano" } };
        double image = StepMemory.PeakOf(config, recipe.Optimisation, false, 3)
            - StepMemory.PeakOf(config, recipe.Optimisation, false, 2);
        recipe = recipe with
        {
            Optimisation = recipe.Optimisation with { BatchSize = 2 * (int)(0.75 * MemoryLimit.Available / image) },
        };
        StepMemory.Require(recipe, config, new BatchShards(SingleProcess.Instance, 2));
        string[] refused = ThreadRanks.Run(2, rank => Assert.Throws<UsageException>(() =>
            StepMemory.Require(recipe, config, new BatchShards(rank, 2))).Message);
        Assert.All(refused, message => Assert.Contains("for each of 2 ranks on this machine", message));
    }

    /// <summary>Numbers that stay from step to step, of each parameter: value, gradient and the optimiser's.</summary>
    [Theory]
    [InlineData(OptimizerKind.Sgd, 3)]
    [InlineData(OptimizerKind.AdamW, 4)]
    [InlineData(OptimizerKind.Lamb, 4)]
    [InlineData(OptimizerKind.Lion, 3)]
    [InlineData(OptimizerKind.Adan, 6)]
    [InlineData(OptimizerKind.ScheduleFree, 4)]
    public void The_state_is_that_of_the_optimiser(OptimizerKind optimizer, int numbers)
    {
        ModelConfig config = Presets.Find("vit-nano").Config;
        long parameters = config.Build().ParameterCount;
        long state = StepMemory.Of(config, new OptimisationSection { Optimizer = optimizer }, false, 2)[0].State;
        // buffers are rounded up
        Assert.InRange(state / (double)(sizeof(float) * parameters), numbers, numbers + 0.05);
        Assert.Equal((numbers - 2) * parameters, OptimisationChoice.Optimizer(
            new OptimisationSection { Optimizer = optimizer }, config.Build()).StateElements);
    }
}
