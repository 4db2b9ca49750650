using System.Diagnostics;
using System.Text;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Codecs;

public sealed class ImageFileTests
{
    private static readonly byte[] Grey = [.. "P5 2 1 255 "u8, 7, 8];

    [Fact]
    public void Paths_streams_and_memory_give_the_same()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("misnamed.jpg", Grey);
        RawImage image = new(3, 9, 9);
        Assert.Same(image, ImageFile.Fill(image, path));
        Assert.Equal([7, 8], image.Pixels.ToArray());
        Assert.Equal([7, 8], ImageFile.Read(path).Pixels.ToArray());
        Assert.Equal([7, 8], ImageFile.Read(new MemoryStream(Grey)).Pixels.ToArray());
        Assert.Equal([7, 8], ImageFile.Read(Grey).Pixels.ToArray());
        Assert.Equal(new ImageInfo(ImageFormat.PortablePixmap, 2, 1, 1), ImageFile.Identify(path));
        Assert.Equal(ImageFile.Identify(path), ImageFile.Identify(Grey));
    }

    [Fact]
    public void A_missing_file_is_a_data_error()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "none.png");
        Assert.StartsWith(path + ": cannot be read: ", Assert.Throws<DataException>(() => ImageFile.Read(path)).Message,
            StringComparison.Ordinal);
        Assert.Throws<DataException>(() => ImageFile.Read(folder.Path));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("P", "is no image of a known format")]
    [InlineData("hello, world", "is no image of a known format")]
    [InlineData("\0\0\0\fjP  ", "is a JPEG 2000 image")]
    [InlineData("\0\0\0 ftypavif", "is a HEIF or AVIF image")]
    public void Other_formats_are_named(string file, string found) => Assert.Equal(
        $"x: {found}; JPEG, PNG, WebP, GIF, BMP, ICO, TIFF, PBM, PGM and PPM can be read.",
        Assert.Throws<DataException>(() => ImageFile.Read(Encoding.ASCII.GetBytes(file), "x")).Message);

    [Fact]
    public void Limits_hold_for_every_format()
    {
        RawImage image = new(3, 20, 30);
        byte[][] files =
        [
            JpegWriter.Encode(image), PngWriter.Encode(new byte[600], 30, 20, PngColor.Grey),
            [.. "P5 30 20 255 "u8, .. new byte[600]], Bmp.BmpBuilder.Info(30, 20, 8, 0, [], new byte[640]),
        ];
        foreach (byte[] file in files)
        {
            Assert.Equal(30, ImageFile.Read(file, options: With(new() { Pixels = 600 })).Width);
            Assert.StartsWith("x: has 30 x 20 pixels, more than the limit of 599", Error(file, new() { Pixels = 599 }),
                StringComparison.Ordinal);
            Assert.StartsWith("x: needs ", Error(file, new() { Bytes = 599 }), StringComparison.Ordinal);
            using TemporaryFolder folder = new();
            string path = folder.Write("x", file);
            DecodeOptions small = With(new() { Bytes = file.Length - 1 });
            Assert.EndsWith($"bytes, more than the limit of {file.Length - 1}.",
                Assert.Throws<DataException>(() => ImageFile.Read(path, small)).Message, StringComparison.Ordinal);
            Assert.Throws<DataException>(() => ImageFile.Read(new MemoryStream(file), "x", small));
        }
    }

    [Fact]
    public void Options_are_checked()
    {
        Assert.Equal("DecodeOptions.Scale: must be 1, 2, 4 or 8, not 3.",
            Assert.Throws<UsageException>(() => ImageFile.Read(Grey, options: new() { Scale = 3 })).Message);
        Assert.Throws<UsageException>(() => ImageFile.Identify(Grey, options: With(new() { Pixels = 0 })));
    }

    [Fact]
    public async Task A_pipe_named_like_a_image_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(),
            "There are no named pipes in folders.");
        using TemporaryFolder folder = Folder("a/1.png", "b/1.png");
        string pipe = Path.Combine(folder.Path, "a", "2.png");
        using (Process made = Process.Start("mkfifo", pipe))
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        Task<string> error = Task.Run(() => Assert.Throws<DataException>(() => ImageFile.Read(pipe)).Message,
            TestContext.Current.CancellationToken);
        Assert.Contains("no regular file",
            await error.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        // Listing, which looks at headers, does not wait either.
        Task<DatasetSplits> listed = Task.Run(() => DatasetCatalogue.Load("folder", folder.Path),
            TestContext.Current.CancellationToken);
        DatasetSplits splits = await listed.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(3, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
    }

    private static DecodeOptions With(DecodeLimits limits) => new() { Limits = limits };

    private static string Error(byte[] file, DecodeLimits limits) =>
        Assert.Throws<DataException>(() => ImageFile.Read(file, "x", With(limits))).Message;
}
