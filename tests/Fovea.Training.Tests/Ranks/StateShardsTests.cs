using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Ranks;

namespace Fovea.Training.Tests.Ranks;

public sealed class StateShardsTests
{
    [Theory]
    [InlineData(2, 1000)]
    [InlineData(3, 1000)]
    [InlineData(2, 5)]   // fewer numbers at a time than a parameter has
    [InlineData(3, 1)]
    public void Each_rank_has_a_part_of_the_state_and_rank_0_all_of_it_while_it_saves(int ranks, int piece)
    {
        (float[] Weights, string[] Own, string[] All, string[] After)[] results = ThreadRanks.Run(ranks, rank =>
        {
            (Parameter[] parameters, Optimizer optimizer) = Make();
            StateShards shards = new(rank, optimizer, piece);
            for (int step = 0; step < 3; step++)
            {
                Step(parameters, optimizer);
                shards.Exchange();
            }

            string[] own = Names(optimizer), all = [];
            shards.WithAll(() => all = Names(optimizer));
            return (Values(parameters), own, all, Names(optimizer));
        });

        (Parameter[] alone, Optimizer whole) = Make();
        for (int step = 0; step < 3; step++) Step(alone, whole);
        string[] states = Names(whole);
        Assert.All(results, result => Assert.Equal(Values(alone), result.Weights));
        Assert.Equal(states.Order(), results.SelectMany(result => result.Own).Order());
        Assert.All(results, result => Assert.True(result.Own.Length < states.Length));
        Assert.Equal(states, results[0].All);
        Assert.All(results, result => Assert.Equal(result.Own, result.After));
    }

    [Fact]
    public void A_look_for_broken_numbers_takes_no_memory_for_state_that_is_elsewhere()
    {
        (long Before, long After)[] bytes = ThreadRanks.Run(2, rank =>
        {
            Linear model = new(4, 6);
            model.Initialize(Device.CreateCpu(1), seed: 3);
            AdamW optimizer = new(ParameterGroup.Default(model, 0.1), 0.01);
            StateShards shards = new(rank, optimizer);
            Step([.. model.NamedParameters().Select(entry => entry.Parameter)], optimizer);
            shards.Exchange();
            Backend backend = model.NamedParameters().First().Parameter.Value.Device.Backend;
            long before = backend.AllocatedBytes;
            Assert.Null(FiniteNumbers.FirstBroken(model, optimizer));
            return (before, backend.AllocatedBytes);
        });
        Assert.All(bytes, rank => Assert.Equal(rank.Before, rank.After));
    }

    private static (Parameter[] Parameters, Optimizer Optimizer) Make()
    {
        Linear model = new(4, 6);
        model.Initialize(Device.CreateCpu(1), seed: 3);
        return ([.. model.NamedParameters().Select(entry => entry.Parameter)],
            new AdamW(ParameterGroup.Default(model, 0.1), 0.01));
    }

    private static void Step(Parameter[] parameters, Optimizer optimizer)
    {
        foreach (Parameter parameter in parameters)
            parameter.Value.SetGradient([.. Enumerable.Range(0, parameter.Shape.Elements).Select(i => i - 1.5f)]);
        optimizer.Step();
        optimizer.ZeroGradient();
    }

    private static float[] Values(Parameter[] parameters) => [.. parameters.SelectMany(p => p.Value.ToArray())];

    /// <summary>State tensors that have values, with these; others are given up again.</summary>
    private static string[] Names(Optimizer optimizer)
    {
        string[] names = [.. optimizer.State().Where(entry => entry.Value.ToArray().Any(value => value != 0))
            .Select(entry => $"{entry.Name} {string.Join(' ', entry.Value.ToArray())}")];
        optimizer.ForgetElsewhere();
        return names;
    }
}
