using System.IO.Compression;
using System.IO.Hashing;
using Fovea.Core.Formats;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Numpy;

/// <summary>Arrays of an <c>.npz</c> file: Google's Vision Transformers under timm's names and in timm's layouts, other
/// arrays as they are.</summary>
/// <remarks>
/// Formats: numpy's NEP 1 (<c>.npy</c>) in a zip archive; names and layouts of google-research/vision_transformer: a
/// dense kernel is <c>[in, out]</c>, a convolution's <c>[row, column, in, out]</c>, attention's
/// <c>[dim, head, headDim]</c> and <c>[head, headDim, dim]</c>.
/// </remarks>
internal sealed class NumpyWeights : WeightFile
{
    private const string Extension = ".npy";
    private const long LargestArray = 1L << 30;

    // Numbers of trained models hardly pack; what unpacks to more than this is no file of weights.
    private const long MostUnpacked = 32, AlwaysUnpacked = 64L << 20;

    private readonly WindowedFile _file;

    private NumpyWeights(WindowedFile file, Dictionary<string, ZipEntry> entries)
    {
        _file = file;
        Dictionary<string, Weight> arrays = entries.Where(entry => entry.Key.EndsWith(Extension,
            StringComparison.Ordinal)).ToDictionary(entry => entry.Key[..^Extension.Length],
            entry => NumpyFile.Weight(file.Path, entry.Key[..^Extension.Length], Contents(entry.Key, entry.Value)));
        string? root = GoogleWeights.RootOf(arrays.Keys);
        IsGoogle = root is not null;
        Weights = root is not null ? GoogleWeights.Translate(file.Path, root, arrays) : [.. arrays.Values];
        int others = root is null ? 0 : arrays.Keys.Count(name => !name.StartsWith(root, StringComparison.Ordinal));
        PassedOver = others == 0 ? [] : [$"{others} arrays outside '{root}'"];
    }

    public override string Path => _file.Path;

    public override string Format => IsGoogle ? "numpy (Google's ViT)" : "numpy";

    public override IReadOnlyList<Weight> Weights { get; }

    public override IReadOnlyCollection<string> PassedOver { get; }

    private bool IsGoogle { get; }

    /// <summary>Reads all arrays of a zip archive; null where it holds none of numpy.</summary>
    /// <param name="file">Closed with the result.</param>
    /// <exception cref="DataException">The archive or an array in it is damaged, or of a kind that is not
    /// read.</exception>
    public static WeightFile? TryRead(WindowedFile file)
    {
        Dictionary<string, ZipEntry> entries = List(file);
        if (!entries.Keys.Any(name => name.EndsWith(Extension, StringComparison.Ordinal))
            || entries.Keys.Any(name => name.EndsWith("data.pkl", StringComparison.Ordinal))) return null;
        Int128 unpacked = entries.Values.Aggregate((Int128)0, (sum, entry) => sum + entry.Length);
        return unpacked <= (Int128)MostUnpacked * file.Length + AlwaysUnpacked ? new NumpyWeights(file, entries)
            : throw new DataException($"{file.Path}: would unpack to {ByteSize.Text((double)unpacked)} from "
                + $"{ByteSize.Text(file.Length)}, which weights never do.");
    }

    protected override void Dispose(bool disposing) => _file.Dispose();

    private static Dictionary<string, ZipEntry> List(WindowedFile file)
    {
        Dictionary<string, ZipEntry> entries = [];
        ZipDirectory.List(file.Path, file.Handle, (name, place) =>
        {
            if (!entries.TryAdd(name, place)) throw new DataException($"{file.Path}: holds '{name}' twice.");
        });
        return entries;
    }

    private byte[] Contents(string name, ZipEntry entry)
    {
        if (entry.Length > LargestArray || entry.Packed > _file.Length)
            throw new DataException($"{Path}: '{name}' has {entry.Length} bytes; at most {LargestArray} are read.");
        long start = ZipDirectory.ContentsOf(_file.Handle, entry)
            ?? throw new DataException($"{Path}: '{name}' is not where the archive has it; it is damaged.");
        byte[] packed = new byte[entry.Packed];
        _file.Read(start, packed);
        byte[] bytes = entry.IsDeflated ? Inflate(packed, entry.Length) : packed;
        return bytes.Length == entry.Length && Crc32.HashToUInt32(bytes) == entry.Crc ? bytes
            : throw new DataException($"{Path}: '{name}' does not match its checksum: the file is damaged.");
    }

    private byte[] Inflate(byte[] packed, long length)
    {
        try
        {
            using DeflateStream stream = new(new MemoryStream(packed), CompressionMode.Decompress);
            using MemoryStream bytes = new();
            byte[] piece = new byte[1 << 16];
            for (int got; (got = stream.Read(piece)) > 0 && bytes.Length <= length;) bytes.Write(piece, 0, got);
            return bytes.ToArray();
        }
        catch (InvalidDataException error)
        {
            throw new DataException($"{Path}: an array cannot be unpacked: the file is damaged.", error);
        }
    }
}
