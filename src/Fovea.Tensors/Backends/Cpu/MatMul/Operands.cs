using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>Operands of products within a cache, as the tiles take them: in single precision where they lie, else
/// converted to pairs of bfloat16.</summary>
internal static unsafe class Operands<V, TTiles>
    where V : struct, ISimd<V>
    where TTiles : struct, ITiles
{
    /// <summary>Elements of 32 bits of so many steps.</summary>
    internal static int Steps(int inner) => TTiles.Element == Element.Pair ? PairPanels<V>.Steps(inner) : inner;

    /// <summary>As <see cref="Panels{V}.PackAll"/>.</summary>
    internal static void PackAll(float* source, nint stride, int inner, int columns, float* panels)
    {
        if (TTiles.Element == Element.Single)
        {
            Panels<V>.PackAll(source, stride, inner, columns, panels);
            return;
        }

        for (int column = 0; column < columns; column += Panels<V>.Width)
            PairPanels<V>.Pack(source, stride, inner, column, columns, panels + (nint)column * Steps(inner));
    }

    /// <summary>As <see cref="Panels{V}.PackAllTransposed"/>.</summary>
    internal static void PackAllTransposed(float* source, nint stride, int inner, int columns, float* panels)
    {
        if (TTiles.Element == Element.Single)
        {
            Panels<V>.PackAllTransposed(source, stride, inner, columns, panels);
            return;
        }

        for (int column = 0; column < columns; column += Panels<V>.Width)
            PairPanels<V>.PackTransposed(source, stride, inner, column, columns, panels + (nint)column * Steps(inner));
    }

    /// <summary>Rows of a left operand.</summary>
    /// <param name="source">The first.</param>
    /// <param name="stride">Elements from one to the next.</param>
    /// <param name="rows">How many.</param>
    /// <param name="inner">Length of a row.</param>
    /// <param name="room">Where pairs go: rows of <see cref="Steps"/> each, or the source itself, whose stride they
    /// then keep.</param>
    /// <param name="rowStride">Elements from one row of the result to the next.</param>
    internal static float* Rows(float* source, nint stride, int rows, int inner, float* room, out nint rowStride)
    {
        if (TTiles.Element == Element.Single)
        {
            rowStride = stride;
            return source;
        }

        rowStride = room == source ? stride : Steps(inner);
        for (int r = 0; r < rows; r++) PairPanels<V>.Along(source + r * stride, inner, room + r * rowStride);
        return room;
    }

    /// <summary>The columns of a matrix as rows of a left operand; the result has the matrix's stride, from one step to
    /// the next.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="stride">Elements from one of its rows to the next.</param>
    /// <param name="rows">Its rows: the steps.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="room">Where pairs go; may be the matrix itself.</param>
    internal static float* Columns(float* matrix, nint stride, int rows, int columns, float* room)
    {
        if (TTiles.Element == Element.Single) return matrix;
        for (int r = 0; r < rows; r += 2)
        {
            float* first = matrix + r * stride;
            PairPanels<V>.Across(first, r + 1 < rows ? first + stride : null, columns, room + r / 2 * stride);
        }

        return room;
    }
}
