using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Writing;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Codecs.Writing;

public sealed class JpegWriterTests
{
    [Fact]
    public void What_is_written_is_read_back_nearly()
    {
        Gen<(int Channels, int Width, int Height, JpegSampling Sampling, int Seed)> images =
            from channels in Gen.Elements(1, 3)
            from width in Gen.Choose(1, 50)
            from height in Gen.Choose(1, 50)
            from sampling in Gen.Elements(JpegSampling.Full, JpegSampling.Quarter)
            from seed in Gen.Choose(0, 1000)
            select (channels, width, height, sampling, seed);

        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(images), size =>
        {
            RawImage image = Waves(size.Channels, size.Width, size.Height, size.Seed);
            RawImage read = ImageFile.Read(JpegWriter.Encode(image, 95, size.Sampling));
            return (read.Channels, read.Width, read.Height) == (size.Channels, size.Width, size.Height)
                && Difference(image, read).Mean < (size.Sampling == JpegSampling.Full ? 3 : 8);
        }));
    }

    [Fact]
    public void The_best_quality_loses_little_and_the_worst_is_small()
    {
        RawImage image = Waves(3, 100, 80, 3);
        (int largest, double mean) = Difference(image,
            ImageFile.Read(JpegWriter.Encode(image, 100, JpegSampling.Full)));
        Assert.InRange(largest, 0, 4);
        Assert.InRange(mean, 0, 0.8);
        int[] sizes = [.. ((int[])[100, 90, 50, 10, 1]).Select(quality => JpegWriter.Encode(image, quality).Length)];
        Assert.Equal(sizes.OrderDescending(), sizes);
    }

    [Fact]
    public void Noise_survives_the_best_quality()
    {
        RawImage image = new(1, 64, 64);
        new Random(5).NextBytes(image.Pixels);
        Assert.InRange(Difference(image, ImageFile.Read(JpegWriter.Encode(image, 100))).Largest, 0, 3);
    }

    [Fact]
    public void Black_and_white_stay_what_they_are()
    {
        foreach (byte value in (byte[])[0, 255])
        {
            RawImage image = new(3, 9, 9);
            image.Pixels.Fill(value);
            Assert.Equal(image.Pixels.ToArray(), ImageFile.Read(JpegWriter.Encode(image, 100)).Pixels.ToArray());
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegWriter.Encode(new RawImage(1, 1, 1), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegWriter.Encode(new RawImage(1, 1, 1), 101));
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegWriter.Encode(new RawImage(1, 1, 65536)));
        Assert.Throws<ArgumentException>(() => JpegWriter.Encode(new RawImage(2, 1, 1)));
    }

    internal static RawImage Waves(int channels, int width, int height, int seed)
    {
        RawImage image = new(channels, height, width);
        for (int channel = 0; channel < channels; channel++)
            for (int i = 0; i < width * height; i++)
                image.Plane(channel)[i] = (byte)(128
                    + 120 * Math.Sin(0.13 * (i % width) + seed + channel) * Math.Cos(0.09 * (i / width) - channel));
        return image;
    }

    internal static (int Largest, double Mean) Difference(RawImage first, RawImage second)
    {
        int largest = 0;
        double sum = 0;
        for (int i = 0; i < first.Pixels.Length; i++)
        {
            int difference = Math.Abs(first.Pixels[i] - second.Pixels[i]);
            largest = Math.Max(largest, difference);
            sum += difference;
        }

        return (largest, sum / first.Pixels.Length);
    }
}
