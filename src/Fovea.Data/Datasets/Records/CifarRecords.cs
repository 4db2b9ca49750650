using System.Text;
using Fovea.Core.Formats;

namespace Fovea.Data.Datasets.Records;

/// <summary>The two forms of CIFAR records: a label and 3,072 bytes each, or a pickled dict of lists and an
/// array.</summary>
internal static class CifarRecords
{
    private const int ImageBytes = 3 * 32 * 32;

    /// <summary>Binary: a few label bytes, of which the last counts, then the three planes. The file's length gives the
    /// count.</summary>
    public static RecordBlock ReadBinary(byte[] bytes, string path, int labelBytes, int classes)
    {
        int stride = labelBytes + ImageBytes;
        if (bytes.Length == 0 || bytes.Length % stride != 0)
        {
            throw new DataException(
                $"{path}: has {bytes.Length} bytes, which is not a whole number of records of {stride}; " +
                "it is cut off or no CIFAR file.");
        }

        byte[] labels = new byte[bytes.Length / stride];
        for (int i = 0; i < labels.Length; i++)
        {
            int at = i * stride + labelBytes - 1;
            labels[i] = bytes[at] < classes ? bytes[at]
                : throw new DataException(
                    $"{path}: the label of record {i} (offset {at}) is {bytes[at]}; only 0 to {classes - 1} exist.");
        }

        return new RecordBlock(bytes, labelBytes, stride, labels);
    }

    /// <summary>Python: a dict with <c>data</c>, uint8 <c>[count, 3072]</c>, and labels under
    /// <paramref name="labelKey"/>.</summary>
    public static RecordBlock ReadPython(byte[] bytes, string path, string labelKey, int classes)
    {
        Dictionary<string, object?> map = ReadMap(bytes, path);
        if (map.GetValueOrDefault("data") is not NumpyArray { Rows: > 0, Columns: ImageBytes } data)
            throw new DataException($"{path}: has no 'data' of count x {ImageBytes} bytes; it is no CIFAR batch.");
        if (map.GetValueOrDefault(labelKey) is not List<object?> list || list.Count != data.Rows)
            throw new DataException($"{path}: has no list '{labelKey}' of {data.Rows} labels; it is no CIFAR batch.");
        byte[] labels = new byte[list.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = list[i] is long label && label >= 0 && label < classes ? (byte)label
                : throw new DataException(
                    $"{path}: '{labelKey}' number {i} is {list[i] ?? "None"}; only 0 to {classes - 1} exist.");
        }

        return new RecordBlock(data.RowByRow(), 0, ImageBytes, labels);
    }

    /// <summary>Binary: one name a line.</summary>
    public static string[] ReadTextNames(byte[] bytes, string path, int classes)
    {
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        return Checked(Encoding.Latin1.GetString(bytes).Split('\n', Clean), path, classes);
    }

    /// <summary>Python: a list under <paramref name="key"/>.</summary>
    public static string[] ReadPythonNames(byte[] bytes, string path, string key, int classes) =>
        ReadMap(bytes, path).GetValueOrDefault(key) is List<object?> list && list.All(name => name is PickleText)
            ? Checked([.. list.Select(name => name!.ToString()!)], path, classes)
            : throw new DataException($"{path}: has no list '{key}' of class names.");

    private static Dictionary<string, object?> ReadMap(byte[] bytes, string path) =>
        new PickleReader(bytes, path).Read() as Dictionary<string, object?>
        ?? throw new DataException($"{path}: holds no dict; it is no CIFAR file.");

    private static string[] Checked(string[] names, string path, int classes) => names.Length == classes ? names
        : throw new DataException($"{path}: has {names.Length} class names, not {classes}.");
}
