namespace Fovea.Vision.Weights.Storage;

/// <summary>Recognises files that people take for weights, so that a message can name them.</summary>
internal static class ForeignFile
{
    /// <summary>Kind and remedy, as the end of a sentence; null for a file that is not known.</summary>
    /// <param name="start">Its first bytes, some dozens.</param>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        if (Begins(start, [0x89, (byte)'H', (byte)'D', (byte)'F']))
            return "a file of Keras (HDF5), which is not read; save it as safetensors.";
        if (start.StartsWith("version https://git-lfs"u8))
            return "a pointer of Git LFS and not the file itself; fetch it with `git lfs pull`, or download it.";
        if (Begins(start, [0x1F, 0x8B])) return "packed with gzip; unpack it with `gunzip` first.";
        if (start.StartsWith("BZh"u8) || Begins(start, [0xFD, (byte)'7', (byte)'z'])
            || Begins(start, [0x28, 0xB5, 0x2F, 0xFD]))
            return "a packed file (bzip2, xz or zstd); unpack it first.";
        if (start.StartsWith("GGUF"u8)) return "a GGUF file, which is not read; take the safetensors of the model.";
        if (Begins(start, [0x93, (byte)'N', (byte)'U', (byte)'M']))
            return "a single array of numpy; weights with names are read from .npz.";
        if (IsWebPage(start))
            return "a web page and no weights; the download ended at a page of login or error. Download it again.";
        return IsOnnx(start) ? "an ONNX model, which is not read; take the weights that it was exported from." : null;
    }

    private static bool Begins(ReadOnlySpan<byte> start, ReadOnlySpan<byte> mark) => start.StartsWith(mark);

    private static bool IsWebPage(ReadOnlySpan<byte> start)
    {
        if (Begins(start, [0xEF, 0xBB, 0xBF])) start = start[3..];
        while (start.Length > 0 && start[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') start = start[1..];
        if (start.Length < 5 || start[0] != '<') return false;
        string text = System.Text.Encoding.Latin1.GetString(start);
        return text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<head", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<!--", StringComparison.Ordinal)
            || text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>ModelProto: field 1 (version, a small number), then field 2 (producer), 7 (graph) or 8 (operator
    /// sets).</summary>
    private static bool IsOnnx(ReadOnlySpan<byte> start) =>
        start.Length > 4 && start[0] == 0x08 && start[1] is > 0 and < 32 && (start[2] is 0x12 or 0x3A or 0x42);
}
