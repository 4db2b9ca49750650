using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Numpy;

/// <summary>An array in numpy's <c>.npy</c> format.</summary>
internal static partial class NumpyFile
{
    private const int FixedBytes = 10, MostAxes = 32;

    /// <summary>Reads an array of numbers; one in the order of Fortran is turned.</summary>
    /// <exception cref="DataException">It is damaged, or of a kind that is not read.</exception>
    public static Weight Weight(string path, string name, byte[] bytes)
    {
        if (bytes.Length < FixedBytes + 2 || !bytes.AsSpan(1).StartsWith("NUMPY"u8) || bytes[0] != 0x93)
            throw Wrong(path, name, "is no array of numpy");
        int begin = bytes[6] == 1 ? FixedBytes : FixedBytes + 2;
        long length = bytes[6] == 1 ? BitConverter.ToUInt16(bytes, 8) : BitConverter.ToUInt32(bytes, 8);
        if (bytes[6] is 0 or > 3 || length > bytes.Length - begin) throw Wrong(path, name, "has a damaged head");
        string head = Encoding.Latin1.GetString(bytes, begin, (int)length);
        Match type = Descr().Match(head), order = Fortran().Match(head), sizes = ShapeOf().Match(head);
        if (!type.Success || !order.Success || !sizes.Success) throw Wrong(path, name, "has a head that is not read");
        WeightType stored = TypeOf(type.Groups[1].Value)
            ?? throw Wrong(path, name, $"has numbers of type '{type.Groups[1].Value}', which is not read");
        long[] shape = [.. Digits().Matches(sizes.Groups[1].Value)
            .Select(digit => long.TryParse(digit.Value, CultureInfo.InvariantCulture, out long size) ? size
                : throw Wrong(path, name, "has impossible sizes"))];
        Int128 count = shape.Aggregate((Int128)1, (product, size) => Int128.Min(product * size, long.MaxValue));
        int data = begin + (int)length;
        if (shape.Length > MostAxes || count * stored.Bytes != bytes.Length - data)
            throw Wrong(path, name, $"has {bytes.Length - data} bytes for [{string.Join(", ", shape)}]");
        float[] values = new float[(int)count];
        StoredNumbers.RequireHeld(stored, bytes.AsSpan(data), path, name);
        WeightTypes.ToSingles(stored, bytes.AsSpan(data), values);
        if (order.Groups[1].Value == "True" && shape.Length > 1)
            values = Transposed(values, [.. shape.Reverse()], [.. Enumerable.Range(0, shape.Length).Reverse()]);
        return Fovea.Vision.Weights.Storage.Weight.Of(name, stored, shape, values);
    }

    /// <summary>The values with axis i of the result being axis <c>order[i]</c> of <c>shape</c>.</summary>
    public static float[] Transposed(float[] values, long[] shape, int[] order)
    {
        long[] strides = new long[shape.Length];
        long stride = 1;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }

        float[] result = new float[values.Length];
        long[] index = new long[shape.Length];
        long from = 0;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = values[from];
            for (int axis = order.Length - 1; axis >= 0; axis--)
            {
                from += strides[order[axis]];
                if (++index[axis] < shape[order[axis]]) break;
                from -= strides[order[axis]] * index[axis];
                index[axis] = 0;
            }
        }

        return result;
    }

    private static WeightType? TypeOf(string text) => text switch
    {
        "<f8" => WeightType.F64,
        "<f4" => WeightType.F32,
        "<f2" => WeightType.F16,
        "<i8" => WeightType.I64,
        "<i4" => WeightType.I32,
        "<i2" => WeightType.I16,
        "|i1" => WeightType.I8,
        "|u1" => WeightType.U8,
        "|b1" => WeightType.BOOL,
        "|V2" or "<V2" => WeightType.BF16,   // as jax saves bfloat16, which numpy does not know
        _ => null,
    };

    private static DataException Wrong(string path, string name, string what) =>
        new($"{path}: '{name}' {what}; the file is damaged or of another kind.");

    [GeneratedRegex("'descr': *'([^']{1,20})'")]
    private static partial Regex Descr();

    [GeneratedRegex("'fortran_order': *(True|False)")]
    private static partial Regex Fortran();

    [GeneratedRegex(@"'shape': *\(([0-9, ]*)\)")]
    private static partial Regex ShapeOf();

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
