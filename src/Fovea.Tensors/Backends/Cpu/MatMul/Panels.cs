using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>
/// The right operand in panels of two vectors of columns: panel after panel, each <c>[inner, width]</c> with contiguous
/// rows, the last panel only one vector wide where that suffices, padded with zeros.
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

    /// <summary>Packs the panel that starts at <paramref name="column"/> from a matrix stored <c>[inner, columns]</c>
    /// with a row stride.</summary>
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

    /// <summary>Packs the panel that starts at <paramref name="column"/> from the transpose, stored <c>[columns,
    /// inner]</c> with a row stride.</summary>
    internal static void PackTransposed(float* source, nint stride, int inner, int column, int columns, float* panel)
    {
        int width = WidthAt(column, columns), valid = Math.Min(width, columns - column), j = 0;
        source += column * stride;
        if (V.Count == 16)
        {
            LaneTranspose<V>.In(source, stride, valid, width, inner, panel, width);
            return;
        }

        for (; j + 4 <= valid; j += 4)
        {
            float* from = source + j * stride, to = panel + j;
            int k = 0;
            for (; k + 4 <= inner; k += 4, to += 4 * width) Transpose4(from + k, stride, to, width);
            for (; k < inner; k++, to += width)
                for (int i = 0; i < 4; i++) to[i] = from[i * stride + k];
        }

        for (; j < width; j++)
        {
            float* from = source + j * stride, to = panel + j;
            for (int k = 0; k < inner; k++, to += width) *to = j < valid ? from[k] : 0;
        }
    }

    /// <summary>Packs all panels of a matrix stored <c>[inner, columns]</c> with a row stride.</summary>
    internal static void PackAll(float* source, nint stride, int inner, int columns, float* panels)
    {
        for (int column = 0; column < columns; column += Width)
            Pack(source, stride, inner, column, columns, panels + (nint)column * inner);
    }

    /// <summary>Packs all panels from the transpose, stored <c>[columns, inner]</c> with a row stride.</summary>
    internal static void PackAllTransposed(float* source, nint stride, int inner, int columns, float* panels)
    {
        for (int column = 0; column < columns; column += Width)
            PackTransposed(source, stride, inner, column, columns, panels + (nint)column * inner);
    }

    /// <summary>Four rows of four become four columns, in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* source, nint stride, float* destination, int width)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + stride);
        Vector128<float> c = Vector128.Load(source + 2 * stride), d = Vector128.Load(source + 3 * stride);
        Vector128<double> ab0 = Interleave(a, b, false).AsDouble(), ab1 = Interleave(a, b, true).AsDouble();
        Vector128<double> cd0 = Interleave(c, d, false).AsDouble(), cd1 = Interleave(c, d, true).AsDouble();
        Interleave(ab0, cd0, false).AsSingle().Store(destination);
        Interleave(ab0, cd0, true).AsSingle().Store(destination + width);
        Interleave(ab1, cd1, false).AsSingle().Store(destination + 2 * width);
        Interleave(ab1, cd1, true).AsSingle().Store(destination + 3 * width);
    }

    /// <summary>a0 b0 a1 b1, or a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Interleave(Vector128<float> a, Vector128<float> b, bool upper)
    {
        if (Sse.IsSupported) return upper ? Sse.UnpackHigh(a, b) : Sse.UnpackLow(a, b);
        if (AdvSimd.Arm64.IsSupported) return upper ? AdvSimd.Arm64.ZipHigh(a, b) : AdvSimd.Arm64.ZipLow(a, b);
        return upper ? Vector128.Create(a[2], b[2], a[3], b[3]) : Vector128.Create(a[0], b[0], a[1], b[1]);
    }

    /// <summary>a0 b0, or a1 b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Interleave(Vector128<double> a, Vector128<double> b, bool upper)
    {
        if (Sse2.IsSupported) return upper ? Sse2.UnpackHigh(a, b) : Sse2.UnpackLow(a, b);
        if (AdvSimd.Arm64.IsSupported) return upper ? AdvSimd.Arm64.ZipHigh(a, b) : AdvSimd.Arm64.ZipLow(a, b);
        return upper ? Vector128.Create(a[1], b[1]) : Vector128.Create(a[0], b[0]);
    }
}
