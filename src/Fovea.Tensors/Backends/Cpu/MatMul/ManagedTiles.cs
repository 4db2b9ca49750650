using Fovea.Tensors.Backends.Cpu.Simd;
using static Fovea.Tensors.Backends.Cpu.MatMul.TileSizes;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>Register tiles of every size.</summary>
internal unsafe interface ITiles
{
    /// <summary>Kind of the operands' elements.</summary>
    static abstract Element Element { get; }

    /// <summary>C = start + bias + A B; see <see cref="Tile{V}"/>.</summary>
    /// <param name="count">Rows: 12, 8, 6, 4, 2 or 1.</param>
    /// <param name="width">Columns: one vector or two, and elements from one row of the panel to the next.</param>
    /// <param name="a">A[0, 0].</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="aStep">Elements from one step to the next.</param>
    /// <param name="b">First row of B's panel.</param>
    /// <param name="steps">Length of the sums.</param>
    /// <param name="start">Initial values, or null for zeros.</param>
    /// <param name="startRow">Elements from one row of them to the next.</param>
    /// <param name="bias">Added to every row, or null.</param>
    /// <param name="c">C[0, 0].</param>
    /// <param name="cRow">Elements from one row of C to the next.</param>
    static abstract void Run(
        int count, int width, float* a, nint aRow, nint aStep, float* b, int steps, float* start, nint startRow,
        float* bias, float* c, nint cRow);
}

/// <summary>Tiles that the JIT compiles.</summary>
internal readonly unsafe struct ManagedTiles<V, TElement> : ITiles
    where V : struct, ISimd<V>
    where TElement : struct, IElement
{
    public static Element Element => TElement.Value;

    public static void Run(
        int count, int width, float* a, nint aRow, nint aStep, float* b, int steps, float* start, nint startRow,
        float* bias, float* c, nint cRow)
    {
        if (width > V.Count) Wide<Two>(count, a, aRow, aStep, b, width, steps, start, startRow, bias, c, cRow);
        else Wide<One>(count, a, aRow, aStep, b, width, steps, start, startRow, bias, c, cRow);
    }

    private static void Wide<TColumns>(
        int count, float* a, nint aRow, nint aStep, float* b, nint bStep, int steps, float* start, nint startRow,
        float* bias, float* c, nint cRow)
        where TColumns : struct, ISize
    {
        switch (count)
        {
            case 12:
                Tile<V>.Run<Twelve, TColumns, TElement>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c,
                    cRow);
                break;
            case 8:
                Tile<V>.Run<Eight, TColumns, TElement>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
            case 6:
                Tile<V>.Run<Six, TColumns, TElement>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
            case 4:
                Tile<V>.Run<Four, TColumns, TElement>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
            case 2:
                Tile<V>.Run<Two, TColumns, TElement>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
            default:
                Tile<V>.Run<One, TColumns, TElement>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
        }
    }
}
