using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>
/// Turns rows of elements into rows of lanes and back: <c>[token, element] ↔ [element, token]</c>. A square of as many
/// rows as a register has lanes is transposed by interleaving, which rotates the bits of an element's place: after
/// log₂(lanes) rounds row and lane have changed places.
/// </summary>
internal static unsafe class LaneTranspose<V>
    where V : struct, ISimd<V>
{
    /// <summary>to[element · stride + token] = from[token · fromStride + element], 0 for tokens from <paramref
    /// name="tokens"/> on.</summary>
    /// <param name="from">First element of the first token.</param>
    /// <param name="fromStride">Elements from one token to the next.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="padded">Tokens with those that are set to 0, a whole number of registers.</param>
    /// <param name="width">Elements of a token.</param>
    /// <param name="to">Result.</param>
    /// <param name="stride">Floats from one element's row to the next.</param>
    internal static void In(float* from, nint fromStride, int tokens, int padded, int width, float* to, nint stride)
    {
        int lanes = V.Count;
        for (int token = 0; token < padded; token += lanes)
            for (int e = 0; e < width; e += lanes)
            {
                int count = Math.Min(lanes, width - e);
                Turn(from + token * fromStride + e, fromStride, Math.Clamp(tokens - token, 0, lanes), count,
                    to + e * stride + token, stride, count, lanes, accumulate: false);
            }
    }

    /// <summary>to[token · toStride + element] (+)= from[element · stride + token].</summary>
    /// <param name="from">Rows of lanes, whole registers.</param>
    /// <param name="stride">Floats from one element's row to the next.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="width">Elements of a token.</param>
    /// <param name="to">First element of the first token.</param>
    /// <param name="toStride">Elements from one token to the next.</param>
    /// <param name="accumulate">Add to what is there.</param>
    internal static void Out(float* from, nint stride, int tokens, int width, float* to, nint toStride,
        bool accumulate)
    {
        int lanes = V.Count;
        for (int token = 0; token < tokens; token += lanes)
            for (int e = 0; e < width; e += lanes)
            {
                int count = Math.Min(lanes, width - e);
                Turn(from + e * stride + token, stride, count, lanes, to + token * toStride + e, toStride,
                    Math.Min(lanes, tokens - token), count, accumulate);
            }
    }

    /// <summary>One square: to[column · toStride + row] (+)= from[row · fromStride + column].</summary>
    /// <param name="from">Source.</param>
    /// <param name="fromStride">Elements from one row to the next.</param>
    /// <param name="rows">Rows of it; 0 beyond them.</param>
    /// <param name="columns">Elements of each that are read; 0 beyond them.</param>
    /// <param name="to">Result.</param>
    /// <param name="toStride">Elements from one row to the next.</param>
    /// <param name="toRows">Rows that are written.</param>
    /// <param name="toColumns">Elements of each that are written.</param>
    /// <param name="accumulate">Add to what is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(float* from, nint fromStride, int rows, int columns, float* to, nint toStride, int toRows,
        int toColumns, bool accumulate)
    {
        if (V.Count == 16)
        {
            Turn16(from, fromStride, rows, columns, to, toStride, toRows, toColumns, accumulate);
            return;
        }

        int lanes = V.Count, half = lanes / 2;
        float* square = stackalloc float[2 * lanes * lanes], next = square + lanes * lanes;
        for (int i = 0; i < lanes; i++)
            V.Store(square + i * lanes, Row(from, fromStride, i, rows, columns));
        for (int round = lanes; round > 1; round /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                V low = V.Join(V.Load(square + i * lanes), V.Load(square + (i + half) * lanes), out V high);
                V.Store(next + 2 * i * lanes, low);
                V.Store(next + (2 * i + 1) * lanes, high);
            }

            float* other = square;
            square = next;
            next = other;
        }

        for (int i = 0; i < toRows; i++)
            Put(to, toStride, i, toRows, toColumns, accumulate, V.Load(square + i * lanes));
    }

    /// <summary>The same for registers of 16 lanes, all in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn16(float* from, nint fromStride, int rows, int columns, float* to, nint toStride,
        int toRows, int toColumns, bool accumulate)
    {
        V r0 = Row(from, fromStride, 0, rows, columns);
        V r1 = Row(from, fromStride, 1, rows, columns);
        V r2 = Row(from, fromStride, 2, rows, columns);
        V r3 = Row(from, fromStride, 3, rows, columns);
        V r4 = Row(from, fromStride, 4, rows, columns);
        V r5 = Row(from, fromStride, 5, rows, columns);
        V r6 = Row(from, fromStride, 6, rows, columns);
        V r7 = Row(from, fromStride, 7, rows, columns);
        V r8 = Row(from, fromStride, 8, rows, columns);
        V r9 = Row(from, fromStride, 9, rows, columns);
        V r10 = Row(from, fromStride, 10, rows, columns);
        V r11 = Row(from, fromStride, 11, rows, columns);
        V r12 = Row(from, fromStride, 12, rows, columns);
        V r13 = Row(from, fromStride, 13, rows, columns);
        V r14 = Row(from, fromStride, 14, rows, columns);
        V r15 = Row(from, fromStride, 15, rows, columns);
        V s0 = V.Join(r0, r8, out V s1);
        V s2 = V.Join(r1, r9, out V s3);
        V s4 = V.Join(r2, r10, out V s5);
        V s6 = V.Join(r3, r11, out V s7);
        V s8 = V.Join(r4, r12, out V s9);
        V s10 = V.Join(r5, r13, out V s11);
        V s12 = V.Join(r6, r14, out V s13);
        V s14 = V.Join(r7, r15, out V s15);
        V t0 = V.Join(s0, s8, out V t1);
        V t2 = V.Join(s1, s9, out V t3);
        V t4 = V.Join(s2, s10, out V t5);
        V t6 = V.Join(s3, s11, out V t7);
        V t8 = V.Join(s4, s12, out V t9);
        V t10 = V.Join(s5, s13, out V t11);
        V t12 = V.Join(s6, s14, out V t13);
        V t14 = V.Join(s7, s15, out V t15);
        V u0 = V.Join(t0, t8, out V u1);
        V u2 = V.Join(t1, t9, out V u3);
        V u4 = V.Join(t2, t10, out V u5);
        V u6 = V.Join(t3, t11, out V u7);
        V u8 = V.Join(t4, t12, out V u9);
        V u10 = V.Join(t5, t13, out V u11);
        V u12 = V.Join(t6, t14, out V u13);
        V u14 = V.Join(t7, t15, out V u15);
        V v0 = V.Join(u0, u8, out V v1);
        V v2 = V.Join(u1, u9, out V v3);
        V v4 = V.Join(u2, u10, out V v5);
        V v6 = V.Join(u3, u11, out V v7);
        V v8 = V.Join(u4, u12, out V v9);
        V v10 = V.Join(u5, u13, out V v11);
        V v12 = V.Join(u6, u14, out V v13);
        V v14 = V.Join(u7, u15, out V v15);
        Put(to, toStride, 0, toRows, toColumns, accumulate, v0);
        Put(to, toStride, 1, toRows, toColumns, accumulate, v1);
        Put(to, toStride, 2, toRows, toColumns, accumulate, v2);
        Put(to, toStride, 3, toRows, toColumns, accumulate, v3);
        Put(to, toStride, 4, toRows, toColumns, accumulate, v4);
        Put(to, toStride, 5, toRows, toColumns, accumulate, v5);
        Put(to, toStride, 6, toRows, toColumns, accumulate, v6);
        Put(to, toStride, 7, toRows, toColumns, accumulate, v7);
        Put(to, toStride, 8, toRows, toColumns, accumulate, v8);
        Put(to, toStride, 9, toRows, toColumns, accumulate, v9);
        Put(to, toStride, 10, toRows, toColumns, accumulate, v10);
        Put(to, toStride, 11, toRows, toColumns, accumulate, v11);
        Put(to, toStride, 12, toRows, toColumns, accumulate, v12);
        Put(to, toStride, 13, toRows, toColumns, accumulate, v13);
        Put(to, toStride, 14, toRows, toColumns, accumulate, v14);
        Put(to, toStride, 15, toRows, toColumns, accumulate, v15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Row(float* from, nint stride, int row, int rows, int columns) => row >= rows ? V.Zero
        : columns == V.Count ? V.Load(from + row * stride) : V.LoadPartial(from + row * stride, columns);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* to, nint stride, int row, int rows, int columns, bool accumulate, V value)
    {
        if (row >= rows) return;
        float* place = to + row * stride;
        if (columns == V.Count) V.Store(place, accumulate ? V.Load(place) + value : value);
        else V.StorePartial(place, accumulate ? V.LoadPartial(place, columns) + value : value, columns);
    }
}
