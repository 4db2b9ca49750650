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
        Conv2dEpilogue e = epilogue;
        float* bias = Floats(e.Bias), residual = Floats(e.Residual), result = Floats(y);
        SumSink sink = (image, channel, row, column, count, sums) =>
        {
            float start = bias == null ? 0 : bias[channel];
            (float scale, float shift) = e.Norm is { } norm ? ScaleAndShift(norm, channel, start) : (1, start);
            nint at = (((nint)image * a.Out + channel) * a.OutHeight + row) * a.OutWidth + column;
            ChannelKernels<V>.Finish(sums, result + at, count, scale, shift, residual == null ? null : residual + at,
                e.Relu);
        };
        if (Winograd<V>.Pays(a, a.In, a.Out))
            MultiplyTransformed(a.Batch, a.In, a.Height, a.Width, a.Padding, Floats(x), Floats(w), a.Out, a.OutHeight,
                a.OutWidth, sink);
        else
            Multiply(TapGrid.Forward(a), a, Floats(x), a.In / a.Groups, Floats(w), a.Out / a.Groups, sink);
    }

    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx)
    {
        Conv2dArguments a = arguments;
        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = a.KernelHeight * a.KernelWidth;
        float* slopes = Floats(dy), weights = Floats(w), result = Floats(dx);
        CpuStorage turned = Borrow((long)a.In * outputs * kernel);
        float* turnedWeights = turned.Pointer;
        if (Winograd<V>.Pays(a, a.Out, a.In))
        {
            TurnWeights(a, weights, [8, 7, 6, 5, 4, 3, 2, 1, 0], turnedWeights);
            MultiplyTransformed(a.Batch, a.Out, a.OutHeight, a.OutWidth, 2 - a.Padding, slopes, turnedWeights, a.In,
                a.Height, a.Width,
                (image, channel, row, column, count, sums) =>
                    Put(sums, result + (((nint)image * a.In + channel) * a.Height + row) * a.Width + column, 1, count,
                        dx.Accumulate));
            _buffers.Return(turned);
            return;
        }

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

    /// <summary>Weights [group, out, in, kernel] as [group, in, out, some taps of the kernel].</summary>
    private void TurnWeights(Conv2dArguments a, float* weights, int[] taps, float* turned)
    {
        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = a.KernelHeight * a.KernelWidth;
        _pool.Run(a.In, channel =>
        {
            (int group, int input) = Math.DivRem(channel, inputs);
            float* to = turned + (nint)channel * outputs * taps.Length;
            for (int o = 0; o < outputs; o++)
            {
                float* from = weights + ((nint)(group * outputs + o) * inputs + input) * kernel;
                foreach (int tap in taps) *to++ = from[tap];
            }
        });
    }

    /// <summary>Elements of y, a step apart, (+)= x.</summary>
    private static void Put(float* x, float* y, int step, int count, bool accumulate)
    {
        if (step == 1 && !accumulate) new ReadOnlySpan<float>(x, count).CopyTo(new Span<float>(y, count));
        else
            for (int i = 0; i < count; i++) y[(nint)i * step] = accumulate ? y[(nint)i * step] + x[i] : x[i];
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
        if (Winograd<V>.Pays(a, a.In, a.Out))
        {
            SumTransformed(a, Floats(x), Floats(dy), Floats(dw), dw.Accumulate);
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
