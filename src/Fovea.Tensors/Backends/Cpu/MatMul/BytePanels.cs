using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>
/// Operands of products of bytes, four neighbouring steps of a sum in 32 bits. A row x of the left operand becomes
/// round(127 x / max|x|) + 128, a column of the right one round(127 w / max|w|): each row and column has a scale of its
/// own, and what the 128 adds is taken off by a correction of the column.
/// </summary>
internal static unsafe class BytePanels<V>
    where V : struct, ISimd<V>
{
    private const int Largest = 127, Offset = 128;

    /// <summary>Elements of four steps; the last is filled up with what stands for 0.</summary>
    internal static int Steps(int inner) => (inner + 3) / 4;

    /// <summary>A row of the left operand.</summary>
    /// <returns>Its scale; NaN where the row has something that is no finite number.</returns>
    internal static float Row(float* source, int inner, float* quads)
    {
        float scale = Quantize(source, inner, (byte*)quads, Offset);
        new Span<byte>((byte*)quads + inner, 4 * Steps(inner) - inner).Fill(Offset);
        return scale;
    }

    /// <summary>Packs the panel that starts at a column of the right operand, from its transpose, stored <c>[columns,
    /// inner]</c>.</summary>
    /// <param name="source">The transpose.</param>
    /// <param name="inner">Length of the sums.</param>
    /// <param name="column">First column of the panel.</param>
    /// <param name="columns">Columns in all.</param>
    /// <param name="panel">Where the panel goes.</param>
    /// <param name="scales">Scales of all columns.</param>
    /// <param name="corrections">Corrections of all columns.</param>
    internal static void PackTransposed(float* source, int inner, int column, int columns, float* panel, float* scales,
        int* corrections)
    {
        int steps = Steps(inner), width = Panels<V>.WidthAt(column, columns), valid = Math.Min(width, columns - column);
        using Scratch scratch = Scratch.Begin();
        float* rows = scratch.Floats((long)valid * steps);
        for (int j = 0; j < valid; j++)
        {
            sbyte* row = (sbyte*)(rows + (nint)j * steps);
            scales[column + j] = Quantize(source + (nint)(column + j) * inner, inner, (byte*)row, 0);
            new Span<sbyte>(row + inner, 4 * steps - inner).Clear();
            int sum = 0;
            for (int k = 0; k < inner; k++) sum += row[k];
            corrections[column + j] = -Offset * sum;
        }

        for (int j = valid; j < width; j++) (scales[column + j], corrections[column + j]) = (0, 0);
        Panels<V>.PackTransposed(rows - (nint)column * steps, steps, steps, column, columns, panel);
    }

    private static float Quantize(float* source, int count, byte* bytes, int offset)
    {
        V largest = V.Zero;
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) largest = V.MaxMagnitude(largest, V.Load(source + i));
        if (i < count) largest = V.MaxMagnitude(largest, V.LoadPartial(source + i, count - i));
        // Infinity and NaN times 0 are NaN. What their row is on the grid does not matter: its scale makes it NaN.
        float scale = float.IsNaN(V.Sum(largest * V.Zero)) ? float.NaN : V.MaxAcross(largest) / Largest;
        V factor = V.Broadcast(scale > 0 && float.IsFinite(1 / scale) ? 1 / scale : 0), shift = V.Broadcast(offset);
        for (i = 0; i + V.Count <= count; i += V.Count)
            V.StoreBytes(bytes + i, V.Fma(V.Load(source + i), factor, shift));
        if (i == count) return scale;
        byte* last = stackalloc byte[V.Count];
        V.StoreBytes(last, V.Fma(V.LoadPartial(source + i, count - i), factor, shift));
        new ReadOnlySpan<byte>(last, count - i).CopyTo(new Span<byte>(bytes + i, count - i));
        return scale;
    }
}
