using Fovea.Tensors.Backends.Cpu.Images;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // A convolution is a product of the weight [out, taps] with what it reads [taps, positions of the batch] (TapGrid),
    // of which panels are packed where they are used. Its input's gradient is another one, or one for each of the
    // stride · stride phases of the pixels.

    // panels of a part: 512 KiB, half of a second-level cache
    private const int PackedElements = 1 << 17, MostColumns = 256, ColumnsPerSum = 128;

    /// <summary>Takes finished sums: some neighbours in one row of one channel's plane.</summary>
    private unsafe delegate void SumSink(int image, int channel, int row, int column, int count, float* sums);

    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y)
    {
        Conv2dArguments a = arguments;
        if (OnlySomeMeet(a, out KernelPart part))
        {
            CpuStorage cut = Cut(part, w);
            Conv2d(part.Smaller, x, cut, epilogue, y);
            _buffers.Return(cut);
            return;
        }

        Conv2dEpilogue e = epilogue;
        float* bias = Floats(e.Bias), residual = Floats(e.Residual), result = Floats(y);
        CpuStorage factors = Borrow(2 * a.Out);
        float* scales = factors.Pointer, shifts = scales + a.Out;
        _pool.Run(1, _ =>
        {
            for (int channel = 0; channel < a.Out; channel++)
            {
                float start = bias == null ? 0 : bias[channel];
                (scales[channel], shifts[channel]) = e.Norm is { } norm ? ScaleAndShift(norm, channel, start)
                    : (1, start);
            }
        });
        SumSink sink = (image, channel, row, column, count, sums) =>
        {
            nint at = (((nint)image * a.Out + channel) * a.OutHeight + row) * a.OutWidth + column;
            ChannelKernels<V>.Finish(sums, result + at, count, scales[channel], shifts[channel],
                residual == null ? null : residual + at, e.Relu);
        };
        int side = Winograd<V>.Side(a, a.In, a.Out);
        if (side == 4) ConvolveTransformed<LargeTile<V>>(a, Floats(x), w, result, residual, sink);
        else if (side == 2) ConvolveTransformed<SmallTile<V>>(a, Floats(x), w, result, residual, sink);
        else
            Multiply(TapGrid.Forward(a), a, Floats(x), a.In / a.Groups, Floats(w), a.Out / a.Groups, sink);
        _buffers.Return(factors);
    }

    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx)
    {
        Conv2dArguments a = arguments;
        if (OnlySomeMeet(a, out KernelPart part))
        {
            CpuStorage cut = Cut(part, w);
            Conv2dBackwardInput(part.Smaller, dy, cut, dx);
            _buffers.Return(cut);
            return;
        }

        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = a.KernelHeight * a.KernelWidth;
        float* slopes = Floats(dy), weights = Floats(w), result = Floats(dx);
        int side = Winograd<V>.Side(a, a.Out, a.In);
        if (side > 0)
        {
            SumSink sink = (image, channel, row, column, count, sums) =>
                Put(sums, result + (((nint)image * a.In + channel) * a.Height + row) * a.Width + column, 1, count,
                    dx.Accumulate);
            if (side == 4) ConvolveTurned<LargeTile<V>>(a, slopes, weights, result, sink);
            else ConvolveTurned<SmallTile<V>>(a, slopes, weights, result, sink);
            return;
        }

        CpuStorage turned = Borrow((long)a.In * outputs * kernel);
        float* turnedWeights = turned.Pointer;
        for (int phase = 0; phase < a.Stride * a.Stride; phase++)
        {
            (int top, int left) = Math.DivRem(phase, a.Stride);
            TapGrid grid = TapGrid.Backward(a, top, left, out int[] taps);
            if (grid.Rows <= 0 || grid.Columns <= 0) continue;
            if (taps.Length > 0) TurnWeights(a, weights, taps, turnedWeights);
            Multiply(grid, a, slopes, outputs, turnedWeights, inputs, (image, channel, row, column, count, sums) => Put(
                sums, result + (((nint)image * a.In + channel) * a.Height + row * a.Stride + top) * a.Width + left
                    + (nint)column * a.Stride, a.Stride, count, dx.Accumulate));
        }

        _buffers.Return(turned);
    }

    /// <summary>Whether small images leave elements of the kernel out: those that only ever meet zeros around them, as
    /// all but the middle one of 3 x 3 do at an image of one pixel.</summary>
    private static bool OnlySomeMeet(in Conv2dArguments a, out KernelPart part)
    {
        part = default;
        if (a.Padding == 0) return false;   // each element meets a pixel
        (int top, int bottom) = Meeting(a, a.Height, a.OutHeight, a.KernelHeight);
        (int left, int right) = Meeting(a, a.Width, a.OutWidth, a.KernelWidth);
        if (top > bottom || left > right) return false;
        part = new(a, a with
        {
            KernelHeight = bottom - top + 1,
            KernelWidth = right - left + 1,
            Padding = a.Padding - top * a.Dilation,
        }, top, left);
        Conv2dArguments smaller = part.Smaller;
        return smaller != a && top == left && smaller.Padding >= 0
            && (smaller.OutHeight, smaller.OutWidth) == (a.OutHeight, a.OutWidth);
    }

    /// <summary>First and last row (or column) of the kernel that meets the image.</summary>
    private static (int First, int Last) Meeting(in Conv2dArguments a, int size, int positions, int kernel)
    {
        (int first, int last) = (kernel, -1);
        for (int position = 0; position < positions; position++)
            for (int k = 0; k < kernel; k++)
            {
                if ((uint)(position * a.Stride - a.Padding + k * a.Dilation) >= (uint)size) continue;
                (first, last) = (Math.Min(first, k), Math.Max(last, k));
            }

        return (first, last);
    }

    /// <summary>A part of all kernels.</summary>
    private CpuStorage Cut(KernelPart part, Storage w)
    {
        CpuStorage cut = Borrow((long)part.Kernels * part.SmallerElements);
        float* from = Floats(w), to = cut.Pointer;
        ForRows(part.Kernels, part.SmallerElements, (first, count) =>
        {
            for (nint kernel = first; kernel < first + count; kernel++)
                for (int i = 0; i < part.SmallerElements; i++)
                    to[kernel * part.SmallerElements + i] = from[kernel * part.Elements + part.Place(i)];
        });
        return cut;
    }

    /// <summary>Rows and columns of kernels from a first one on.</summary>
    /// <param name="Whole">The convolution.</param>
    /// <param name="Smaller">The same with these only.</param>
    /// <param name="Top">First row.</param>
    /// <param name="Left">First column.</param>
    private readonly record struct KernelPart(Conv2dArguments Whole, Conv2dArguments Smaller, int Top, int Left)
    {
        /// <summary>One for each pair of channels.</summary>
        internal int Kernels => Whole.Out * (Whole.In / Whole.Groups);

        internal int Elements => Whole.KernelHeight * Whole.KernelWidth;

        internal int SmallerElements => Smaller.KernelHeight * Smaller.KernelWidth;

        /// <summary>Place of an element in the whole kernel.</summary>
        internal int Place(int element) =>
            (Top + element / Smaller.KernelWidth) * Whole.KernelWidth + Left + element % Smaller.KernelWidth;
    }

    /// <summary>Weights [group, out, in, kernel] as [group, in, out, some taps of the kernel].</summary>
    private void TurnWeights(Conv2dArguments a, float* weights, int[] taps, float* turned)
    {
        const int AtOnce = 8;   // channels whose kernels lie side by side
        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = a.KernelHeight * a.KernelWidth,
            some = Parts(inputs, AtOnce);
        _pool.Run(a.Groups * some, part =>
        {
            (int group, int first) = Math.DivRem(part, some);
            first *= AtOnce;
            int end = Math.Min(inputs, first + AtOnce);
            for (int o = 0; o < outputs; o++)
                for (int input = first; input < end; input++)
                {
                    float* from = weights + ((nint)(group * outputs + o) * inputs + input) * kernel,
                        to = turned + ((nint)(group * inputs + input) * outputs + o) * taps.Length;
                    foreach (int tap in taps) *to++ = from[tap];
                }
        });
    }

    /// <summary>Elements of y, a step apart, (+)= x.</summary>
    private static void Put(float* x, float* y, int step, int count, bool accumulate)
    {
        if (step == 1 && !accumulate) new ReadOnlySpan<float>(x, count).CopyTo(new Span<float>(y, count));
        else if (step == 2) PutEveryOther(x, y, count, accumulate);
        else
            for (int i = 0; i < count; i++) y[(nint)i * step] = accumulate ? y[(nint)i * step] + x[i] : x[i];
    }

    /// <summary>Every other element of y (+)= x. Those between are read and written again as they are, nothing beyond
    /// the last one is.</summary>
    private static void PutEveryOther(float* x, float* y, int count, bool accumulate)
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int some = Math.Min(V.Count, count - i), low = Math.Min(V.Count, 2 * some - 1), high = 2 * some - 1 - low;
            float* to = y + 2 * i;
            V before = V.Split(V.LoadPartial(to, low), V.LoadPartial(to + V.Count, high), out V between),
                value = V.LoadPartial(x + i, some);
            V.StorePartial(to, V.Join(accumulate ? before + value : value, between, out V upper), low);
            V.StorePartial(to + V.Count, upper, high);
        }
    }

    /// <summary>Weights [group, rows, channels · taps] times the grid over a source [image, group, channels, plane],
    /// part by part.</summary>
    private void Multiply(TapGrid grid, Conv2dArguments a, float* source, int channels, float* weights, int rows,
        SumSink sink)
    {
        int inner = channels * grid.Taps.Length, columns = a.Batch * grid.Positions;
        nint plane = (nint)grid.Height * grid.Width, imageStep = a.Groups * channels * plane;
        int width = Math.Min(Math
            .Clamp(PackedElements / Math.Max(1, inner) / Panels<V>.Width * Panels<V>.Width, Panels<V>.Width,
                MostColumns), Panels<V>.Padded(columns));
        int chunks = columns == 0 ? 0 : Parts(columns, width);
        // Where that makes few parts, several share the columns and take some of the rows each.
        int block = Parts(Parts(rows, Math.Max(1, WantedParts / Math.Max(1, chunks * a.Groups))),
            V.TileRows) * V.TileRows, blocks = Parts(rows, block);
        _pool.Run(chunks * blocks * a.Groups, part =>
        {
            (int rest, int group) = Math.DivRem(part, a.Groups);
            (int chunk, int rowBlock) = Math.DivRem(rest, blocks);
            int column = chunk * width, count = Math.Min(width, columns - column), row = rowBlock * block,
                height = Math.Min(block, rows - row);
            using Scratch scratch = Scratch.Begin();
            float* panels = scratch.Floats(inner * Panels<V>.Padded(count)), sums = scratch.Floats(height * width);
            for (int c = 0; c < count; c += Panels<V>.Width)
                TapRows<V>.Copy(
                    grid, source + group * channels * plane, imageStep, channels, column + c,
                    Math.Min(Panels<V>.Width, count - c),
                    panels + (nint)c * inner, Panels<V>.WidthAt(c, count));
            Block<V>.Multiply(
                weights + ((nint)group * rows + row) * inner, inner, 1, height, panels, count, inner,
                new BlockTarget((nint)sums, width, Padded: true));
            for (int r = 0; r < height; r++)
                for (int done = 0; done < count;)
                {
                    (int line, int first) = Math.DivRem(column + done, grid.Columns);
                    (int image, int gridRow) = Math.DivRem(line, grid.Rows);
                    int run = Math.Min(count - done, grid.Columns - first);
                    sink(image, group * rows + row + r, gridRow, first, run, sums + (nint)r * width + done);
                    done += run;
                }
        });
    }

    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw)
    {
        // dwᵀ [taps, out] = what the forward pass reads [taps, positions] · dyᵀ [positions, out]: the left side is
        // copied as it lies, and the smaller right side is transposed into panels. A part is some channels, over a
        // fixed share of the positions.
        Conv2dArguments a = arguments;
        if (OnlySomeMeet(a, out KernelPart some))
        {
            CpuStorage cut = Borrow((long)some.Kernels * some.SmallerElements);
            Conv2dBackwardWeight(some.Smaller, x, dy, new Target(cut, false));
            float* of = cut.Pointer, all = Floats(dw);
            ForRows(some.Kernels, some.Elements, (first, count) =>
            {
                if (!dw.Accumulate)
                    new Span<float>(all + (nint)first * some.Elements, count * some.Elements).Clear();
                for (nint kernel = first; kernel < first + count; kernel++)
                    for (int i = 0; i < some.SmallerElements; i++)
                        all[kernel * some.Elements + some.Place(i)] += of[kernel * some.SmallerElements + i];
            });
            _buffers.Return(cut);
            return;
        }

        int side = Winograd<V>.Side(a, a.In, a.Out);
        if (side > 0)
        {
            if (side == 4) SumTransformed<LargeTile<V>>(a, Floats(x), Floats(dy), Floats(dw), dw.Accumulate);
            else SumTransformed<SmallTile<V>>(a, Floats(x), Floats(dy), Floats(dw), dw.Accumulate);
            return;
        }

        TapGrid grid = TapGrid.Forward(a);
        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = grid.Taps.Length,
            columns = a.Batch * grid.Positions;
        int block = Math.Clamp(RowsPerSum / kernel, 1, inputs), blocks = Parts(inputs, block),
            size = a.In * kernel * outputs;
        int shares = Math.Max(1, Math.Min(Parts(MinimumParts, blocks * a.Groups), Parts(columns, ColumnsPerSum)));
        int share = Math.Max(1, Parts(columns, shares));
        // For many threads fewer channels, not shorter sums.
        block = Parts(block, Math.Max(1, WantedParts / Math.Max(MinimumParts, shares * blocks * a.Groups)));
        blocks = Parts(inputs, block);
        float* source = Floats(x), slopes = Floats(dy);
        nint plane = (nint)a.Height * a.Width;
        CpuStorage partial = Borrow((long)shares * size);
        float* partials = partial.Pointer;
        _pool.Run(shares * blocks * a.Groups, part =>
        {
            (int rest, int group) = Math.DivRem(part, a.Groups);
            (int s, int channelBlock) = Math.DivRem(rest, blocks);
            int channel = group * inputs + channelBlock * block,
                channels = Math.Min(block, inputs - channelBlock * block), end = Math.Min(columns, (s + 1) * share);
            float* sum = partials + (nint)s * size + (nint)channel * kernel * outputs;
            using Scratch scratch = Scratch.Begin();
            float* taps = scratch.Floats(block * kernel * ColumnsPerSum),
                panels = scratch.Floats(ColumnsPerSum * Panels<V>.Padded(outputs));
            new Span<float>(sum, channels * kernel * outputs).Clear();
            for (int column = s * share; column < end; column += ColumnsPerSum)
            {
                int count = Math.Min(ColumnsPerSum, end - column);
                TapRows<V>.Copy(grid, source + channel * plane, a.In * plane, channels, column, count, taps, count);
                PackSlopes(slopes, a.Out, group * outputs, outputs, grid.Positions, column, count, panels);
                Block<V>.Multiply(taps, count, 1, channels * kernel, panels, outputs, count,
                    new BlockTarget((nint)sum, outputs, (nint)sum, outputs));
            }
        });

        if (shares > 1) AddUp(partials, shares, size, partials, false);
        TransposeInto(partials, a.Groups, inputs * kernel, outputs, Floats(dw), dw.Accumulate);
        _buffers.Return(partial);
    }

    /// <summary>y [group, columns, rows] (+)= the transposes of x [group, rows, columns].</summary>
    private void TransposeInto(float* x, int groups, int rows, int columns, float* y, bool accumulate)
    {
        int blocks = Panels<V>.Count(rows);
        _pool.Run(groups * blocks, part =>
        {
            (int group, int block) = Math.DivRem(part, blocks);
            int row = block * Panels<V>.Width, count = Math.Min(Panels<V>.Width, rows - row),
                width = Panels<V>.WidthAt(row, rows);
            using Scratch scratch = Scratch.Begin();
            float* panel = scratch.Floats(columns * width), to = y + (nint)group * rows * columns + row;
            Panels<V>.PackTransposed(x + (nint)group * rows * columns, columns, columns, row, rows, panel);
            for (int column = 0; column < columns; column++)
                Put(panel + column * width, to + (nint)column * rows, 1, count, accumulate);
        });
    }

    /// <summary>Some columns of dy [image, channel, position], transposed into panels [position, channel].</summary>
    private static void PackSlopes(float* dy, int allChannels, int channel, int channels, int positions, int column,
        int count, float* panels)
    {
        for (int done = 0; done < count;)
        {
            (int image, int position) = Math.DivRem(column + done, positions);
            int run = Math.Min(count - done, positions - position);
            float* from = dy + ((nint)image * allChannels + channel) * positions + position;
            for (int o = 0; o < channels; o += Panels<V>.Width)
                Panels<V>.PackTransposed(from, positions, run, o, channels,
                    panels + (nint)o * count + (nint)done * Panels<V>.WidthAt(o, channels));
            done += run;
        }
    }
}
