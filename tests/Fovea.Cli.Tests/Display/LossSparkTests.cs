using Fovea.Cli.Display;

namespace Fovea.Cli.Tests.Display;

public sealed class LossSparkTests
{
    [Fact]
    public void Bars_run_from_the_highest_loss_to_the_lowest_over_the_part_of_the_run_that_is_done()
    {
        LossSpark spark = new(width: 8);
        Assert.Equal("", spark.ToString());
        for (int step = 0; step < 4; step++) spark.Add(loss: 4 - step, position: step / 8.0);
        Assert.Equal("█▆▃▁", spark.ToString());
    }
}
