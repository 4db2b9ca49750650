using System.IO.Compression;
using Fovea.Data.Images;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Images;

/// <summary>Real photographs, as their data sets publish them.</summary>
[Trait("Category", "Golden")]
public sealed class SharedPictureTests
{
    [Fact]
    public void Every_picture_of_the_imagenet_sample_is_read()
    {
        string[] paths = Directory.GetFiles(SharedFiles.Data("imagenet-sample"), "*.JPEG", SearchOption.AllDirectories);
        Assert.NotEmpty(paths);
        int grey = 0;
        foreach (string path in paths)
        {
            RawImage image = ImageFile.Read(path);
            Assert.Equal(new ImageInfo(ImageFormat.Jpeg, image.Width, image.Height, image.Channels), ImageFile.Identify(path));
            RequireContent(image, path);
            if (image.Channels == 1) grey++;
        }

        Assert.InRange(grey, 1, paths.Length - 1);   // its description counts twelve
    }

    [Fact]
    public void The_picture_with_an_orientation_is_turned()
    {
        string folder = SharedFiles.Data("imagenet-sample");
        string[] paths = Directory.GetFiles(folder, "*can_opener.JPEG", SearchOption.AllDirectories);
        Assert.SkipWhen(paths.Length == 0, $"{folder} has no picture of a can opener.");
        RawImage upright = ImageFile.Read(paths[0]), stored = ImageFile.Read(paths[0], new() { ApplyOrientation = false });
        Assert.Equal((stored.Height, stored.Width), (upright.Width, upright.Height));
    }

    [Fact]
    public void Every_cat_and_dog_is_read()
    {
        using ZipArchive archive = ZipFile.OpenRead(SharedFiles.Data("cats-and-dogs", "train.zip"));
        int count = 0;
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry => entry.Name.EndsWith(".jpg", StringComparison.Ordinal)))
        {
            using Stream stream = entry.Open();
            RequireContent(ImageFile.Read(stream, entry.FullName), entry.FullName);
            count++;
        }

        Assert.NotEqual(0, count);
    }

    [Fact]
    public void The_odd_ones_are_odd_in_content_only()
    {
        RawImage small = ImageFile.Read(SharedFiles.Data("cats-and-dogs", "odd", "dog.1174.jpg"));
        Assert.Equal((3, 50, 74), (small.Channels, small.Height, small.Width));
        foreach (string name in (string[])["dog.1194.jpg", "cat.92.jpg"])
            RequireContent(ImageFile.Read(SharedFiles.Data("cats-and-dogs", "odd", name)), name);
    }

    private static void RequireContent(RawImage image, string path) =>
        Assert.True(image.Pixels.ContainsAnyExcept(image.Pixels[0]), $"{path} has one colour only");
}
