using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>
/// The right operand in panels of two vectors of columns: panel after panel, each <c>[inner, width]</c> with contiguous rows, the last
/// panel only one vector wide where that suffices, padded with zeros.
/// </summary>
internal static unsafe class Panels<V>
    where V : struct, ISimd<V>
{
    /// <summary>Columns of a full panel.</summary>
    internal static int Width => 2 * V.Count;

    /// <summary>Columns with padding.</summary>
    internal static int Padded(int columns) => (columns + V.Count - 1) / V.Count * V.Count;

    /// <summary>Number of panels.</summary>
    internal static int Count(int columns) => (columns + Width - 1) / Width;

    /// <summary>Width of the panel that starts at a column.</summary>
    internal static int WidthAt(int column, int columns) => columns - column > V.Count ? Width : V.Count;

    /// <summary>Packs the panel that starts at <paramref name="column"/> from a matrix stored <c>[inner, columns]</c> with a row stride.</summary>
    internal static void Pack(float* source, nint stride, int inner, int column, int columns, float* panel)
    {
        int width = WidthAt(column, columns), valid = Math.Min(width, columns - column);
        source += column;
        for (int k = 0; k < inner; k++, source += stride, panel += width)
        {
            if (valid == width)
            {
                V.Store(panel, V.Load(source));
                if (width > V.Count) V.Store(panel + V.Count, V.Load(source + V.Count));
            }
            else
            {
                V.Store(panel, V.LoadPartial(source, Math.Min(valid, V.Count)));
                if (width > V.Count) V.Store(panel + V.Count, V.LoadPartial(source + V.Count, valid - V.Count));
            }
        }
    }

    /// <summary>Packs the panel that starts at <paramref name="column"/> from the transpose, stored <c>[columns, inner]</c> with a row stride.</summary>
    internal static void PackTransposed(float* source, nint stride, int inner, int column, int columns, float* panel)
    {
        const int Block = 16;   // steps at a time: each source row gives one cache line, the destination stays near
        int width = WidthAt(column, columns), valid = Math.Min(width, columns - column);
        for (int k0 = 0; k0 < inner; k0 += Block)
        {
            int steps = Math.Min(Block, inner - k0);
            for (int j = 0; j < valid; j++)
            {
                float* from = source + (column + j) * stride + k0, to = panel + (nint)k0 * width + j;
                for (int k = 0; k < steps; k++, to += width) *to = from[k];
            }

            for (int k = 0; k < steps; k++)
                for (int j = valid; j < width; j++) panel[(nint)(k0 + k) * width + j] = 0;
        }
    }
}
