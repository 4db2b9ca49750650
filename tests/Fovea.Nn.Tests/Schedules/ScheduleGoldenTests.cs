using System.Text.Json;
using Fovea.Nn.Schedules;

namespace Fovea.Nn.Tests.Schedules;

[Trait("Category", "Golden")]
public sealed class ScheduleGoldenTests
{
    [Fact]
    public void Every_run_has_the_recorded_rates_and_momenta()
    {
        Golden golden = Golden.Load("lr-schedules");
        (double absolute, double relative) = golden.Tolerance("forward");
        foreach (JsonProperty run in golden.Config.EnumerateObject())
        {
            double baseRate = run.Value.GetProperty("base_lr").GetDouble();
            (Schedule schedule, double rate) = TorchSchedule.Parse(run.Value.GetProperty("schedule").GetString()!,
                baseRate);
            int[] steps = [.. Enumerable.Range(0, run.Value.GetProperty("steps").GetInt32())];

            double[] rates = [.. steps.Select(step => rate * schedule.Factor(step))];
            GoldenAssert.Close(golden[$"{run.Name}.lr"].Doubles, rates, absolute, relative, $"{run.Name}.lr");
            if (!golden.Tensors.TryGetValue($"{run.Name}.momentum", out StoredTensor? momenta)) continue;
            GoldenAssert.Close(momenta.Doubles, [.. steps.Select(step => schedule.Momentum(step)!.Value)], absolute,
                relative, $"{run.Name}.momentum");
        }
    }
}
