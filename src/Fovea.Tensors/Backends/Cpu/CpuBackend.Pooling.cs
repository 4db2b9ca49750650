using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y)
    {
        MaxPoolArguments a = arguments;
        float* from = Floats(x), to = Floats(y);
        _pool.Run(a.Planes, plane =>
        {
            float* image = from + (nint)plane * a.Height * a.Width,
                result = to + (nint)plane * a.OutHeight * a.OutWidth;

            // A row with nothing on both sides; every stride-th of its elements lie together, so that vectors run over
            // results.
            int columns = Math.Max(a.Padding + a.Width, (a.OutWidth - 1) * a.Stride + a.Kernel),
                length = Parts(columns, a.Stride);
            using Scratch scratch = Scratch.Begin();
            float* row = scratch.Floats(columns + a.Stride * length), phases = row + columns;
            new Span<float>(row, columns).Fill(float.NegativeInfinity);
            for (int oy = 0; oy < a.OutHeight; oy++, result += a.OutWidth)
            {
                int top = oy * a.Stride - a.Padding;
                LargestOfRows(image, a.Width, Math.Max(0, top), Math.Min(a.Height, top + a.Kernel), row + a.Padding);
                Separate(row, columns, a.Stride, phases, length);
                LargestOfTaps(phases, length, a.Stride, a.Kernel, result, a.OutWidth);
            }
        });
    }

    /// <summary>Column by column the largest of some rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LargestOfRows(float* image, int width, int first, int end, float* largest)
    {
        for (int i = 0; i < width; i += V.Count)
        {
            int lanes = Math.Min(V.Count, width - i);
            V best = V.LoadPartial(image + (nint)first * width + i, lanes);
            for (int y = first + 1; y < end; y++)
                best = Larger(best, V.LoadPartial(image + (nint)y * width + i, lanes));
            V.StorePartial(largest + i, best, lanes);
        }
    }

    /// <summary>Elements <c>phase + i · stride</c> of a row to <c>phases [stride, length]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Separate(float* row, int count, int stride, float* phases, int length)
    {
        int i = 0;
        if (stride == 2)
            for (; i + 2 * V.Count <= count; i += 2 * V.Count)
            {
                V.Store(phases + i / 2, V.Split(V.Load(row + i), V.Load(row + i + V.Count), out V odd));
                V.Store(phases + length + i / 2, odd);
            }

        for (; i < count; i++) phases[i % stride * length + i / stride] = row[i];
    }

    /// <summary>y_i = the largest of <c>row[i · stride + tap]</c> over the taps of a window.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LargestOfTaps(float* phases, int length, int stride, int kernel, float* y, int count)
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            V best = V.LoadPartial(phases + i, lanes);
            for (int tap = 1; tap < kernel; tap++)
                best = Larger(best, V.LoadPartial(phases + tap % stride * length + tap / stride + i, lanes));
            V.StorePartial(y + i, best, lanes);
        }
    }

    /// <summary>NaN is larger than anything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Larger(V best, V value) =>
        V.SelectGreaterOrEqual(best, value, best, V.SelectGreaterOrEqual(value, best, value, best + value));

    public override void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx)
    {
        MaxPoolArguments a = arguments;
        float* from = Floats(x), results = Floats(y), slopes = Floats(dy), to = Floats(dx);

        // Results whose windows lie between the left and the right border: vectors run over them.
        int first = Math.Min(a.OutWidth, Parts(a.Padding, a.Stride)), room = a.Width + a.Padding - a.Kernel,
            end = room < 0 ? first : Math.Clamp(room / a.Stride + 1, first, a.OutWidth);
        _pool.Run(a.Planes, plane =>
        {
            int length = Parts(a.Width, a.Stride);
            nint size = (nint)a.Height * a.Width, phased = (nint)a.Stride * length;
            float* image = from + plane * size, gradients = to + plane * size;
            nint output = (nint)plane * a.OutHeight * a.OutWidth;
            using Scratch scratch = Scratch.Begin();
            float* values = scratch.Floats(2 * a.Height * (int)phased), sums = values + a.Height * phased;
            new Span<float>(sums, a.Height * (int)phased).Clear();
            for (int row = 0; row < a.Height; row++)
                Separate(image + (nint)row * a.Width, a.Width, a.Stride, values + row * phased, length);
            for (int oy = 0; oy < a.OutHeight; oy++)
                HandBack(a, oy, values, sums, length, results + output + oy * a.OutWidth,
                    slopes + output + oy * a.OutWidth, first, end);
            for (int row = 0; row < a.Height; row++)
                Unite(sums + row * phased, a.Width, a.Stride, length, gradients + (nint)row * a.Width, dx.Accumulate);
            for (int oy = 0; oy < a.OutHeight; oy++)
                for (int ox = 0; ox < a.OutWidth; ox++, output++)
                {
                    if (ox == first) (ox, output) = (end, output + end - first);
                    if (ox == a.OutWidth) break;
                    gradients[Winner(a, image, oy * a.Stride - a.Padding, ox * a.Stride - a.Padding, results[output])]
                        += slopes[output];
                }
        });
    }

    /// <summary>Adds the gradients of some neighbouring results of one row to the first largest elements of their
    /// windows.</summary>
    /// <param name="a">Sizes.</param>
    /// <param name="oy">Row of results.</param>
    /// <param name="values">Elements, rows of <c>[stride, length]</c>.</param>
    /// <param name="sums">Their gradients, laid out the same.</param>
    /// <param name="length">Places of each phase of a row.</param>
    /// <param name="y">The row's results.</param>
    /// <param name="dy">Their gradients.</param>
    /// <param name="first">First of these results.</param>
    /// <param name="end">The one behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HandBack(in MaxPoolArguments a, int oy, float* values, float* sums, int length, float* y,
        float* dy, int first, int end)
    {
        int top = oy * a.Stride - a.Padding, bottom = Math.Min(a.Height, top + a.Kernel);
        for (int i = first; i < end; i += V.Count)
        {
            int lanes = Math.Min(V.Count, end - i);
            V largest = V.LoadPartial(y + i, lanes), left = V.LoadPartial(dy + i, lanes);
            for (int row = Math.Max(0, top); row < bottom; row++)
                for (int tap = -a.Padding; tap < a.Kernel - a.Padding; tap++)
                {
                    int steps = (tap + a.Padding * a.Stride) / a.Stride - a.Padding, phase = tap - steps * a.Stride;
                    nint place = ((nint)row * a.Stride + phase) * length + i + steps;
                    V value = V.LoadPartial(values + place, lanes), sum = V.LoadPartial(sums + place, lanes);

                    // it is the largest, or NaN, which only then lies in a window
                    V other = V.SelectGreaterOrEqual(value, value, V.Zero, left),
                        its = V.SelectGreaterOrEqual(value, largest, left, other);
                    V.StorePartial(sums + place, sum + its, lanes);
                    left = V.SelectGreaterOrEqual(value, largest, V.Zero,
                        V.SelectGreaterOrEqual(value, value, left, V.Zero));
                }
        }
    }

    /// <summary>The inverse of <see cref="Separate"/>: y (+)= the elements in their order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Unite(float* phases, int count, int stride, int length, float* y, bool accumulate)
    {
        int i = 0;
        if (stride == 2)
            for (; i + 2 * V.Count <= count; i += 2 * V.Count)
            {
                V low = V.Join(V.Load(phases + i / 2), V.Load(phases + length + i / 2), out V high);
                V.Store(y + i, accumulate ? V.Load(y + i) + low : low);
                V.Store(y + i + V.Count, accumulate ? V.Load(y + i + V.Count) + high : high);
            }

        for (; i < count; i++)
        {
            float value = phases[i % stride * length + i / stride];
            y[i] = accumulate ? y[i] + value : value;
        }
    }

    /// <summary>The first position of a window, row by row, that holds its largest element.</summary>
    private static int Winner(in MaxPoolArguments a, float* image, int top, int left, float largest)
    {
        int rows = Math.Min(a.Height, top + a.Kernel), columns = Math.Min(a.Width, left + a.Kernel),
            first = Math.Max(0, left);
        bool isNaN = float.IsNaN(largest);
        for (int y = Math.Max(0, top); y < rows; y++)
        {
            float* row = image + (nint)y * a.Width;
            for (int x = first; x < columns; x++)
                if (row[x] == largest || (isNaN && float.IsNaN(row[x]))) return y * a.Width + x;
        }

        return Math.Max(0, top) * a.Width + first;   // not reached: the window holds its largest element
    }

    public override void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner)
    {
        float* from = Floats(x), to = Floats(y);
        ForRows(outer, Math.Max(map.From, map.To) * inner, (first, count) =>
        {
            for (nint o = first; o < first + count; o++)
                for (int j = 0; j < map.To; j++) MapRow(map, j, from + o * map.From * inner,
                    to + (o * map.To + j) * inner, inner, y.Accumulate);
        });
    }

    /// <summary>One result row y (+)= Σ weight · x[position].</summary>
    private static void MapRow(AxisMap map, int result, float* x, float* y, int inner, bool accumulate)
    {
        ReadOnlySpan<int> positions = map.Positions(result);
        ReadOnlySpan<double> weights = map.Weights(result);
        if (inner == 1)
        {
            float sum = accumulate ? *y : 0;
            for (int k = 0; k < positions.Length; k++)
                sum = MathF.FusedMultiplyAdd((float)weights[k], x[positions[k]], sum);
            *y = sum;
            return;
        }

        if (!accumulate) new Span<float>(y, inner).Clear();
        for (int k = 0; k < positions.Length; k++)
            ElementKernels<V>.AddScaled(x + (nint)positions[k] * inner, y, inner, (float)weights[k], true);
    }
}
