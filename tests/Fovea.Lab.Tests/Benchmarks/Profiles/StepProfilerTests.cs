using System.Diagnostics;
using System.Text.Json;
using Fovea.Lab.Benchmarks;
using Fovea.Lab.Benchmarks.Profiles;
using Fovea.Tensors.Backends.Profiling;

namespace Fovea.Lab.Tests.Benchmarks.Profiles;

public sealed class StepProfilerTests
{
    [Fact]
    public void Calls_of_one_kind_are_added_up_from_their_medians_in_the_phase_that_they_belong_to()
    {
        ProfiledCall[] Step(double linear, double second, double add) =>
        [
            Call("Linear", "2 x 3 to 4", linear, 48), Call("Linear", "2 x 3 to 4", second, 48),
            Call("LinearBackwardInput", "2 x 3 to 4", 5, 48), Call("AddScaled", "", add, 0), Call("Adam", "", 1, 0),
        ];
        long moved = 0;
        ProfiledCall[] sizes = [.. Step(0, 0, 0).Select(call => call with { Moved = moved += 1_000_000 })];

        IReadOnlyList<ProfiledOperator> found =
            StepProfiler.Account([Step(1, 10, 2), Step(3, 20, 2), Step(2, 300, 2)], sizes);

        Assert.Equal(["Linear", "LinearBackwardInput", "AddScaled", "Adam"], found.Select(one => one.Operator));
        Assert.Equal(["forward", "backward", "backward", "update"], found.Select(one => one.Phase));
        Assert.Equal([2, 1, 1, 1], found.Select(one => one.Calls));
        Assert.Equal([22, 5, 2, 1], found.Select(one => Math.Round(one.Milliseconds, 3)));
        Assert.Equal([2, 1, 1, 1], found.Select(one => one.Megabytes));
        Assert.Equal(96e-9, found[0].Gflop, 1e-15);
        Assert.Equal(96e-9 / 22e-3, found[0].GflopsPerSecond, 1e-9);
    }

    [Fact]
    public void Running_means_of_a_batch_norm_do_not_end_the_forward_pass()
    {
        ProfiledCall[] step =
        [
            Call("Conv2d", "", 1, 0), Call("Lerp", "", 1, 0), Call("Linear", "", 1, 0),
            Call("LinearBackwardInput", "", 1, 0), Call("Conv2dBackwardWeight", "", 1, 0),
            Call("Adam", "", 1, 0), Call("Lerp", "", 2, 0),
        ];
        Dictionary<string, string[]> phases = StepProfiler.Account([step], step).GroupBy(one => one.Phase)
            .ToDictionary(group => group.Key, group => group.Select(one => one.Operator).Order().ToArray());
        Assert.Equal(["Conv2d", "Lerp", "Linear"], phases["forward"]);
        Assert.Equal(["Conv2dBackwardWeight", "LinearBackwardInput"], phases["backward"]);
        Assert.Equal(["Adam", "Lerp"], phases["update"]);
    }

    [Theory]
    [InlineData("vit-nano", false)]
    [InlineData("vit-nano", true)]
    [InlineData("cct_2_3x2", true)]
    public void A_step_is_accounted_for(string model, bool trains)
    {
        BenchmarkOptions options = new()
        {
            Model = model,
            ImageSize = 32,
            BatchSize = 3,
            Steps = 3,
            Threads = 2,
            IsTraining = trains,
            IsProfiled = true,
        };
        StepProfile profile = Benchmark.Run(options).Profile!;

        double expected = 3 * (trains ? FlopCount.Training(Benchmark.Configure(options))
            : FlopCount.Forward(Benchmark.Configure(options))) / 1e9;
        Assert.InRange(profile.Operators.Sum(one => one.Gflop) / expected, 0.97, 1.06);
        Assert.Equal(trains ? ["backward", "forward", "update"] : ["forward"],
            profile.Operators.Select(one => one.Phase).Distinct().Order());
        Assert.All(profile.Operators, one => Assert.True(one.Milliseconds > 0 && one.Calls > 0));
        Assert.All(profile.Operators.Where(one => one.Operator == "Linear"), one => Assert.True(one.Megabytes > 0));
        Assert.True(profile.Operators.Sum(one => one.Milliseconds) < 1.5 * profile.MillisecondsPerStep);
        JsonElement[] events = [.. JsonDocument.Parse(ProfileFiles.Trace(profile)).RootElement
            .GetProperty("traceEvents").EnumerateArray()];
        Assert.Contains(events, one => one.GetProperty("name").GetString() == "Linear");
        string[] threads = [.. events.Where(one => one.GetProperty("name").GetString() == "thread_name")
            .Select(one => one.GetProperty("args").GetProperty("name").GetString()!)];
        Assert.Contains("calling thread", threads);
        Assert.InRange(threads.Length, 1, 2);   // on a busy machine the other may come too late for every part
    }

    private static ProfiledCall Call(string name, string size, double milliseconds, double flops) =>
        new(name, size, flops, 0, 0, (long)(milliseconds * Stopwatch.Frequency / 1000));
}
