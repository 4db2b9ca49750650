using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// Weighted sums along rows and along columns, with vectors that run across the direction of the sum. Bit for bit the
/// definitions <see cref="Row"/> and <see cref="Column"/>, because sums of integers do not depend on their order.
/// </summary>
internal static class Resampling
{
    // of the blocks that are transposed: eight rows fill a vector of integers, and eight bytes a machine word
    private const int Side = 8;

    /// <summary>Resizes rows.</summary>
    /// <param name="source">Rows of <paramref name="from"/> samples.</param>
    /// <param name="from">Samples in a row.</param>
    /// <param name="target">As many rows of <paramref name="to"/> samples.</param>
    /// <param name="to">Samples in a row of the result.</param>
    /// <param name="weights">From the one to the other.</param>
    /// <param name="words">Working memory, kept by the caller.</param>
    public static void Rows(ReadOnlySpan<byte> source, int from, Span<byte> target, int to, ResampleWeights weights,
        ref ulong[] words)
    {
        int rows = source.Length / from;
        if (rows < Side || from < Side || to < Side)
        {
            for (int y = 0; y < rows; y++) Row(source.Slice(y * from, from), target.Slice(y * to, to), weights);
            return;
        }

        if (words.Length < from + to) words = new ulong[from + to];
        Span<ulong> columns = words.AsSpan(0, from), results = words.AsSpan(from, to);   // eight samples each
        for (int row = 0; row < rows; row += Side)
        {
            int first = Math.Min(row, rows - Side);   // the last eight may repeat some
            Transpose(source.Slice(first * from, Side * from), from, MemoryMarshal.AsBytes(columns), Side);
            for (int x = 0; x < to; x++)
            {
                ReadOnlySpan<int> factors = weights.Of(x, out int start);
                results[x] = EightRows(columns.Slice(start, factors.Length), factors);
            }

            Transpose(MemoryMarshal.AsBytes(results), Side, target.Slice(first * to, Side * to), to);
        }
    }

    /// <summary>Resizes columns.</summary>
    /// <param name="source">Rows of <paramref name="width"/> samples.</param>
    /// <param name="target">Fewer or more rows of as many samples.</param>
    /// <param name="width">Samples in a row.</param>
    /// <param name="weights">From the number of the ones to that of the others.</param>
    public static void Columns(ReadOnlySpan<byte> source, Span<byte> target, int width, ResampleWeights weights)
    {
        int lanes = Vector128<byte>.Count;
        for (int y = 0; y < target.Length / width; y++)
        {
            ReadOnlySpan<int> factors = weights.Of(y, out int start);
            ReadOnlySpan<byte> rows = source.Slice(start * width, factors.Length * width);
            Span<byte> result = target.Slice(y * width, width);
            if (width < lanes)
            {
                Column(rows, result, factors);
                continue;
            }

            for (int x = 0; x < width; x += lanes)
            {
                int at = Math.Min(x, width - lanes);   // the last ones may repeat some
                SixteenColumns(ref MemoryMarshal.GetReference(rows[at..]), width, factors).StoreUnsafe(ref result[at]);
            }
        }
    }

    /// <summary>The definition for one row.</summary>
    internal static void Row(ReadOnlySpan<byte> source, Span<byte> target, ResampleWeights weights)
    {
        for (int x = 0; x < target.Length; x++)
        {
            ReadOnlySpan<int> factors = weights.Of(x, out int start);
            int sum = 0;
            for (int j = 0; j < factors.Length; j++) sum += factors[j] * source[start + j];
            target[x] = ResampleWeights.Round(sum);
        }
    }

    /// <summary>The definition for one row of the result, from as many rows as there are factors.</summary>
    internal static void Column(ReadOnlySpan<byte> rows, Span<byte> target, ReadOnlySpan<int> factors)
    {
        for (int x = 0; x < target.Length; x++)
        {
            int sum = 0;
            for (int j = 0; j < factors.Length; j++) sum += factors[j] * rows[j * target.Length + x];
            target[x] = ResampleWeights.Round(sum);
        }
    }

