using Fovea.Cli.Display;
using Fovea.Training.Runs;

namespace Fovea.Cli.Tests.Display;

public sealed class PhrasesTests
{
    [Theory]
    [InlineData(null, null, "none, as there are no test images")]
    [InlineData(3, null, "none, as there are no test images; the best weights are those of epoch 3 (best validation "
        + "accuracy, 20.0 %)")]
    [InlineData(3, 0.5, "accuracy 50.0 %, loss 2.2481 with the weights of epoch 3 (best validation accuracy, 20.0 %)")]
    public void The_end_of_a_run_says_what_the_test_gave(int? epoch, double? accuracy, string text)
    {
        RunSummary summary = LiveDisplayTests.Summary() with { BestEpoch = epoch, TestAccuracy = accuracy };
        Assert.Equal(("test", text), Phrases.Describe(summary, "run").First());
    }
}
