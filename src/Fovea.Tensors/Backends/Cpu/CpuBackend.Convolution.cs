using Fovea.Tensors.Backends.Cpu.Images;
using Fovea.Tensors.Backends.Cpu.MatMul;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // A convolution is a product of the weight [out, taps] with what it reads [taps, positions of the batch] (TapGrid), of which panels are packed where
    // they are used. Its input's gradient is another one, or one for each of the stride · stride phases of the pixels.

    private const int PackedElements = 1 << 17, MostColumns = 256;   // panels of a part: 512 KiB, half of a second-level cache

    /// <summary>What a part of a product was: some rows of some columns, row-major with a stride.</summary>
    private unsafe delegate void ProductSink(int group, int row, int rows, int column, int columns, float* sums, int stride);

    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue, Storage y)
    {
        Conv2dArguments a = arguments;
        Conv2dEpilogue e = epilogue;
        TapGrid grid = TapGrid.Forward(a);
        float* bias = Floats(e.Bias), residual = Floats(e.Residual), result = Floats(y);
        int outputs = a.Out / a.Groups, pixels = grid.Positions;
        Multiply(grid, a, Floats(x), a.In / a.Groups, Floats(w), outputs, (group, row, rows, column, columns, sums, stride) =>
        {
            for (int r = 0; r < rows; r++)
            {
                int channel = group * outputs + row + r;
                float start = bias == null ? 0 : bias[channel];
                (float scale, float shift) = e.Norm is { } norm ? ScaleAndShift(norm, channel, start) : (1, start);
                for (int done = 0; done < columns;)
                {
                    (int image, int pixel) = Math.DivRem(column + done, pixels);
                    int run = Math.Min(columns - done, pixels - pixel);
                    nint at = ((nint)image * a.Out + channel) * pixels + pixel;
                    ChannelKernels<V>.Finish(sums + (nint)r * stride + done, result + at, run, scale, shift, residual == null ? null : residual + at, e.Relu);
                    done += run;
                }
            }
        });
    }

    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Storage dx, bool accumulate)
    {
        Conv2dArguments a = arguments;
        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = a.KernelHeight * a.KernelWidth;
        float* slopes = Floats(dy), weights = Floats(w), result = Floats(dx);
        CpuStorage turned = Borrow((long)a.In * outputs * kernel);
        float* turnedWeights = turned.Pointer;
        for (int phase = 0; phase < a.Stride * a.Stride; phase++)
        {
            (int top, int left) = Math.DivRem(phase, a.Stride);
            TapGrid grid = TapGrid.Backward(a, top, left, out int[] taps);
            if (grid.Rows <= 0 || grid.Columns <= 0) continue;
            if (taps.Length > 0) TurnWeights(a, weights, taps, turnedWeights);
            Multiply(grid, a, slopes, outputs, turnedWeights, inputs, (group, row, rows, column, columns, sums, stride) =>
            {
                for (int r = 0; r < rows; r++)
                    for (int done = 0; done < columns;)
                    {
                        (int line, int first) = Math.DivRem(column + done, grid.Columns);
                        (int image, int gridRow) = Math.DivRem(line, grid.Rows);
                        int run = Math.Min(columns - done, grid.Columns - first);
                        float* to = result + (((nint)image * a.In + group * inputs + row + r) * a.Height + gridRow * a.Stride + top) * a.Width + left + (nint)first * a.Stride;
                        Put(sums + (nint)r * stride + done, to, a.Stride, run, accumulate);
                        done += run;
                    }
            });
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

    /// <summary>Weights [group, rows, channels · taps] times the grid over a source [image, group, channels, plane], part by part.</summary>
    private void Multiply(TapGrid grid, Conv2dArguments a, float* source, int channels, float* weights, int rows, ProductSink sink)
    {
        int inner = channels * grid.Taps.Length, columns = a.Batch * grid.Positions;
        nint plane = (nint)grid.Height * grid.Width, imageStep = a.Groups * channels * plane;
        int width = Math.Min(Math.Clamp(PackedElements / Math.Max(1, inner) / Panels<V>.Width * Panels<V>.Width, Panels<V>.Width, MostColumns), Panels<V>.Padded(columns));
        int chunks = columns == 0 ? 0 : Parts(columns, width);
        // Where that makes few parts, several share the columns and take some of the rows each.
        int block = Parts(Parts(rows, Math.Max(1, MinimumParts / Math.Max(1, chunks * a.Groups))), V.TileRows) * V.TileRows, blocks = Parts(rows, block);
        _pool.Run(chunks * blocks * a.Groups, part =>
        {
            (int rest, int group) = Math.DivRem(part, a.Groups);
            (int chunk, int rowBlock) = Math.DivRem(rest, blocks);
            int column = chunk * width, count = Math.Min(width, columns - column), row = rowBlock * block, height = Math.Min(block, rows - row);
            float* panels = Scratch.Floats(PanelSlot, inner * Panels<V>.Padded(count)), sums = Scratch.Floats(ProductSlot, height * width);
            for (int c = 0; c < count; c += Panels<V>.Width)
                TapRows<V>.Copy(
                    grid, source + group * channels * plane, imageStep, channels, column + c, Math.Min(Panels<V>.Width, count - c),
                    panels + (nint)c * inner, Panels<V>.WidthAt(c, count));
            Block<V>.Multiply(
                weights + ((nint)group * rows + row) * inner, inner, 1, height, panels, count, inner, new BlockTarget((nint)sums, width, Padded: true));
            sink(group, row, height, column, count, sums, width);
        });
    }

    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Storage dw, bool accumulate)
    {
        // dwᵀ [taps, out] = what the forward pass reads [taps, positions] · dyᵀ [positions, out]: the left side is copied as it lies, and the smaller right
        // side is transposed into panels. A part is some channels, over a fixed share of the positions.
        Conv2dArguments a = arguments;
        TapGrid grid = TapGrid.Forward(a);
        int inputs = a.In / a.Groups, outputs = a.Out / a.Groups, kernel = grid.Taps.Length, columns = a.Batch * grid.Positions;
        int block = Math.Clamp(RowsPerSum / kernel, 1, inputs), blocks = Parts(inputs, block), size = a.In * kernel * outputs;
        int shares = Math.Max(1, Math.Min(Parts(MinimumParts, blocks * a.Groups), Parts(columns, ColumnsPerSum)));
        int share = Math.Max(1, Parts(columns, shares));
        float* source = Floats(x), slopes = Floats(dy);
        nint plane = (nint)a.Height * a.Width;
        CpuStorage partial = Borrow((long)shares * size);
        float* partials = partial.Pointer;
        _pool.Run(shares * blocks * a.Groups, part =>
        {
            (int rest, int group) = Math.DivRem(part, a.Groups);
            (int s, int channelBlock) = Math.DivRem(rest, blocks);
            int channel = group * inputs + channelBlock * block, channels = Math.Min(block, inputs - channelBlock * block), end = Math.Min(columns, (s + 1) * share);
            float* sum = partials + (nint)s * size + (nint)channel * kernel * outputs;
            float* taps = Scratch.Floats(RowsSlot, block * kernel * ColumnsPerSum), panels = Scratch.Floats(PanelSlot, ColumnsPerSum * Panels<V>.Padded(outputs));
            new Span<float>(sum, channels * kernel * outputs).Clear();
            for (int column = s * share; column < end; column += ColumnsPerSum)
            {
                int count = Math.Min(ColumnsPerSum, end - column);
                TapRows<V>.Copy(grid, source + channel * plane, a.In * plane, channels, column, count, taps, count);
                PackSlopes(slopes, a.Out, group * outputs, outputs, grid.Positions, column, count, panels);
                Block<V>.Multiply(taps, count, 1, channels * kernel, panels, outputs, count, new BlockTarget((nint)sum, outputs, (nint)sum, outputs));
            }
        });

        float* to = Floats(dw);
        _pool.Run(Parts(a.Out, V.Count), part =>
        {
            for (int o = part * V.Count; o < Math.Min(a.Out, (part + 1) * V.Count); o++)
            {
                (int group, int output) = Math.DivRem(o, outputs);
                float* from = partials + (nint)group * inputs * kernel * outputs + output, row = to + (nint)o * inputs * kernel;
                for (int k = 0; k < inputs * kernel; k++, from += outputs)
                {
                    float sum = accumulate ? row[k] : 0;
                    for (int s = 0; s < shares; s++) sum += from[(nint)s * size];
                    row[k] = sum;
                }
            }
        });
        _buffers.Return(partial);
    }

    private const int ColumnsPerSum = 128;

    /// <summary>Some columns of dy [image, channel, position], transposed into panels [position, channel].</summary>
    private static void PackSlopes(float* dy, int allChannels, int channel, int channels, int positions, int column, int count, float* panels)
    {
        for (int done = 0; done < count;)
        {
            (int image, int position) = Math.DivRem(column + done, positions);
            int run = Math.Min(count - done, positions - position);
            float* from = dy + ((nint)image * allChannels + channel) * positions + position;
            for (int o = 0; o < channels; o += Panels<V>.Width)
                Panels<V>.PackTransposed(from, positions, run, o, channels, panels + (nint)o * count + (nint)done * Panels<V>.WidthAt(o, channels));
            done += run;
        }
    }
}
