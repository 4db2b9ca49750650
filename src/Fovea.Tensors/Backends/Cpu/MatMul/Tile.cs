using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>A number as a type, so that the JIT compiles one tile for each and drops what it does not use.</summary>
internal interface ISize
{
    static abstract int Value { get; }
}

/// <summary>Contents of the 32 bits of an operand's element.</summary>
internal enum Element
{
    /// <summary>A number in single precision.</summary>
    Single,

    /// <summary>Two numbers of bfloat16 (<see cref="ISimd{TSelf}.ToPairs"/>), of two neighbouring steps. Products are
    /// added in single precision: the upper one first, each rounded once. That is what VDPBF16PS does; where it is
    /// missing, this takes its place with the same bits (but for sums below 2⁻¹²⁶, which the instruction takes for
    /// 0).</summary>
    Pair,

    /// <summary>Four bytes, of four neighbouring steps: the left operand's without a sign, the right one's with one.
    /// Products are added as 32-bit integers, exactly, as VPDPBUSD does.</summary>
    Bytes,
}

/// <summary>An <see cref="Element"/> as a type, so that the JIT compiles one tile for each.</summary>
internal interface IElement
{
    static abstract Element Value { get; }
}

/// <summary><see cref="Element.Single"/>.</summary>
internal readonly struct Singles : IElement
{
    public static Element Value => Element.Single;
}

/// <summary><see cref="Element.Pair"/>.</summary>
internal readonly struct Pairs : IElement
{
    public static Element Value => Element.Pair;
}

/// <summary><see cref="Element.Bytes"/>.</summary>
internal readonly struct Quads : IElement
{
    public static Element Value => Element.Bytes;
}

