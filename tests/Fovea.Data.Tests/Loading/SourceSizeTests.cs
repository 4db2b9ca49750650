using Fovea.Data.Codecs.Writing;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;

namespace Fovea.Data.Tests.Loading;

public sealed class SourceSizeTests
{
    [Theory]
    [InlineData("resize:256,center-crop:224", 512)]
    [InlineData("random-resized-crop:224,hflip", 915)]
    [InlineData("random-resized-crop:100:scale=1..1:ratio=1..1", 100)]
    [InlineData("resize:200x300", 0)]
    [InlineData("hflip,resize:256", 0)]
    [InlineData("none", 0)]
    public void The_first_step_decides(string transforms, int least) =>
        Assert.Equal(least, SourceSize.LeastSide(TransformPipeline.Parse(transforms)));

    [Theory]
    [InlineData(0, 100, 80)]
    [InlineData(41, 100, 80)]
    [InlineData(40, 50, 40)]
    [InlineData(20, 25, 20)]
    [InlineData(1, 13, 10)]
    public void Images_are_shrunk_as_far_as_that_allows(int least, int width, int height)
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg"])
            folder.Write(name, JpegWriter.Encode(new RawImage(3, 80, 100)));
        RawImage image = new();
        ReadableImages train = new(
            new ClassSubset(new Subset(ImageFolder.Load(folder.Path,
                new DatasetOptions { Copies = CopyPolicy.Keep }).Train, [0, 1]), [0, 1]));
        train.Read(1, image, least);
        Assert.Equal((width, height), (image.Width, image.Height));
    }
}
