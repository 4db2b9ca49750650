using Fovea.Data;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Cli.Images;

/// <summary>Image files of any size as a dataset without labels.</summary>
/// <param name="info">Classes and normalisation of the model.</param>
/// <param name="paths">The files; <c>-</c> is standard input.</param>
/// <param name="input">Opens standard input.</param>
/// <param name="limits">What an image may cost.</param>
internal sealed class ImageFiles(DatasetInfo info, IReadOnlyList<string> paths, Func<Stream> input, DecodeLimits limits)
    : IImageDataset
{
    private readonly Lazy<byte[]> _input = new(() => Contents(input()));

    public DatasetInfo Info => info;

    public int Count => paths.Count;

    /// <summary>True for names of standard input.</summary>
    public static bool IsInput(string path) => path is "-" or "/dev/stdin" or "/dev/fd/0" or "/proc/self/fd/0";

    public int Label(int index) => 0;

    public int Read(int index, RawImage image, int leastSide = 0)
    {
        DecodeOptions options = new() { LeastSide = leastSide, Limits = limits };
        string path = paths[index];
        if (IsInput(path)) ImageFile.Fill(image, _input.Value, "standard input", options);
        else if (IsPipe(path)) ImageFile.Fill(image, Contents(File.OpenRead(path)), path, options);
        else ImageFile.Fill(image, path, options);
        return 0;
    }

    /// <summary>Path that a shell makes of <c>&lt;(command)</c>.</summary>
    private static bool IsPipe(string path) => path.StartsWith("/dev/fd/", StringComparison.Ordinal)
        || path.StartsWith("/proc/self/fd/", StringComparison.Ordinal);

    private static byte[] Contents(Stream stream)
    {
        try
        {
            using MemoryStream contents = new();
            byte[] part = new byte[1 << 16];
            for (int got = stream.Read(part); got > 0; got = stream.Read(part))
            {
                contents.Write(part, 0, got);
                if (contents.Length > DecodeLimits.Default.Bytes)
                    throw new DataException(
                        $"standard input: has more bytes than the limit of {DecodeLimits.Default.Bytes}.");
            }

            return contents.Length > 0 ? contents.ToArray()
                : throw new DataException("standard input: is empty; pipe an image into it.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"standard input: cannot be read: {error.Message}", error);
        }
    }
}
