using Fovea.Data.Datasets.Records;

namespace Fovea.Data.Tests.Support;

/// <summary>Small datasets whose pixels tell which image they are.</summary>
internal static class Counting
{
    public static DatasetInfo Info(int channels, int size, int classes) => new()
    {
        Name = "counting",
        Channels = channels,
        Height = size,
        Width = size,
        ClassNames = [.. Enumerable.Range(0, classes).Select(i => $"class {i}")],
        Normalization = new([.. Enumerable.Repeat(0.5f, channels)], [.. Enumerable.Repeat(0.25f, channels)]),
    };

    /// <summary>Image i has all pixels i mod 256 and class i mod <paramref name="classes"/>.</summary>
    public static InMemoryDataset Dataset(int count, int channels = 1, int size = 4, int classes = 3)
    {
        int length = channels * size * size;
        byte[] pixels = new byte[count * length], labels = new byte[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = (byte)(i % classes);
            pixels.AsSpan(i * length, length).Fill((byte)i);
        }

        return new InMemoryDataset(Info(channels, size, classes), pixels, labels);
    }
}
