using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y)
    {
        GridConvolutionArguments a = arguments;
        GridLevel results = a.Results;
        float* from = Floats(x.Storage) + x.Offset, weights = Floats(w), biasData = Floats(bias), to = Floats(y);
        int width = a.Heads * a.Width, half = a.Kernel / 2;
        _pool.Run(a.Batch * results.Rows, part =>
        {
            (int batch, int row) = Math.DivRem(part, results.Rows);
            int top = row * a.Stride - half;
            for (int column = 0; column < results.Columns; column++)
            {
                int left = column * a.Stride - half;
                Window window = new(Math.Max(0, -top), Math.Min(a.Kernel, a.Grid.Rows - top), Math.Max(0, -left),
                    Math.Min(a.Kernel, a.Grid.Columns - left));
                // outside the grid where the window is cut off
                nint corner = (nint)batch * a.Tokens + a.Prefix + top * a.Grid.Columns + left;
                SumTaps(window, weights, a.Kernel * a.Width, a.Width, from + corner * x.Stride,
                    (nint)a.Grid.Columns * x.Stride, x.Stride,
                    a, biasData, to + ((nint)part * results.Columns + column) * width, false);
            }
        });
    }

    public override void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx)
    {
        GridConvolutionArguments a = arguments;
        HeadGradient gradient = dx;
        GridLevel results = a.Results;
        float* from = Floats(dy), weights = Floats(w), to = Floats(dx.View.Storage) + dx.View.Offset;
        int width = a.Heads * a.Width, half = a.Kernel / 2, stride = dx.View.Stride;
        _pool.Run(a.Batch * (a.Grid.Rows + 1), part =>
        {
            (int batch, int row) = Math.DivRem(part, a.Grid.Rows + 1);
            float* tokens = to + (nint)batch * a.Tokens * stride;
            if (row == a.Grid.Rows)   // one part more per sequence: its prefix
            {
                for (nint token = 0; token < a.Prefix && !gradient.Accumulate; token++)
                    new Span<float>(tokens + token * stride, width).Clear();
                return;
            }

            // Result r took position i with the kernel's element i + half − r · stride: from the last result backwards,
            // every stride-th element.
            (int firstRow, int lastResult, int rows) = Steps(row + half, a.Kernel, a.Stride, results.Rows);
            for (int column = 0; column < a.Grid.Columns; column++)
            {
                (int firstColumn, int lastColumn, int columns) = Steps(column + half, a.Kernel, a.Stride,
                    results.Columns);
                float* element = weights + (nint)(firstRow * a.Kernel + firstColumn) * a.Width;
                float* result = from + (((nint)batch * results.Rows + lastResult) * results.Columns
                    + lastColumn) * width;
                SumTaps(new(0, rows, 0, columns), element, a.Stride * a.Kernel * a.Width, a.Stride * a.Width, result,
                    -(nint)results.Columns * width, -width,
                    a, null, tokens + (a.Prefix + (nint)row * a.Grid.Columns + column) * stride, gradient.Accumulate);
            }
        });
    }

    /// <summary>One element of the kernel is the smallest part.</summary>
    public override void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw)
    {
        GridConvolutionArguments a = arguments;
        GridLevel results = a.Results;
        float* from = Floats(dy), tokens = Floats(x.Storage) + x.Offset, to = Floats(dw);
        int width = a.Heads * a.Width, half = a.Kernel / 2;
        _pool.Run(a.Kernel * a.Kernel, tap =>
        {
            float* sum = to + (nint)tap * a.Width;
            if (!dw.Accumulate) new Span<float>(sum, a.Width).Clear();
            int down = tap / a.Kernel - half, right = tap % a.Kernel - half;
            for (int i = 0; i < a.Batch * results.Count; i++)
            {
                (int batch, int result) = Math.DivRem(i, results.Count);
                int row = result / results.Columns * a.Stride + down,
                    column = result % results.Columns * a.Stride + right;
                if ((uint)row >= (uint)a.Grid.Rows || (uint)column >= (uint)a.Grid.Columns) continue;   // padding
                float* token = tokens + ((nint)batch * a.Tokens + a.Prefix + row * a.Grid.Columns + column) * x.Stride;
                for (int head = 0; head < a.Heads; head++)
                    AddProducts(from + (nint)i * width + head * a.Width, token + head * a.Width, sum, a.Width);
            }
        });
    }

    /// <summary>The kernel's elements that lie inside the grid, ends excluded.</summary>
    private readonly record struct Window(int FirstRow, int EndRow, int FirstColumn, int EndColumn);

    /// <summary>Smallest kernel element that meets a position (padding included), the result to which it belongs, and
    /// how many do.</summary>
    private static (int Element, int Result, int Count) Steps(int position, int kernel, int stride, int results)
    {
        int result = Math.Min(position / stride, results - 1), element = position - result * stride;
        return (element, result, element >= kernel ? 0 : Math.Min(result, (kernel - 1 - element) / stride) + 1);
    }

    /// <summary>y (+)= bias + Σ over the window of weight · x, for all heads of one position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumTaps(
        Window window, float* weights, nint weightRow, nint weightColumn, float* x, nint xRow, nint xColumn,
        in GridConvolutionArguments a, float* bias, float* y, bool accumulate)
    {
        for (int head = 0; head < a.Heads; head++)
            for (int e = 0; e < a.Width; e += V.Count)
            {
                int lanes = Math.Min(V.Count, a.Width - e);
                nint offset = (nint)head * a.Width + e;
                V sum = bias == null ? V.Zero : V.LoadPartial(bias + e, lanes);
                if (accumulate) sum += V.LoadPartial(y + offset, lanes);
                for (int row = window.FirstRow; row < window.EndRow; row++)
                    for (int column = window.FirstColumn; column < window.EndColumn; column++)
                    {
                        float* w = weights + row * weightRow + column * weightColumn + e,
                            from = x + row * xRow + column * xColumn + offset;
                        sum = lanes == V.Count ? V.Fma(V.Load(w), V.Load(from), sum)
                            : V.Fma(V.LoadPartial(w, lanes), V.LoadPartial(from, lanes), sum);
                    }

                V.StorePartial(y + offset, sum, lanes);
            }
    }

    /// <summary>y += a · b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddProducts(float* a, float* b, float* y, int count)
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) V.Store(y + i, V.Fma(V.Load(a + i), V.Load(b + i), V.Load(y + i)));
        int left = count - i;
        if (left > 0)
            V.StorePartial(y + i, V.Fma(V.LoadPartial(a + i, left), V.LoadPartial(b + i, left),
                V.LoadPartial(y + i, left)), left);
    }
}
