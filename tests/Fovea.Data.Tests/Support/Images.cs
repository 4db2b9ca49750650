using System.IO.Compression;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Tests.Support;

/// <summary>Hand-made folders and archives of tiny images.</summary>
internal static class Images
{
    /// <summary>A PNG of one colour.</summary>
    public static byte[] Png(byte value = 100, int width = 5, int height = 4, PngColor color = PngColor.Rgb)
    {
        byte[] pixels = new byte[width * height * (color == PngColor.Grey ? 1 : 3)];
        pixels.AsSpan().Fill(value);
        return PngWriter.Encode(pixels, width, height, color);
    }

    /// <summary>Writes images, each with another value; folders in between are made.</summary>
    public static TemporaryFolder Folder(params string[] names)
    {
        TemporaryFolder folder = new();
        for (int i = 0; i < names.Length; i++) folder.Write(names[i], Png((byte)(i + 1)));
        return folder;
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using MemoryStream bytes = new();
        using (ZipArchive archive = new(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in files)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    public static string[] Paths(IImageDataset dataset, string root) =>
        [.. Sources(dataset).Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'))];

    public static int[] Labels(IImageDataset dataset) => [.. Enumerable.Range(0, dataset.Count).Select(dataset.Label)];

    public static string Error(Func<object> action) => Assert.Throws<DataException>(action).Message;

    private static IEnumerable<string> Sources(IImageDataset dataset)
    {
        for (int i = 0; i < dataset.Count; i++)
        {
            (IImageDataset source, int index) = (dataset, i);
            while (source is Subset subset) (source, index) = (subset.Source, subset.SourceIndex(index));
            yield return ((ImageFileDataset)source).PathOf(index);
        }
    }
}
