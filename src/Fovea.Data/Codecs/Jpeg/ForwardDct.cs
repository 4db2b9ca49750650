using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>From 64 samples to quantised coefficients: two products with the matrix of cosines, in single precision.</summary>
/// <remarks><c>matrix[k, x] = c_k cos((2x + 1) k π / 16) / 2, c_0 = 1/√2, else 1</c> (ITU-T T.81, A.3.3).</remarks>
internal sealed class ForwardDct
{
    private static readonly float[] Matrix = BuildMatrix();
    private static readonly Vector256<float>[] Columns = BuildColumns();

    private readonly Vector256<float>[] _reciprocals = new Vector256<float>[8];
    private readonly float[] _half = new float[64];
    private readonly int[] _coefficients = new int[64];

    /// <param name="quantization">Steps of the coefficients, row by row.</param>
    public ForwardDct(ReadOnlySpan<byte> quantization)
    {
        for (int i = 0; i < 64; i++) _reciprocals[i / 8] = _reciprocals[i / 8].WithElement(i % 8, 1f / quantization[i]);
    }

    /// <summary>The coefficients of a block, row by row; valid until the next call.</summary>
    public ReadOnlySpan<int> Transform(ReadOnlySpan<byte> samples, int stride)
    {
        ref float half = ref MemoryMarshal.GetArrayDataReference(_half);
        for (int v = 0; v < 8; v++)
        {
            Vector256<float> sums = Vector256<float>.Zero;
            for (int y = 0; y < 8; y++) sums += Load(samples.Slice(y * stride, 8)) * Matrix[8 * v + y];
            sums.StoreUnsafe(ref half, (nuint)(8 * v));
        }

        ref int coefficients = ref MemoryMarshal.GetArrayDataReference(_coefficients);
        for (int v = 0; v < 8; v++)
        {
            Vector256<float> sums = Vector256<float>.Zero;
            for (int x = 0; x < 8; x++) sums += Columns[x] * _half[8 * v + x];
            Vector256.ConvertToInt32(Vector256.Round(sums * _reciprocals[v])).StoreUnsafe(ref coefficients, (nuint)(8 * v));
        }

        return _coefficients;
    }

    private static Vector256<float> Load(ReadOnlySpan<byte> samples)
    {
        Vector128<ushort> wide = Vector128.WidenLower(Vector128.CreateScalarUnsafe(MemoryMarshal.Read<ulong>(samples)).AsByte());
        return Vector256.ConvertToSingle(Vector256.WidenLower(wide.ToVector256Unsafe()).AsInt32() - Vector256.Create(128));
    }

    private static float[] BuildMatrix()
    {
        float[] matrix = new float[64];
        for (int k = 0; k < 8; k++)
            for (int x = 0; x < 8; x++)
                matrix[8 * k + x] = (float)((k == 0 ? Math.Sqrt(0.5) : 1) * Math.Cos((2 * x + 1) * k * Math.PI / 16) / 2);
        return matrix;
    }

    private static Vector256<float>[] BuildColumns()
    {
        Vector256<float>[] columns = new Vector256<float>[8];
        for (int i = 0; i < 64; i++) columns[i % 8] = columns[i % 8].WithElement(i / 8, Matrix[i]);
        return columns;
    }
}
