using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>
/// From 64 coefficients to samples: the inverse discrete cosine transform, columns first, in integers. It gives exactly
/// the samples of libjpeg's accurate integer transform, and of its reduced ones.
/// </summary>
/// <remarks><code>
/// sample(x) = Σ_k c_k X_k cos((2x + 1) k π / 16) / 2,   c_0 = 1/√2, else 1    (ITU-T T.81, A.3.3, one dimension)
/// matrix[x, k] = 2^13 · √2 · c_k · cos((2x + 1) k π / 16),   rounded as said below
/// </code>
/// Two such products and a division by 8. After the first, 2 bits below the point are kept.
/// <para>
/// Loeffler, Ligtenberg and Moschytz (ICASSP 1989) factor the matrix so that fewer products are needed. Their
/// constants, rounded to 13 bits and multiplied out again, differ from the rounded cosines by one here and there; the
/// table has them so, because then every sample agrees. With vectors of eight the plain product is as fast: a
/// coefficient times a row of the matrix is one instruction, and most coefficients are zero.
/// </para>
/// A sample of a smaller block is the mean of those it stands for. Its matrix has the sums of the full one's rows, from
/// exact cosines and with one bit more below the point for each halving; the shifts make means of them.
/// </remarks>
internal sealed class InverseDct
{
    private static readonly int[,] Full =
    {
        { 8192, 11363, 10703, 9633, 8192, 6437, 4433, 2260 },
        { 8192, 9633, 4433, -2259, -8192, -11362, -10704, -6436 },
        { 8192, 6437, -4433, -11362, -8192, 2261, 10704, 9633 },
        { 8192, 2260, -10703, -6436, 8192, 9633, -4433, -11363 },
    };

    private static readonly Matrix Eight = new(8), Four = new(4), Two = new(2);

    private readonly Vector256<int>[] _rows = new Vector256<int>[8];
    private readonly int[] _half = new int[64];

    /// <summary>Transforms a block.</summary>
    /// <param name="block">Coefficients, row by row.</param>
    /// <param name="quantization">Their steps.</param>
    /// <param name="last">Place of the last coefficient that is not zero, in zigzag order; 63 if unknown.</param>
    /// <param name="target">Receives the samples, <paramref name="size"/> rows of <paramref name="size"/>.</param>
    /// <param name="stride">Bytes between its rows.</param>
    /// <param name="size">8, 4, 2 or 1.</param>
    public void Transform(ReadOnlySpan<short> block, ReadOnlySpan<int> quantization, int last, Span<byte> target,
        int stride, int size)
    {
        if (last <= 0 || size == 1)
        {
            Fill(target, stride, size, Sample((block[0] * quantization[0] + 4) >> 3));
            return;
        }

        // rows and columns that are not zero: the places end diagonals
        int used = last <= 2 ? 2 : last <= 9 ? 4 : last <= 20 ? 6 : 8;
        Dequantize(block, quantization, used);
        Matrix matrix = size switch { 8 => Eight, 4 => Four, _ => Two };
        TransformColumns(matrix, used);
        TransformRows(matrix, used, target, stride);
    }

    private static void Fill(Span<byte> target, int stride, int size, byte sample)
    {
        for (int y = 0; y < size; y++) target.Slice(y * stride, size).Fill(sample);
    }

    private static byte Sample(int value) => (byte)Math.Clamp(value + 128, 0, 255);

    private void Dequantize(ReadOnlySpan<short> block, ReadOnlySpan<int> quantization, int used)
    {
        block = block[..64];
        quantization = quantization[..64];
        ref short coefficients = ref MemoryMarshal.GetReference(block);
        ref int steps = ref MemoryMarshal.GetReference(quantization);
        for (int v = 0; v < used; v++)
        {
            Vector256<short> row = Vector128.LoadUnsafe(ref coefficients, (nuint)(8 * v)).ToVector256Unsafe();
            _rows[v] = Vector256.WidenLower(row) * Vector256.LoadUnsafe(ref steps, (nuint)(8 * v));
        }
    }

