using System.Security.Cryptography;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Data.Tests.Codecs.Jpeg;

public sealed class JpegReaderTests
{
    public static TheoryData<string> Samples =>
        [.. JpegSamples.All.Where(sample => sample.Value.Sha256 != "").Select(sample => sample.Key)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_kind_has_the_pixels_of_libjpeg(string name)
    {
        byte[] file = JpegSamples.Bytes(name);
        RawImage image = ImageFile.Read(file);
        Assert.Equal(new ImageInfo(ImageFormat.Jpeg, image.Width, image.Height, image.Channels),
            ImageFile.Identify(file));
        Assert.Equal((21, 13), (image.Width, image.Height));
        Assert.Equal(JpegSamples.All[name].Sha256, Convert.ToHexStringLower(SHA256.HashData(image.Pixels)));
    }

    /// <summary>The first 64 bits of the SHA-256 of what libjpeg-turbo 2.1.5 decodes them to at 1/2, 1/4 and
    /// 1/8.</summary>
    [Theory]
    [InlineData("4:4:4", "4bdd6829294f8f0d", "8c84d985107ca4d7", "aa633c0155596836")]
    [InlineData("4:2:0", "5053e34eab9b8306", "d506dd3d934b74c8", "dca4de3ba63cb902")]
    [InlineData("4:2:2", "78befd1505b9e405", "6cdbe05d28a03c26", "1cf1e5097ceb5ac1")]
    [InlineData("4:4:0", "5bcc002572ddd5d5", "6a7b7da9b0763bea", "c912689dfa823b5e")]
    [InlineData("4:1:1", "70dee78d073d6c41", "f654927ab17da594", "9ed8b174a829e693")]
    [InlineData("sampling 3 to 1", "2405ce7e61326471", "d73fccd3ce60b195", "0dd6f3adaea58691")]
    [InlineData("progressive", "e7106ed483c17800", "35e14fcd38da627f", "f24c393a8e4f615a")]
    [InlineData("progressive, restarts", "78befd1505b9e405", "6cdbe05d28a03c26", "1cf1e5097ceb5ac1")]
    [InlineData("restarts", "5053e34eab9b8306", "d506dd3d934b74c8", "dca4de3ba63cb902")]
    [InlineData("RGB", "faff96b9fcb0667b", "8fa50f4553f716c2", "9a6ba357691868bf")]
    [InlineData("grey", "ddb44e56bcf33cd8", "6f44adaa01fd1b1a", "0a6546eebf1f3c4c")]
    [InlineData("grey, progressive", "ddb44e56bcf33cd8", "6f44adaa01fd1b1a", "0a6546eebf1f3c4c")]
    [InlineData("one scan per component", "5053e34eab9b8306", "d506dd3d934b74c8", "dca4de3ba63cb902")]
    [InlineData("CMYK", "5be05fec0855e3eb", "7ad4dffd1bae3bba", "0f8e81b58c20e955")]
    [InlineData("YCCK", "357363df3b546539", "11c7a16c0d267dac", "a8690af5800b4ad9")]
    public void A_smaller_scale_has_the_pixels_of_libjpeg(string name, string half, string quarter, string eighth)
    {
        byte[] file = JpegSamples.Bytes(name);
        foreach ((int scale, string digest) in new[] { (2, half), (4, quarter), (8, eighth) })
        {
            DecodeOptions options = new() { Scale = scale };
            RawImage small = ImageFile.Read(file, options: options);
            Assert.Equal((Up(21, scale), Up(13, scale)), (small.Width, small.Height));
            Assert.Equal(new ImageInfo(ImageFormat.Jpeg, small.Width, small.Height, small.Channels),
                ImageFile.Identify(file, options: options));
            Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(small.Pixels))[..16]);
        }
    }

    [Fact]
    public void Orientation_turns_the_image_and_its_identity()
    {
        byte[] plain = JpegSamples.Bytes("4:2:0");
        byte[] exif = [.. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
        byte[] file = [0xFF, 0xD8, 0xFF, 0xE1, 0, (byte)(exif.Length + 2), .. exif, .. plain[2..]];
        RawImage upright = ImageFile.Read(plain), turned = ImageFile.Read(file),
            asStored = ImageFile.Read(file, options: new() { ApplyOrientation = false });
        Assert.Equal((13, 21), (turned.Width, turned.Height));
        Assert.Equal(new ImageInfo(ImageFormat.Jpeg, 13, 21, 3), ImageFile.Identify(file));
        Assert.Equal(upright.Pixels.ToArray(), asStored.Pixels.ToArray());
        Assert.Equal(upright.Pixels[0], turned.Pixels[12]);
    }

    [Fact]
    public void What_cannot_be_read_is_named()
    {
        AssertError("is an arithmetic-coded JPEG, which cannot be read; only Huffman coding can.",
            JpegSamples.Bytes("arithmetic"));
        AssertError("has samples of 12 bits; only JPEG of 8 bits can be read.", WithFrame(frame => frame[4] = 12));
        AssertError("leaves its height to a later marker (DNL), which is not supported.",
            WithFrame(frame => frame[5..7].Clear()));
        AssertError("has a width of 0.", WithFrame(frame => frame[7..9].Clear()));
        AssertError("is a lossless JPEG, which cannot be read.", WithFrame(frame => frame[1] = 0xC3));
        AssertError("is a hierarchical JPEG, which cannot be read.", WithFrame(frame => frame[1] = 0xC5));
        AssertError("has 65535 x 65535 pixels, more than the limit of 178956970; make it smaller.",
            WithFrame(frame => frame[5..9].Fill(0xFF)));
        AssertError("is cut off or its header is wrong: 428 bytes cannot hold 8192 x 8192 pixels.",
            WithFrame(frame => frame[5] = frame[7] = 0x20, then => then[6] = then[8] = 0));
        AssertError("has no frame header before its first scan or its end.", [0xFF, 0xD8, 0xFF, 0xD9]);
        AssertError("is cut off: it ends at offset 2 without an end marker.", [0xFF, 0xD8]);
    }

    [Fact]
    public void Files_cut_off_anywhere_are_refused()
    {
        foreach (string name in (string[])["4:2:0", "progressive", "restarts"])
        {
            byte[] file = JpegSamples.Bytes(name);
            for (int length = 2; length < file.Length; length++)
            {
                DataException error = Assert.Throws<DataException>(() => ImageFile.Read(file.AsMemory(0, length), "x"));
                Assert.StartsWith("x: is cut off", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void What_is_left_of_a_file_can_be_asked_for()
    {
        RawImage image = new(1, 64, 64);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(i / 64 * 3);
        byte[] file = JpegWriter.Encode(image);
        RawImage full = ImageFile.Read(file),
            half = ImageFile.Read(file.AsMemory(0, file.Length - 20), options: new() { AllowDamaged = true });
        Assert.Equal(full.Pixels[..(8 * 64)].ToArray(), half.Pixels[..(8 * 64)].ToArray());
        Assert.Equal(128, half.Pixels[^1]);
        Assert.Throws<DataException>(() =>
            ImageFile.Read(file.AsMemory(0, 40), options: new() { AllowDamaged = true }));
    }

    [Fact]
    public void Data_that_end_at_a_marker_too_early_leave_the_rest_grey()
    {
        // As libjpeg does; a file whose end is missing has no such marker and is refused.
        byte[] file = JpegWriter.Encode(new RawImage(1, 64, 64));
        int data = file.AsSpan().IndexOf<byte>([0xFF, 0xDA]) + 10;
        RawImage image = ImageFile.Read((byte[])[.. file[..(data + 8)], 0xFF, 0xD9]);
        Assert.Equal(0, image.Pixels[0]);
        Assert.Equal(128, image.Pixels[^1]);
    }

    [Fact]
    public void Bytes_that_belong_to_nothing_are_passed_over()
    {
        byte[] file = JpegSamples.Bytes("4:2:0");
        byte[] expected = ImageFile.Read(file).Pixels.ToArray();
        Assert.Equal(expected, ImageFile.Read((byte[])[.. file[..^2], 1, 2, 3, .. file[^2..], 9, 9]).Pixels.ToArray());
        Assert.Equal(expected, ImageFile.Read((byte[])[.. file[..2], 7, 7, 0xFF, 0xFF, .. file[2..]]).Pixels.ToArray());
    }

    [Fact]
    public void Thousands_of_scans_are_refused()
    {
        byte[] file = JpegSamples.Bytes("grey, progressive");
        int scan = file.AsSpan().IndexOf<byte>([0xFF, 0xDA]),
            next = scan + 2 + file.AsSpan(scan + 2).IndexOf<byte>([0xFF, 0xC4]);
        byte[] many = [.. file[..scan], .. Enumerable.Repeat(file[scan..next], 300).SelectMany(bytes => bytes),
            .. file[next..]];
        AssertError("has more than 250 scans, which no honest file has.", many);
    }

    [Fact]
    public void Scans_that_come_back_to_a_large_image_too_often_are_refused()
    {
        byte[] file = JpegSamples.Bytes("grey, progressive");
        int scan = file.AsSpan().IndexOf<byte>([0xFF, 0xDA]),
            next = scan + 2 + file.AsSpan(scan + 2).IndexOf<byte>([0xFF, 0xC4]),
            frame = file.AsSpan().IndexOf<byte>([0xFF, 0xC2]);
        byte[] many = [.. file[..scan], .. Enumerable.Repeat(file[scan..(scan + 10)], 100)   // headers without data
            .SelectMany(bytes => bytes),
            .. file[next..^2], 0xFF, 0xFE, 0x80, 0, .. new byte[0x7FFE], 0xFF, 0xD9];
        (many[frame + 5], many[frame + 6], many[frame + 7], many[frame + 8]) = (8, 0, 8, 0);
        AssertError("has scans that come back to its 2048 x 2048 pixels more than 32 times, which no honest file does.",
            many);
    }

    private static byte[] WithFrame(params SpanAction[] changes)
    {
        byte[] file = JpegSamples.Bytes("4:2:0");
        int frame = file.AsSpan().IndexOf<byte>([0xFF, 0xC0]);
        foreach (SpanAction change in changes) change(file.AsSpan(frame));
        return file;
    }

    private static void AssertError(string message, byte[] file) =>
        Assert.Equal("x.jpg: " + message, Assert.Throws<DataException>(() => ImageFile.Read(file, "x.jpg")).Message);

    private static int Up(int value, int divisor) => (value + divisor - 1) / divisor;

    private delegate void SpanAction(Span<byte> bytes);
}
