using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets.Shapes;

/// <summary>
/// Ten shapes on coloured, cluttered grounds, 32 x 32 pixels, red, green and blue: drawn here, so that everything runs
/// without a download. Image <c>i</c> of a split is a pure function of (seed, split, i), with the same bytes on every
/// machine.
/// </summary>
public static class ShapesDataset
{
    /// <summary>Side of an image in pixels.</summary>
    public const int ImageSize = 32;

    /// <summary>Training images unless told otherwise.</summary>
    public const int DefaultTrainCount = 10_000;

    /// <summary>Validation images unless told otherwise.</summary>
    public const int DefaultValidationCount = 1_000;

    /// <summary>Test images unless told otherwise.</summary>
    public const int DefaultTestCount = 2_000;

    /// <summary>Description of the images. Mean and deviation were measured on the default training set of seed
    /// 0.</summary>
    public static DatasetInfo Info { get; } = new()
    {
        Name = "shapes",
        Channels = 3,
        Height = ImageSize,
        Width = ImageSize,
        ClassNames = [.. Outline.Classes.Select(shape => shape.Name)],
        Normalization = new([0.4279f, 0.4240f, 0.4307f], [0.2972f, 0.3029f, 0.2984f]),
    };

    internal const int ImageBytes = 3 * ImageSize * ImageSize;

    /// <summary>All three splits; an image is drawn when it is first read.</summary>
    /// <param name="seed">Another seed gives other images.</param>
    /// <param name="train">Training images.</param>
    /// <param name="validation">Validation images.</param>
    /// <param name="test">Test images.</param>
    public static DatasetSplits Load(
        ulong seed, int train = DefaultTrainCount, int validation = DefaultValidationCount,
        int test = DefaultTestCount) => new()
        {
            Train = new DrawnShapes(seed, "train", train),
            Validation = new DrawnShapes(seed, "validation", validation),
            Test = new DrawnShapes(seed, "test", test),
            ValidationOrigin = DatasetSplits.Published,
        };

    /// <summary>Draws one split, in parallel. Classes take turns: image <c>i</c> shows class <c>i mod 10</c>.</summary>
    /// <param name="seed">Of all three splits.</param>
    /// <param name="split">Name of the split, such as <c>train</c>; another name gives other images.</param>
    /// <param name="count">Number of images, 0 or more.</param>
    public static InMemoryDataset Draw(ulong seed, string split, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        byte[] pixels = new byte[count * ImageBytes], labels = new byte[count];
        Parallel.For(0, count, () => new Scene(), (i, _, scene) =>
        {
            labels[i] = (byte)Label(i);
            Draw(scene, seed, split, i, pixels.AsSpan(i * ImageBytes, ImageBytes));
            return scene;
        }, _ => { });
        return new InMemoryDataset(Info, pixels, labels);
    }

    /// <summary>Place of the shape: how much of each pixel of image <paramref name="index"/> it covers, 0 to 1, <c>[32,
    /// 32]</c>.</summary>
    /// <param name="seed">Of all three splits.</param>
    /// <param name="split">Name of the split.</param>
    /// <param name="index">Number of the image in the split.</param>
    public static float[] Cover(ulong seed, string split, int index)
    {
        Scene scene = new();
        Draw(scene, seed, split, index, new byte[ImageBytes]);
        return scene.Cover.ToArray();
    }

    internal static int Label(int index) => index % Outline.Classes.Length;

    internal static void Draw(Scene scene, ulong seed, string split, int index, Span<byte> pixels) =>
        scene.Draw(Label(index), Stream(seed, split, index), pixels);

    private static Philox Stream(ulong seed, string split, int index) =>
        Philox.For(seed, "shapes." + split, (ulong)index);
}