    /// <summary>Lanes are columns. Even frequencies are alike in both halves of a column, odd ones opposite: one
    /// product serves two rows.</summary>
    private void TransformColumns(Matrix matrix, int used)
    {
        ReadOnlySpan<Vector256<int>> rows = _rows.AsSpan(0, 8);
        ref int half = ref MemoryMarshal.GetArrayDataReference(_half);
        int shift = matrix.FirstShift;
        for (int y = 0; y < matrix.Size / 2; y++)
        {
            ReadOnlySpan<int> factors = matrix.Factors.AsSpan(8 * y, 8);
            Vector256<int> even = rows[0] * factors[0] + Vector256.Create(1 << shift >> 1);
            Vector256<int> odd = rows[1] * factors[1];
            for (int v = 2; v < used; v += 2)
            {
                even += rows[v] * factors[v];
                odd += rows[v + 1] * factors[v + 1];
            }

            ((even + odd) >> shift).StoreUnsafe(ref half, (nuint)(8 * y));
            ((even - odd) >> shift).StoreUnsafe(ref half, (nuint)(8 * (matrix.Size - 1 - y)));
        }
    }

    /// <summary>Lanes are the samples of a row, of which <c>Size</c> count.</summary>
    private void TransformRows(Matrix matrix, int used, Span<byte> target, int stride)
    {
        ReadOnlySpan<Vector256<int>> columns = matrix.Columns.AsSpan(0, 8);
        Vector256<int> column0 = columns[0], column1 = columns[1];
        int shift = matrix.FirstShift + 7;   // the two bits as well, the second product's own, and the division by 8
        for (int y = 0; y < matrix.Size; y++)
        {
            ReadOnlySpan<int> factors = _half.AsSpan(8 * y, 8);
            Vector256<int> sums = column0 * factors[0] + column1 * factors[1] + Vector256.Create(1 << shift >> 1);
            for (int u = 2; u < used; u += 2) sums += columns[u] * factors[u] + columns[u + 1] * factors[u + 1];

            Store(sums >> shift, matrix.Size, target[(y * stride)..]);
        }
    }

    /// <summary>Samples are centred on 128: saturated as signed bytes, they only need their upper bit turned.</summary>
    private static void Store(Vector256<int> samples, int size, Span<byte> target)
    {
        Vector128<short> narrow = Vector128.NarrowWithSaturation(samples.GetLower(), samples.GetUpper());
        ulong bytes = Vector128.NarrowWithSaturation(narrow, narrow).AsUInt64().ToScalar() ^ 0x8080808080808080;
        switch (size)
        {
            case 8: Unsafe.WriteUnaligned(ref target[..8][0], bytes); break;
            case 4: Unsafe.WriteUnaligned(ref target[..4][0], (uint)bytes); break;
            default: Unsafe.WriteUnaligned(ref target[..2][0], (ushort)bytes); break;
        }
    }

    /// <summary>The matrix for blocks of a size, by rows for the first product and by columns for the second.</summary>
    private sealed class Matrix
    {
        public Matrix(int size)
        {
            (Size, Factors, Columns) = (size, new int[8 * size], new Vector256<int>[8]);
            Span<int> column = stackalloc int[8];
            for (int k = 0; k < 8; k++)
            {
                column.Clear();
                for (int x = 0; x < size; x++)
                    column[x] = Factors[8 * x + k] = size == 8 ? FullAt(x, k) : SumAt(size, x, k);
                Columns[k] = Vector256.Create<int>(column);
            }
        }

        public int Size { get; }

        /// <summary>Bits below the point that the first product drops: all but two.</summary>
        public int FirstShift => 11 + BitOperations.Log2((uint)(8 / Size));

        /// <summary>[Size, 8].</summary>
        public int[] Factors { get; }

        /// <summary>Share of each frequency in the samples; lanes beyond <see cref="Size"/> are zero.</summary>
        public Vector256<int>[] Columns { get; }

        private static int FullAt(int x, int k) => x < 4 ? Full[x, k] : k % 2 == 0 ? Full[7 - x, k] : -Full[7 - x, k];

        private static int SumAt(int size, int x, int k)
        {
            double sum = 0;
            for (int i = 8 / size * x; i < 8 / size * (x + 1); i++) sum += Math.Cos((2 * i + 1) * k * Math.PI / 16);
            return (int)Math.Round(8192 * (k == 0 ? 1 : Math.Sqrt(2)) * sum);
        }
    }
}
