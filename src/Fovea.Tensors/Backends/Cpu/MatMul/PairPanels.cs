using Fovea.Tensors.Backends.Cpu.Assembly;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>
/// Operands of products of bfloat16: two neighbouring steps of a sum in 32 bits
/// (<see cref="ISimd{TSelf}.ToPairs"/>), so that a product of <c>n</c> steps is one of (n + 1) / 2 pairs over the same
/// panels and tiles as in single precision.
/// </summary>
internal static unsafe class PairPanels<V>
    where V : struct, ISimd<V>
{
    /// <summary>Pairs of so many steps; the last is filled up with 0.</summary>
    internal static int Steps(int inner) => (inner + 1) / 2;

    /// <summary>Neighbours in a row become pairs.</summary>
    internal static void Along(float* source, int inner, float* pairs)
    {
        int i = V.Count == Simd512.Count && AssembledConversions.Pairs is { } assembled
            ? assembled.Along(source, pairs, inner) : 0;
        pairs += i / 2;
        for (; i + 2 * V.Count <= inner; i += 2 * V.Count, pairs += V.Count)
        {
            V even = V.Split(V.Load(source + i), V.Load(source + i + V.Count), out V odd);
            V.Store(pairs, V.ToPairs(even, odd));
        }

        if (i == inner) return;
        int low = Math.Min(V.Count, inner - i), high = Math.Max(0, inner - i - V.Count);
        V lastEven = V.Split(V.LoadPartial(source + i, low),
            high == 0 ? V.Zero : V.LoadPartial(source + i + V.Count, high), out V lastOdd);
        V.StorePartial(pairs, V.ToPairs(lastEven, lastOdd), Steps(inner - i));
    }

    /// <summary>Neighbours in a column, of two rows, become pairs: a row of them.</summary>
    /// <param name="first">The row of even steps.</param>
    /// <param name="second">The row of odd steps, or null: zeros.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="pairs">Where they go.</param>
    internal static void Across(float* first, float* second, int columns, float* pairs)
    {
        int i = V.Count == Simd512.Count && second != null && AssembledConversions.Pairs is { } assembled
            ? assembled.Across(first, second, pairs, columns) : 0;
        for (; i + V.Count <= columns; i += V.Count)
            V.Store(pairs + i, V.ToPairs(V.Load(first + i), second == null ? V.Zero : V.Load(second + i)));
        if (i == columns) return;
        V last = V.ToPairs(V.LoadPartial(first + i, columns - i),
            second == null ? V.Zero : V.LoadPartial(second + i, columns - i));
        V.StorePartial(pairs + i, last, columns - i);
    }

    /// <summary>As <see cref="Panels{V}.Pack"/>, for a matrix <c>[inner, columns]</c>.</summary>
    internal static void Pack(float* source, nint stride, int inner, int column, int columns, float* panel)
    {
        int width = Panels<V>.WidthAt(column, columns), valid = Math.Min(width, columns - column);
        source += column;
        for (int k = 0; k < inner; k += 2, source += 2 * stride, panel += width)
        {
            Across(source, k + 1 < inner ? source + stride : null, valid, panel);
            if (valid < width) new Span<float>(panel + valid, width - valid).Clear();
        }
    }

    /// <summary>As <see cref="Panels{V}.PackTransposed"/>, for the transpose, stored <c>[columns, inner]</c>.</summary>
    internal static void PackTransposed(float* source, nint stride, int inner, int column, int columns, float* panel)
    {
        int steps = Steps(inner), valid = Math.Min(Panels<V>.WidthAt(column, columns), columns - column);
        using Scratch scratch = Scratch.Begin();
        float* rows = scratch.Floats((long)valid * steps);
        for (int j = 0; j < valid; j++) Along(source + (column + j) * stride, inner, rows + (nint)j * steps);
        Panels<V>.PackTransposed(rows - (nint)column * steps, steps, steps, column, columns, panel);
    }
}
