using System.Text;
using Fovea.Data;
using Fovea.Data.Codecs;

namespace Fovea.Server.Tests.Support;

/// <summary>Image files, made of random numbers.</summary>
internal static class Images
{
    /// <summary>A PPM file.</summary>
    public static byte[] Ppm(int seed, int width = 40, int height = 30)
    {
        byte[] pixels = new byte[3 * width * height];
        new Random(seed).NextBytes(pixels);
        return [.. Encoding.ASCII.GetBytes($"P6 {width} {height} 255\n"), .. pixels];
    }

    /// <summary>Files in memory as a dataset, as <c>predict</c> reads them.</summary>
    public sealed class Files(DatasetInfo info, params IReadOnlyList<byte[]> files) : IImageDataset
    {
        public DatasetInfo Info => info;

        public int Count => files.Count;

        public int Label(int index) => 0;

        public int Read(int index, RawImage image, int leastSide = 0)
        {
            ImageFile.Fill(image, files[index], "image", new() { LeastSide = leastSide });
            return 0;
        }
    }
}