    /// <summary>One sample of the result in each of eight rows; a word has a column's samples of these rows.</summary>
    private static ulong EightRows(ReadOnlySpan<ulong> columns, ReadOnlySpan<int> factors)
    {
        Vector256<int> sums = Vector256<int>.Zero;
        for (int j = 0; j < factors.Length; j++)
        {
            Vector128<ushort> column = Vector128.WidenLower(Vector128.CreateScalarUnsafe(columns[j]).AsByte());
            sums += Widen(column) * factors[j];
        }

        Vector256<int> bytes = ResampleWeights.Round(sums);
        Vector128<short> narrow = Vector128.Narrow(bytes.GetLower(), bytes.GetUpper());
        return Vector128.Narrow(narrow.AsUInt16(), narrow.AsUInt16()).AsUInt64().ToScalar();
    }

    private static Vector128<byte> SixteenColumns(ref byte first, int width, ReadOnlySpan<int> factors)
    {
        Vector256<int> left = Vector256<int>.Zero, right = Vector256<int>.Zero;
        for (int j = 0; j < factors.Length; j++)
        {
            Vector256<ushort> samples = Vector256.WidenLower(Vector128.LoadUnsafe(ref first, (nuint)(j * width))
                .ToVector256Unsafe());
            left += Widen(samples.GetLower()) * factors[j];
            right += Widen(samples.GetUpper()) * factors[j];
        }

        Vector256<short> narrow = Vector256.Narrow(ResampleWeights.Round(left), ResampleWeights.Round(right));
        return Vector128.Narrow(narrow.GetLower().AsUInt16(), narrow.GetUpper().AsUInt16());
    }

    private static Vector256<int> Widen(Vector128<ushort> samples) =>
        Vector256.WidenLower(samples.ToVector256Unsafe()).AsInt32();

    /// <summary>Transposes bytes in blocks of 8 x 8; one of both sides is eight, and the last block may repeat a part
    /// of the one before.</summary>
    private static void Transpose(ReadOnlySpan<byte> from, int fromStride, Span<byte> to, int toStride)
    {
        int length = Math.Max(fromStride, toStride);
        int fromStep = fromStride == length ? 1 : Side, toStep = toStride == length ? 1 : Side;
        for (int x = 0; x < length; x += Side)
        {
            int at = Math.Min(x, length - Side);
            TransposeBlock(from[(at * fromStep)..], fromStride, to[(at * toStep)..], toStride);
        }
    }

    /// <summary>Quarters of 4 x 4 bytes, then of 2 x 2, then single bytes change places across the diagonal.</summary>
    private static void TransposeBlock(ReadOnlySpan<byte> from, int fromStride, Span<byte> to, int toStride)
    {
        ulong a = Word(from, 0), b = Word(from, fromStride), c = Word(from, 2 * fromStride),
            d = Word(from, 3 * fromStride);
        ulong e = Word(from, 4 * fromStride), f = Word(from, 5 * fromStride), g = Word(from, 6 * fromStride),
            h = Word(from, 7 * fromStride);
        Exchange(ref a, ref e, 32, 0x00000000FFFFFFFF);
        Exchange(ref b, ref f, 32, 0x00000000FFFFFFFF);
        Exchange(ref c, ref g, 32, 0x00000000FFFFFFFF);
        Exchange(ref d, ref h, 32, 0x00000000FFFFFFFF);
        Exchange(ref a, ref c, 16, 0x0000FFFF0000FFFF);
        Exchange(ref b, ref d, 16, 0x0000FFFF0000FFFF);
        Exchange(ref e, ref g, 16, 0x0000FFFF0000FFFF);
        Exchange(ref f, ref h, 16, 0x0000FFFF0000FFFF);
        Exchange(ref a, ref b, 8, 0x00FF00FF00FF00FF);
        Exchange(ref c, ref d, 8, 0x00FF00FF00FF00FF);
        Exchange(ref e, ref f, 8, 0x00FF00FF00FF00FF);
        Exchange(ref g, ref h, 8, 0x00FF00FF00FF00FF);
        SetWord(to, 0, a);
        SetWord(to, toStride, b);
        SetWord(to, 2 * toStride, c);
        SetWord(to, 3 * toStride, d);
        SetWord(to, 4 * toStride, e);
        SetWord(to, 5 * toStride, f);
        SetWord(to, 6 * toStride, g);
        SetWord(to, 7 * toStride, h);
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static void SetWord(Span<byte> bytes, int at, ulong word) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], word);

    /// <summary>Exchanges the upper parts of one word with the lower parts of another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange(ref ulong upper, ref ulong lower, int shift, ulong mask)
    {
        ulong different = (upper >> shift ^ lower) & mask;
        lower ^= different;
        upper ^= different << shift;
    }
}
