using System.Diagnostics;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Tests.Codecs.Bmp;
using Fovea.Data.Tests.Codecs.Jpeg;
using Fovea.Data.Tests.Codecs.LibTiff;
using Fovea.Data.Tests.Codecs.Skia;
using Fovea.Data.Tests.Codecs.Writing;

namespace Fovea.Data.Tests.Codecs;

/// <summary>Damaged images end in a <see cref="DataException"/> or in an image: no other exception, no hang, no huge
/// allocation.</summary>
public sealed class ImageFuzzTests
{
    private const long AllocationLimit = 64 << 20;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(1);
    private static readonly DecodeLimits Limits = new() { Pixels = 1 << 20, Bytes = 16 << 20 };

    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("progressive")]
    [InlineData("webp")]
    [InlineData("gif")]
    [InlineData("icon")]
    [InlineData("tiff")]
    [InlineData("bmp")]
    [InlineData("pixmap")]
    public void Damaged_images_end_in_a_data_error(string format) => Fuzz(format, rounds: 500);

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("progressive")]
    [InlineData("webp")]
    [InlineData("gif")]
    [InlineData("icon")]
    [InlineData("tiff")]
    [InlineData("bmp")]
    [InlineData("pixmap")]
    public void Very_many_damaged_images_end_in_a_data_error(string format) => Fuzz(format, rounds: 20_000);

    private static void Fuzz(string format, int rounds)
    {
        byte[][] files = Files(format);
        int decoded = 0;
        for (int round = 0; round < rounds; round++)
        {
            Philox draws = Philox.For(11, "images", (ulong)round);
            byte[] damaged = Damage(files[round % files.Length], draws);
            // Checksums would keep damage from whatever lies behind them.
            if (format == "png" && draws.Below(1, 8) != 0) PngBuilder.FixChecksums(damaged);
            DecodeOptions options = new()
            {
                Limits = Limits,
                Scale = 1 << draws.Below(2, 4),
                AllowDamaged = draws.Below(3, 2) == 0
            };
            ImageSource source = new($"{format}, round {round}", damaged, options);
            decoded += Survives(source, $"{format}, round {round}") ? 1 : 0;
        }

        Assert.InRange(decoded, rounds / 100, rounds - 1);   // the damage is neither hopeless nor harmless
    }

    private static byte[][] Files(string format) => format switch
    {
        "png" =>
        [
            Png(0, 1, false), Png(0, 8, true), Png(2, 8, false), Png(2, 8, true), Png(2, 16, false), Png(3, 4, true),
            Png(3, 8, false),
            Png(4, 16, true), Png(6, 8, false),
        ],
        "progressive" => [.. JpegSamples.All.Keys.Where(IsProgressive).Select(JpegSamples.Bytes)],
        "jpeg" =>
        [
            .. JpegSamples.All.Keys.Where(name => !IsProgressive(name)).Select(JpegSamples.Bytes),
            JpegWriter.Encode(JpegWriterTests.Waves(3, 60, 50, 1)),
            JpegWriter.Encode(JpegWriterTests.Waves(1, 40, 70, 2), 100),
        ],
        "webp" or "gif" or "icon" => [.. FormatSamples.Of(format)],
        "tiff" => [.. FormatSamples.Of(format), .. GreySamplesTests.Samples()],
        "bmp" =>
        [
            BmpBuilder.Info(9, 5, 1, 0, BmpBuilder.Palette((1, 2, 3), (4, 5, 6)), Noise(20)),
            BmpBuilder.Info(9, -5, 8, 0, BmpBuilder.Palette((1, 2, 3), (4, 5, 6)), Noise(60)),
            BmpBuilder.Info(9, 5, 24, 0, [], Noise(140)), BmpBuilder.Info(9, 5, 32, 0, [], Noise(180)),
            BmpBuilder.Info(9, 5, 16, 3, [0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0], Noise(100)),
            BmpBuilder.Info(9, 5, 8, 1, BmpBuilder.Palette((1, 2, 3), (4, 5, 6)), Runs()),
            BmpBuilder.Info(9, 5, 4, 2, BmpBuilder.Palette((1, 2, 3), (4, 5, 6)), Runs()),
            BmpBuilder.Core(9, 5, 8, [1, 2, 3, 4, 5, 6], Noise(60)),
        ],
        _ =>
        [
            [.. "P1 4 2\n0 1 0 1 1 0 1 0"u8], [.. "P2 3 2 15\n0 1 2 3 4 15\n"u8], [.. "P3 2 1 255 # c\n1 2 3 4 5 6"u8],
            [.. "P4 9 3\n"u8, 1, 2, 3, 4, 5, 6], [.. "P5 3 2 255\n"u8, 1, 2, 3, 4, 5, 6],
            [.. "P6 2 1 65535\n"u8, .. Noise(12)],
        ],
    };

    private static bool IsProgressive(string name) => name.Contains("progressive", StringComparison.Ordinal);

    private static byte[] Png(int colorType, int depth, bool interlaced)
    {
        byte[] palette = Noise(3 << Math.Min(depth, 8));
        int[] samples = [.. Enumerable.Range(0, 19 * 14 * PngBuilder.Samples(colorType))
            .Select(i => i * 7 % (1 << depth))];
        return PngBuilder.Build(19, 14, colorType, depth, interlaced, samples, ("PLTE", palette), ("tEXt", Noise(9)));
    }

    private static byte[] Runs() =>
        [9, 1, 0, 0, 0, 3, 1, 0, 1, 0, 4, 1, 0, 0, 0, 2, 1, 1, 5, 1, 0, 0, 9, 0, 0, 0, 9, 1, 0, 1];

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Flips bits, overwrites bytes, exchanges or repeats stretches, cuts, or replaces all but the beginning
    /// by noise.</summary>
    internal static byte[] Damage(byte[] file, Philox draws)
    {
        if (draws.Below(13, 16) == 0)
            return [.. file[..draws.Below(14, file.Length)], .. Noise(1 + draws.Below(15, 500))];
        List<byte> damaged = [.. file];
        for (int i = draws.Below(10, 4); i >= 0; i--)
        {
            ulong n = 20 + 8 * (ulong)i;
            int at = draws.Below(n, damaged.Count), other = draws.Below(n + 1, damaged.Count);
            int length = Math.Min(1 + draws.Below(n + 2, 40), damaged.Count - Math.Max(at, other));
            switch (draws.Below(n + 3, 7))
            {
                case 0 or 1: damaged[at] ^= (byte)(1 << draws.Below(n + 4, 8)); break;
                case 2: damaged[at] = (byte)draws.Below(n + 4, 256); break;
                case 3: damaged[at] = 0xFF; break;
                case 4:
                    for (int j = 0; j < length; j++)
                        (damaged[at + j], damaged[other + j]) = (damaged[other + j], damaged[at + j]);
                    break;
                case 5: damaged.InsertRange(at, damaged.GetRange(other, length)); break;
                default: damaged.RemoveRange(at, Math.Min(length, damaged.Count - 1)); break;
            }
        }

        return draws.Below(11, 6) == 0 ? [.. damaged.Take(draws.Below(12, damaged.Count))] : [.. damaged];
    }

    private static bool Survives(ImageSource source, string what)
    {
        bool isRead = Attempt(source, what, out TimeSpan time);
        // A second try, because a busy machine is no hang.
        if (time > TimeLimit) Attempt(source, what, out time);
        Assert.True(time < TimeLimit, $"{what}: took {time.TotalSeconds} s");
        return isRead;
    }

    private static bool Attempt(ImageSource source, string what, out TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            RawImage image = new();
            ImageFile.Fill(image, source.File, what, source.Options);
            Assert.Equal(image.Channels * image.Height * image.Width, image.Pixels.Length);
            return true;
        }
        catch (DataException error)
        {
            Assert.StartsWith(what + ": ", error.Message, StringComparison.Ordinal);
            return false;
        }
        finally
        {
            time = Stopwatch.GetElapsedTime(start);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= AllocationLimit, $"{what}: allocated {allocated} bytes");
        }
    }
}
