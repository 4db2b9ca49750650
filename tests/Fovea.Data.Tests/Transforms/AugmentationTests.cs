using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;

namespace Fovea.Data.Tests.Transforms;

public sealed class AugmentationTests
{
    [Theory]
    [InlineData(3, 224, 224, "random-resized-crop:224,hflip", "resize:256,center-crop:224")]
    [InlineData(3, 224, 32, "random-resized-crop:32,hflip", "resize:36,center-crop:32")]
    [InlineData(3, 32, 224, "random-crop:32:padding=4,hflip", "none")]
    [InlineData(1, 28, 28, "none", "none")]
    public void Photographs_are_cropped_and_small_images_kept(int channels, int side, int size, string training,
        string evaluation)
    {
        DatasetInfo info = Counting.Info(channels, side, 2);
        Assert.Equal(training, Augmentation.Default(info, size).ToString());
        Assert.Equal(evaluation, Augmentation.Evaluation(info, size).ToString());
    }
}
