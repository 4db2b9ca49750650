using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Training.Tests.Setup;

public sealed class StepMemoryTests
{
    [Theory]
    [InlineData("vit-nano", true)]
    [InlineData("vit-nano", false)]
    [InlineData("resnet18", true)]
    [InlineData("cct_2_3x2", true)]
    public void A_size_counts_the_same_alone_and_after_others(string model, bool training)
    {
        ModelConfig config = Presets.Find(model).Config;
        StepMemory[] counted = StepMemory.Of(config, training, false, 2, 3, 7);
        foreach ((int size, StepMemory one) in ((int[])[2, 3, 7]).Zip(counted))
            Assert.Equal(one, Assert.Single(StepMemory.Of(config, training, false, size)));
        Assert.Equal(counted[2].Peak, StepMemory.PeakOf(config, training, false, 7));
    }
}
