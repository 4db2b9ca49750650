using Fovea.Torch.Backends;

namespace Fovea.Torch.Tests;

public sealed class ConvolutionCheckTests
{
    [Fact]
    public void A_wrong_number_or_none_is_noticed_and_rounding_is_not()
    {
        float[] exact = [1, -2, 30];
        Assert.False(TorchBackend.Differ(exact, [1.0001f, -2, 29.9999f]));
        Assert.True(TorchBackend.Differ(exact, [1, -2, 30.01f]));
        Assert.True(TorchBackend.Differ(exact, [1, float.NaN, 30]));
    }
}
