using Google.Protobuf;

namespace Fovea.Export.Graphs;

/// <summary>The second file of an export, <c>FILE.onnx.data</c>: it has no mark of its own, so the first one tells
/// whose it is.</summary>
internal static class DataFile
{
    /// <summary>Bytes that a first file has at most where the elements are in a second one.</summary>
    private const long MostBytes = 256L << 20;

    /// <summary>True where the first file was written here and names the second one as the place of its
    /// elements.</summary>
    public static bool IsOurs(string path)
    {
        try
        {
            return File.Exists(path) && new FileInfo(path).Length <= MostBytes
                && Names(File.ReadAllBytes(path), Path.GetFileName(path) + ".data");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException
            or InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private static bool Names(byte[] model, string name)
    {
        bool isOurs = false, names = false;
        foreach ((int field, ByteString bytes) in Fields(ByteString.CopyFrom(model)))
            if (field == 2) isOurs = bytes.ToStringUtf8() == GraphWriter.Producer;
            else if (field == 7)
                names = Fields(bytes).Where(tensor => tensor.Field == 5).SelectMany(tensor => Fields(tensor.Bytes))
                    .Where(entry => entry.Field == 13).Any(entry => IsLocation(entry.Bytes, name));
        return isOurs && names;
    }

    private static bool IsLocation(ByteString entry, string name)
    {
        Dictionary<int, string> texts = Fields(entry).ToDictionary(field => field.Field,
            field => field.Bytes.ToStringUtf8());
        return texts.GetValueOrDefault(1) == "location" && texts.GetValueOrDefault(2) == name;
    }

    /// <summary>Messages and texts of a message.</summary>
    private static List<(int Field, ByteString Bytes)> Fields(ByteString message)
    {
        List<(int, ByteString)> fields = [];
        CodedInputStream input = message.CreateCodedInput();
        while (input.ReadTag() is not 0 and uint tag)
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                fields.Add((WireFormat.GetTagFieldNumber(tag), input.ReadBytes()));
            else input.SkipLastField();
        return fields;
    }
}
