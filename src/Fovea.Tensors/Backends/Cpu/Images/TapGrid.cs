using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>
/// What a convolution reads, as a matrix that is never stored as a whole: a row per channel and tap, a column per
/// position of all images. A tap is an offset (y, x) in the plane from where the position lies, <c>(row · step, column
/// · step)</c>; what lies outside the plane is 0.
/// </summary>
/// <param name="Height">Rows of a plane.</param>
/// <param name="Width">Columns of a plane.</param>
/// <param name="Rows">Rows of positions.</param>
/// <param name="Columns">Columns of positions.</param>
/// <param name="Step">Pixels from one position to the next.</param>
/// <param name="Taps">Offsets.</param>
internal readonly record struct TapGrid(int Height, int Width, int Rows, int Columns, int Step, (int Y, int X)[] Taps)
{
    /// <summary>Positions of an image.</summary>
    internal int Positions => Rows * Columns;

    /// <summary>Taps that the forward pass reads.</summary>
    internal static TapGrid Forward(in Conv2dArguments a)
    {
        (int, int)[] taps = new (int, int)[a.KernelHeight * a.KernelWidth];
        for (int i = 0; i < taps.Length; i++)
            taps[i] = (i / a.KernelWidth * a.Dilation - a.Padding, i % a.KernelWidth * a.Dilation - a.Padding);
        return new(a.Height, a.Width, a.OutHeight, a.OutWidth, a.Stride, taps);
    }

    /// <summary>
    /// What the gradient of the input reads of that of the result, for the input pixels (row · stride + y, column ·
    /// stride + x): those taps k of the kernel, whose numbers come along, for which a result lies at (pixel + padding −
    /// k · dilation) / stride.
    /// </summary>
    internal static TapGrid Backward(in Conv2dArguments a, int y, int x, out int[] kernel)
    {
        List<(int, int)> taps = [];
        List<int> numbers = [];
        for (int i = 0; i < a.KernelHeight * a.KernelWidth; i++)
        {
            int down = y + a.Padding - i / a.KernelWidth * a.Dilation,
                right = x + a.Padding - i % a.KernelWidth * a.Dilation;
            if (down % a.Stride != 0 || right % a.Stride != 0) continue;
            taps.Add((down / a.Stride, right / a.Stride));
            numbers.Add(i);
        }

        kernel = [.. numbers];
        return new(a.OutHeight, a.OutWidth, (a.Height - y + a.Stride - 1) / a.Stride,
            (a.Width - x + a.Stride - 1) / a.Stride, 1, [.. taps]);
    }
}

/// <summary>Copies parts of a <see cref="TapGrid"/>.</summary>
internal static unsafe class TapRows<V>
    where V : struct, ISimd<V>
{
    // Planes lie far apart: what is read of them is asked for before.
    private const int PlanesAhead = 4;

    /// <summary>Columns <paramref name="first"/> and following, all taps of some channels, rows [channel · taps + tap]
    /// with a stride.</summary>
    /// <param name="grid">What is read.</param>
    /// <param name="image">The first of these channels in the first image.</param>
    /// <param name="imageStep">Elements from one image to the next.</param>
    /// <param name="channels">How many channels.</param>
    /// <param name="first">First position, counted through all images.</param>
    /// <param name="count">How many positions.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="stride">Elements from one row of the copy to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy(in TapGrid grid, float* image, nint imageStep, int channels, int first, int count,
        float* to, nint stride)
    {
        nint plane = (nint)grid.Height * grid.Width, rowStep = grid.Taps.Length * stride;
        for (int tap = 0; tap < grid.Taps.Length; tap++)
        {
            (int down, int right) = grid.Taps[tap];
            (int number, int position) = Math.DivRem(first, grid.Positions);
            (int row, int column) = Math.DivRem(position, grid.Columns);
            float* target = to + tap * stride;
            for (int left = count; left > 0;)
            {
                int run = Math.Min(left, grid.Columns - column), y = row * grid.Step + down,
                    x = column * grid.Step + right;
                // positions before the plane's first column
                int inside = x >= 0 ? 0 : Math.Min(run, (grid.Step - 1 - x) / grid.Step);
                int end = (uint)y >= (uint)grid.Height || x >= grid.Width ? 0
                    : Math.Min(run, (grid.Width - 1 - x) / grid.Step + 1);
                if (inside >= end) Clear(target, rowStep, channels, run);
                else
                {
                    if (inside > 0) Clear(target, rowStep, channels, inside);
                    float* source = image + number * imageStep + (nint)y * grid.Width + x + (nint)inside * grid.Step;
                    if (grid.Step == 1) Copy(source, plane, target + inside, rowStep, channels, end - inside);
                    else CopyEvery(source, plane, grid.Step, target + inside, rowStep, channels, end - inside);
                    if (end < run) Clear(target + end, rowStep, channels, run - end);
                }

                target += run;
                left -= run;
                column = 0;
                if (++row == grid.Rows) (row, number) = (0, number + 1);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, nint plane, float* to, nint stride, int channels, int count)
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count)
        {
            float* from = source + i, target = to + i;
            for (int c = 0; c < channels; c++, from += plane, target += stride)
            {
                V.Prefetch(from + PlanesAhead * plane);
                V.Store(target, V.Load(from));
            }
        }

        int left = count - i;
        if (left == 0) return;
        source += i;
        to += i;
        for (int c = 0; c < channels; c++, source += plane, to += stride)
            V.StorePartial(to, V.LoadPartial(source, left), left);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyEvery(float* source, nint plane, int step, float* to, nint stride, int channels, int count)
    {
        for (int c = 0; c < channels; c++, source += plane, to += stride)
        {
            if (step == 2)
            {
                Halve(source, source + PlanesAhead * plane, to, count);
                continue;
            }

            for (int i = 0; i < count; i++) to[i] = source[(nint)i * step];
        }
    }

    /// <summary>Every other pixel, nothing beyond the last of them being read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halve(float* source, float* soon, float* to, int count)
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int pixels = 2 * (count - i) - 1;
            V.Prefetch(soon + 2 * i);
            V.Prefetch(soon + 2 * i + V.Count);
            V.StorePartial(to + i, V.Split(V.LoadPartial(source + 2 * i, Math.Min(V.Count, pixels)),
                V.LoadPartial(source + 2 * i + V.Count, Math.Clamp(pixels - V.Count, 0, V.Count)), out _),
                Math.Min(V.Count, count - i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(float* to, nint stride, int channels, int count)
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            float* target = to + i;
            for (int c = 0; c < channels; c++, target += stride) V.StorePartial(target, V.Zero, lanes);
        }
    }
}