/// <summary>
/// The register tile: C[rows, columns] = start + bias + A B with up to 12 rows and one or two vectors of columns. A is
/// read in place by row and step strides, so neither it nor its transpose needs packing; B comes in panels, one row of
/// columns per step. Measured at 98 to 99.5 % of the FMA peak from 64 steps on (12 x 32, AVX-512).
/// </summary>
internal static unsafe class Tile<V>
    where V : struct, ISimd<V>
{
    /// <param name="a">A[0, 0].</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="aStep">Elements from one step to the next.</param>
    /// <param name="b">First row of B's panel.</param>
    /// <param name="bStep">Elements from one row of the panel to the next.</param>
    /// <param name="steps">Length of the sums.</param>
    /// <param name="start">Initial values (a residual, or C itself), or null for zeros.</param>
    /// <param name="startRow">Elements from one row of them to the next.</param>
    /// <param name="bias">Added to every row, or null.</param>
    /// <param name="c">C[0, 0].</param>
    /// <param name="cRow">Elements from one row of C to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run<TRows, TColumns, TElement>(
        float* a, nint aRow, nint aStep, float* b, nint bStep, int steps, float* start, nint startRow, float* bias,
        float* c, nint cRow)
        where TRows : struct, ISize
        where TColumns : struct, ISize
        where TElement : struct, IElement
    {
        V c00 = V.Zero, c01 = V.Zero;
        V c10 = V.Zero, c11 = V.Zero;
        V c20 = V.Zero, c21 = V.Zero;
        V c30 = V.Zero, c31 = V.Zero;
        V c40 = V.Zero, c41 = V.Zero;
        V c50 = V.Zero, c51 = V.Zero;
        V c60 = V.Zero, c61 = V.Zero;
        V c70 = V.Zero, c71 = V.Zero;
        V c80 = V.Zero, c81 = V.Zero;
        V c90 = V.Zero, c91 = V.Zero;
        V cA0 = V.Zero, cA1 = V.Zero;
        V cB0 = V.Zero, cB1 = V.Zero;
        if (start != null)
        {
            if (TRows.Value > 0) Start<TColumns>(start + 0 * startRow, ref c00, ref c01);
            if (TRows.Value > 1) Start<TColumns>(start + 1 * startRow, ref c10, ref c11);
            if (TRows.Value > 2) Start<TColumns>(start + 2 * startRow, ref c20, ref c21);
            if (TRows.Value > 3) Start<TColumns>(start + 3 * startRow, ref c30, ref c31);
            if (TRows.Value > 4) Start<TColumns>(start + 4 * startRow, ref c40, ref c41);
            if (TRows.Value > 5) Start<TColumns>(start + 5 * startRow, ref c50, ref c51);
            if (TRows.Value > 6) Start<TColumns>(start + 6 * startRow, ref c60, ref c61);
            if (TRows.Value > 7) Start<TColumns>(start + 7 * startRow, ref c70, ref c71);
            if (TRows.Value > 8) Start<TColumns>(start + 8 * startRow, ref c80, ref c81);
            if (TRows.Value > 9) Start<TColumns>(start + 9 * startRow, ref c90, ref c91);
            if (TRows.Value > 10) Start<TColumns>(start + 10 * startRow, ref cA0, ref cA1);
            if (TRows.Value > 11) Start<TColumns>(start + 11 * startRow, ref cB0, ref cB1);
        }

        if (bias != null)
        {
            V bias0 = V.Load(bias), bias1 = TColumns.Value > 1 ? V.Load(bias + V.Count) : V.Zero;
            if (TRows.Value > 0) Add<TColumns, TElement>(bias0, bias1, ref c00, ref c01);
            if (TRows.Value > 1) Add<TColumns, TElement>(bias0, bias1, ref c10, ref c11);
            if (TRows.Value > 2) Add<TColumns, TElement>(bias0, bias1, ref c20, ref c21);
            if (TRows.Value > 3) Add<TColumns, TElement>(bias0, bias1, ref c30, ref c31);
            if (TRows.Value > 4) Add<TColumns, TElement>(bias0, bias1, ref c40, ref c41);
            if (TRows.Value > 5) Add<TColumns, TElement>(bias0, bias1, ref c50, ref c51);
            if (TRows.Value > 6) Add<TColumns, TElement>(bias0, bias1, ref c60, ref c61);
            if (TRows.Value > 7) Add<TColumns, TElement>(bias0, bias1, ref c70, ref c71);
            if (TRows.Value > 8) Add<TColumns, TElement>(bias0, bias1, ref c80, ref c81);
            if (TRows.Value > 9) Add<TColumns, TElement>(bias0, bias1, ref c90, ref c91);
            if (TRows.Value > 10) Add<TColumns, TElement>(bias0, bias1, ref cA0, ref cA1);
            if (TRows.Value > 11) Add<TColumns, TElement>(bias0, bias1, ref cB0, ref cB1);
        }

        nint aRow2 = 2 * aRow;
        float* a0 = a, a3 = a + 3 * aRow, a6 = a + 6 * aRow, a9 = a + 9 * aRow;   // four pointers reach 12 rows
        for (; steps > 0; steps--)
        {
            V b0 = V.Load(b), b1 = TColumns.Value > 1 ? V.Load(b + V.Count) : V.Zero;
            b += bStep;
            V upper0 = V.Zero, upper1 = V.Zero;
            if (TElement.Value == Element.Pair)
            {
                (upper0, b0) = (V.UpperOfPairs(b0), V.LowerOfPairs(b0));
                if (TColumns.Value > 1) (upper1, b1) = (V.UpperOfPairs(b1), V.LowerOfPairs(b1));
            }

            if (TRows.Value > 0)
                Multiply<TColumns, TElement>(a0, b0, b1, upper0, upper1, ref c00, ref c01);
            if (TRows.Value > 1)
                Multiply<TColumns, TElement>(a0 + aRow, b0, b1, upper0, upper1, ref c10, ref c11);
            if (TRows.Value > 2)
                Multiply<TColumns, TElement>(a0 + aRow2, b0, b1, upper0, upper1, ref c20, ref c21);
            if (TRows.Value > 3)
                Multiply<TColumns, TElement>(a3, b0, b1, upper0, upper1, ref c30, ref c31);
            if (TRows.Value > 4)
                Multiply<TColumns, TElement>(a3 + aRow, b0, b1, upper0, upper1, ref c40, ref c41);
            if (TRows.Value > 5)
                Multiply<TColumns, TElement>(a3 + aRow2, b0, b1, upper0, upper1, ref c50, ref c51);
            if (TRows.Value > 6)
                Multiply<TColumns, TElement>(a6, b0, b1, upper0, upper1, ref c60, ref c61);
            if (TRows.Value > 7)
                Multiply<TColumns, TElement>(a6 + aRow, b0, b1, upper0, upper1, ref c70, ref c71);
            if (TRows.Value > 8)
                Multiply<TColumns, TElement>(a6 + aRow2, b0, b1, upper0, upper1, ref c80, ref c81);
            if (TRows.Value > 9)
                Multiply<TColumns, TElement>(a9, b0, b1, upper0, upper1, ref c90, ref c91);
            if (TRows.Value > 10)
                Multiply<TColumns, TElement>(a9 + aRow, b0, b1, upper0, upper1, ref cA0, ref cA1);
            if (TRows.Value > 11)
                Multiply<TColumns, TElement>(a9 + aRow2, b0, b1, upper0, upper1, ref cB0, ref cB1);
            a0 += aStep;
            a3 += aStep;
            a6 += aStep;
            a9 += aStep;
        }

        if (TRows.Value > 0) Store<TColumns>(c + 0 * cRow, c00, c01);
        if (TRows.Value > 1) Store<TColumns>(c + 1 * cRow, c10, c11);
        if (TRows.Value > 2) Store<TColumns>(c + 2 * cRow, c20, c21);
        if (TRows.Value > 3) Store<TColumns>(c + 3 * cRow, c30, c31);
        if (TRows.Value > 4) Store<TColumns>(c + 4 * cRow, c40, c41);
        if (TRows.Value > 5) Store<TColumns>(c + 5 * cRow, c50, c51);
        if (TRows.Value > 6) Store<TColumns>(c + 6 * cRow, c60, c61);
        if (TRows.Value > 7) Store<TColumns>(c + 7 * cRow, c70, c71);
        if (TRows.Value > 8) Store<TColumns>(c + 8 * cRow, c80, c81);
        if (TRows.Value > 9) Store<TColumns>(c + 9 * cRow, c90, c91);
        if (TRows.Value > 10) Store<TColumns>(c + 10 * cRow, cA0, cA1);
        if (TRows.Value > 11) Store<TColumns>(c + 11 * cRow, cB0, cB1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start<TColumns>(float* start, ref V c0, ref V c1)
        where TColumns : struct, ISize
    {
        c0 = V.Load(start);
        if (TColumns.Value > 1) c1 = V.Load(start + V.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TColumns, TElement>(V bias0, V bias1, ref V c0, ref V c1)
        where TColumns : struct, ISize
        where TElement : struct, IElement
    {
        c0 = TElement.Value == Element.Bytes ? V.AddIntegers(c0, bias0) : c0 + bias0;
        if (TColumns.Value > 1) c1 = TElement.Value == Element.Bytes ? V.AddIntegers(c1, bias1) : c1 + bias1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TColumns, TElement>(float* a, V b0, V b1, V upper0, V upper1, ref V c0, ref V c1)
        where TColumns : struct, ISize
        where TElement : struct, IElement
    {
        if (TElement.Value == Element.Single && TColumns.Value == 1)
        {
            c0 = V.Fma(a, b0, c0);
            return;
        }

        V x = V.Broadcast(*a);
        if (TElement.Value == Element.Pair)
        {
            V upper = V.UpperOfPairs(x);
            c0 = V.Fma(upper, upper0, c0);
            if (TColumns.Value > 1) c1 = V.Fma(upper, upper1, c1);
            x = V.LowerOfPairs(x);
        }

        if (TElement.Value == Element.Bytes)
        {
            c0 = V.AddBytes(x, b0, c0);
            if (TColumns.Value > 1) c1 = V.AddBytes(x, b1, c1);
            return;
        }

        c0 = V.Fma(x, b0, c0);
        if (TColumns.Value > 1) c1 = V.Fma(x, b1, c1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TColumns>(float* c, V c0, V c1)
        where TColumns : struct, ISize
    {
        V.Store(c, c0);
        if (TColumns.Value > 1) V.Store(c + V.Count, c1);
    }
}
