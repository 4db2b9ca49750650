using Fovea.Data;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using Fovea.Export.Tests.Support;
using Fovea.Vision;
using Microsoft.ML.OnnxRuntime;

namespace Fovea.Export.Tests;

/// <summary>Images prepared by the graph against those that our transforms prepare.</summary>
public sealed class PreprocessingTests
{
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f];

    /// <summary>Nothing is resized: the same numbers. Else a sample may be rounded to the byte next to ours, because
    /// weights are integers there, so that scores differ by a little.</summary>
    [Theory]
    [InlineData(24, 24, false, 1.0, 1e-4)]
    [InlineData(24, 24, true, 1.0, 1e-4)]
    [InlineData(24, 41, false, 1.0, 1e-4)]
    [InlineData(42, 24, false, 1.0, 1e-4)]
    [InlineData(70, 50, false, 0.875, 0.02)]
    [InlineData(50, 70, true, 0.875, 0.02)]
    [InlineData(63, 200, true, 0.6, 0.02)]
    [InlineData(12, 17, false, 0.875, 0.02)]
    [InlineData(12, 17, true, 1.0, 0.02)]
    public void The_shorter_side_is_resized_and_the_middle_cut_out(int height, int width, bool isBicubic,
        double share, double tolerance)
    {
        Interpolation interpolation = isBicubic ? Interpolation.Bicubic : Interpolation.Bilinear;
        int shorter = (int)(24 / share);
        Check(height, width, new(new Resize(shorter, Interpolation: interpolation), new CenterCrop(24)),
            Steps(isBicubic) with { ShorterSide = shorter }, tolerance);
    }

    [Theory]
    [InlineData(24, 24, false, 1e-4)]
    [InlineData(28, 28, false, 0.02)]
    [InlineData(60, 40, true, 0.02)]
    [InlineData(9, 100, false, 0.02)]
    public void Small_images_are_resized_as_a_whole(int height, int width, bool isBicubic, double tolerance) =>
        Check(height, width, new(new Resize(24, 24, isBicubic ? Interpolation.Bicubic : Interpolation.Bilinear)),
            Steps(isBicubic), tolerance);

    [Fact]
    public void Grey_images_have_one_channel() =>
        Check(30, 24, new(new Resize(24), new CenterCrop(24)),
            new Preprocessing { Mean = [0.13f], Std = [0.3f], ShorterSide = 24 }, 1e-4, channels: 1);

    [Fact]
    public void Resizing_needs_an_operator_set_that_filters()
    {
        using TemporaryFolder folder = new();
        UsageException error = Assert.Throws<UsageException>(() => OnnxExport.Write(
            Models.Create(Models.WithAttention("softmax")), folder["a.onnx"],
            new() { Opset = 17, Preprocessing = Steps(false) }));
        Assert.Equal("opset", error.Field);
        Assert.EndsWith("resizing inside the graph needs operator set 18 or newer, got 17.", error.Sentence,
            StringComparison.Ordinal);
    }

    private static Preprocessing Steps(bool isBicubic) => new() { Mean = Mean, Std = Std, IsBicubic = isBicubic };

    private static void Check(int height, int width, TransformPipeline pipeline, Preprocessing steps,
        double tolerance, int channels = 3)
    {
        using TemporaryFolder folder = new();
        ImageClassifier model = Models.Create(Models.WithAttention("softmax") with { Channels = channels });
        OnnxExport.Write(model, folder["model.onnx"], new() { Preprocessing = steps });
        Assert.Empty(OnnxFile.Read(folder["model.onnx"]).Broken());
        using InferenceSession session = Runtime.Open(folder["model.onnx"]);
        foreach (int batch in (int[])[1, 7])
        {
            List<float> prepared = [];
            List<byte> bytes = [];
            for (int i = 0; i < batch; i++)
            {
                RawImage image = Draw(channels, height, width, i);
                for (int pixel = 0; pixel < height * width; pixel++)
                    for (int channel = 0; channel < channels; channel++) bytes.Add(image.Plane(channel)[pixel]);
                pipeline.Apply(image, Philox.For(0, "none"), new ImageScratch());
                for (int channel = 0; channel < channels; channel++)
                    foreach (byte sample in image.Plane(channel))
                        prepared.Add((sample / 255f - steps.Mean[channel]) / steps.Std[channel]);
            }

            float[] ours = Models.Scores(model, [.. prepared], batch);
            float[] theirs = Runtime.Run(session, bytes.ToArray(), batch, height, width, channels);
            double largest = ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max();
            TestContext.Current.TestOutputHelper?.WriteLine($"batch {batch}: largest difference {largest:g3}");
            Assert.InRange(largest, 0, tolerance);
        }
    }

    /// <summary>Waves and noise: edges in all directions.</summary>
    private static RawImage Draw(int channels, int height, int width, int number)
    {
        RawImage image = new(channels, height, width);
        Philox random = Philox.For((ulong)number, "pixels");
        for (int channel = 0; channel < channels; channel++)
            for (int pixel = 0; pixel < height * width; pixel++)
                image.Plane(channel)[pixel] = (byte)Math.Clamp(
                    128 + 90 * Math.Sin(0.3 * (pixel % width) + channel + number) * Math.Cos(0.2 * (pixel / width))
                    + 60 * (random.Uniform((ulong)(channel * height * width + pixel)) - 0.5), 0, 255);
        return image;
    }
}
