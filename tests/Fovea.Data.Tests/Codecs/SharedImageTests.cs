using System.IO.Compression;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;

namespace Fovea.Data.Tests.Codecs;

/// <summary>Real photographs, as their data sets publish them.</summary>
[Trait("Category", "Golden")]
public sealed class SharedImageTests
{
    [Fact]
    public void Every_image_of_the_imagenet_sample_is_read()
    {
        string[] paths = Directory.GetFiles(SharedFiles.Data("imagenet-sample"), "*.JPEG", SearchOption.AllDirectories);
        Assert.NotEmpty(paths);
        int grey = 0;
        foreach (string path in paths)
        {
            RawImage image = ImageFile.Read(path);
            Assert.Equal(new ImageInfo(ImageFormat.Jpeg, image.Width, image.Height, image.Channels),
                ImageFile.Identify(path));
            RequireContent(image, path);
            if (image.Channels == 1) grey++;
        }

        Assert.InRange(grey, 1, paths.Length - 1);   // its description counts twelve
    }

    [Fact]
    public void The_image_with_an_orientation_is_turned()
    {
        string folder = SharedFiles.Data("imagenet-sample");
        string[] paths = Directory.GetFiles(folder, "*can_opener.JPEG", SearchOption.AllDirectories);
        Assert.SkipWhen(paths.Length == 0, $"{folder} has no image of a can opener.");
        RawImage upright = ImageFile.Read(paths[0]),
            stored = ImageFile.Read(paths[0], new() { ApplyOrientation = false });
        Assert.Equal((stored.Height, stored.Width), (upright.Width, upright.Height));
    }

    [Fact]
    public void Every_cat_and_dog_is_read()
    {
        using ZipArchive archive = ZipFile.OpenRead(SharedFiles.Data("cats-and-dogs", "train.zip"));
        int count = 0;
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry =>
            entry.Name.EndsWith(".jpg", StringComparison.Ordinal)))
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

    [Fact]
    public void Everything_among_the_odd_ones_has_an_outcome()
    {
        string folder = SharedFiles.Data("cats-and-dogs", "odd");
        string[] files = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
        string[] readable = [.. files.Where(IsReadable)];
        DatasetSplits splits = DatasetCatalogue.Load("cats-and-dogs", folder, new() { ValidationShare = 0 });
        Assert.Equal(files.Count(file => file.EndsWith(".jpg", StringComparison.Ordinal)),
            splits.Train.Count + splits.Test.Count);
        Assert.Equal(files.Where(file => !file.EndsWith(".md", StringComparison.Ordinal)), readable);

        // Whatever the size, a model gets its own.
        DataLoader loader = new(splits.Train,
            new() { BatchSize = 8, Transforms = TransformPipeline.Parse("random-resized-crop:224,hflip") });
        Batch batch = loader.Epoch(0).First();
        Assert.Equal(splits.Train.Count, batch.Count);
        Assert.All(batch.Images.AsSpan(0, batch.Count * 3 * 224 * 224).ToArray(),
            sample => Assert.True(float.IsFinite(sample)));
    }

    /// <summary>An image is read; anything else ends in an error that names it.</summary>
    private static bool IsReadable(string file)
    {
        try
        {
            RequireContent(ImageFile.Read(file), file);
            return true;
        }
        catch (DataException error)
        {
            Assert.StartsWith(file + ": ", error.Message, StringComparison.Ordinal);
            return false;
        }
    }

    private static void RequireContent(RawImage image, string path) =>
        Assert.True(image.Pixels.ContainsAnyExcept(image.Pixels[0]), $"{path} has one colour only");
}
