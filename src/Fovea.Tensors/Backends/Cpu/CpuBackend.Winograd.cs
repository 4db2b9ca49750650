using Fovea.Tensors.Backends.Cpu.Images;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // pixels of a part: 1 MiB at most
    private const int TilesPerSpan = 256, TilesPerSum = 64, TransformedElements = 1 << 18;

    /// <summary>Between planes that are written side by side: a line of the cache, or those of powers of two would all
    /// fall into the same few places of it.</summary>
    private const int Stagger = 16;

    /// <summary>Elements of the transformed weights of a convolution.</summary>
    private static long TransformedWeights<TTile>(in Conv2dArguments a)
        where TTile : struct, IWinogradTile<V> => TTile.Products * ((long)a.In * a.Out + Stagger);

    /// <summary>Weights in the domain of <see cref="IWinogradTile{V}"/>, <c>[rows, channels]</c> of each
    /// product.</summary>
    /// <param name="weights">Kernels <c>[rows, channels, 3, 3]</c>.</param>
    /// <param name="turned">They lie <c>[channels, rows, 3, 3]</c>, and are turned by half a circle.</param>
    /// <param name="rows">Channels of the result.</param>
    /// <param name="channels">Channels of the source.</param>
    /// <param name="to">Where they go.</param>
    private void TransformWeights<TTile>(float* weights, bool turned, int rows, int channels, float* to)
        where TTile : struct, IWinogradTile<V>
    {
        const int AtOnce = 8;   // rows whose kernels lie side by side where they are turned
        nint step = (nint)rows * channels + Stagger;
        if (turned)
            _pool.Run(Parts(rows, AtOnce), part =>
            {
                for (int c = 0; c < channels; c += V.Count)
                    for (int row = part * AtOnce; row < Math.Min(rows, (part + 1) * AtOnce); row++)
                        TTile.Weights(weights + ((nint)c * rows + row) * 9, (nint)rows * 9, turned: true,
                            Math.Min(V.Count, channels - c), to + (nint)row * channels + c, step);
            });
        else
            _pool.Run(rows, row => TTile.Weights(weights + (nint)row * channels * 9, 9, turned: false, channels,
                to + (nint)row * channels, step));
    }

    /// <summary>The convolution by tiles; see <see cref="MultiplyTransformed{TTile}"/>.</summary>
    private void ConvolveTransformed<TTile>(Conv2dArguments a, float* x, Storage w, float* result, float* residual,
        SumSink sink)
        where TTile : struct, IWinogradTile<V>
    {
        float* weights = Floats(w);
        CpuStorage transformed = PanelsOf(w, a.Out, TTile.Products * a.In, TransformedWeights<TTile>(a),
            to => TransformWeights<TTile>(weights, turned: false, a.Out, a.In, to.Pointer));
        MultiplyTransformed<TTile>(a.Batch, a.In, a.Height, a.Width, a.Padding, x, transformed.Pointer, a.Out,
            a.OutHeight, a.OutWidth, result, residual, sink);
        Release(transformed, w);
    }

    /// <summary>The gradient of the pixels by tiles: a convolution of the slopes with turned kernels.</summary>
    private void ConvolveTurned<TTile>(Conv2dArguments a, float* slopes, float* weights, float* result, SumSink sink)
        where TTile : struct, IWinogradTile<V>
    {
        CpuStorage transformed = Borrow(TransformedWeights<TTile>(a));
        TransformWeights<TTile>(weights, turned: true, a.In, a.Out, transformed.Pointer);
        MultiplyTransformed<TTile>(a.Batch, a.Out, a.OutHeight, a.OutWidth, 2 - a.Padding, slopes, transformed.Pointer,
            a.In, a.Height, a.Width, result, null, sink);
        _buffers.Return(transformed);
    }

    /// <summary>A convolution with kernels of 3 x 3 and stride 1 in the domain of <see cref="IWinogradTile{V}"/>.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="channels">Channels of the source.</param>
    /// <param name="height">Rows of its planes.</param>
    /// <param name="width">Columns of them.</param>
    /// <param name="padding">Zeros around them.</param>
    /// <param name="source">Pixels.</param>
    /// <param name="weights">Those of <see cref="TransformWeights"/>.</param>
    /// <param name="rows">Channels of the result.</param>
    /// <param name="outHeight">Rows of its planes.</param>
    /// <param name="outWidth">Columns of them.</param>
    /// <param name="result">Memory that <paramref name="sink"/> writes to, to be asked for before.</param>
    /// <param name="beside">Memory of the same sizes that it reads, or null.</param>
    /// <param name="sink">Gets the sums.</param>
    private void MultiplyTransformed<TTile>(
        int batch, int channels, int height, int width, int padding, float* source, float* weights, int rows,
        int outHeight, int outWidth, float* result, float* beside, SumSink sink)
        where TTile : struct, IWinogradTile<V>
    {
        int side = TTile.Side, products = TTile.Products;
        int down = Parts(outHeight, side), across = Parts(outWidth, side), tiles = batch * down * across;
        int chunk = Math.Clamp(TransformedElements / (products * channels) / Panels<V>.Width, 1, 4) * Panels<V>.Width,
            chunks = Parts(tiles, chunk);
        int block = Math.Min(Parts(rows, V.TileRows), 4) * V.TileRows;
        nint weightStep = (nint)rows * channels + Stagger, planeSize = (nint)height * width;
        _pool.Run(chunks, part =>
        {
            int first = part * chunk, count = Math.Min(chunk, tiles - first), line = side * (chunk + V.Count);
            nint pixelStep = (nint)channels * chunk + Stagger, sumStep = (nint)block * chunk + Stagger;
            using Scratch scratch = Scratch.Begin();
            float* pixels = scratch.Floats(products * pixelStep), sums = scratch.Floats(products * sumStep);
            float* apart = scratch.Floats(TTile.Scratch(Panels<V>.Width)), lines = scratch.Floats(side * line);
            for (int panel = 0; panel < count; panel += Panels<V>.Width)
            {
                int panelWidth = Panels<V>.WidthAt(panel, count), end = Math.Min(panel + Panels<V>.Width, count);
                float* to = pixels + (nint)panel * channels;
                for (int c = 0; c < channels; c++, to += panelWidth)
                {
                    foreach (TileRun run in Runs(first + panel, end - panel))
                        TTile.Spread(source + ((nint)run.Image * channels + c) * planeSize, height, width,
                            side * run.Row - padding, side * run.Column - padding, run.Count, apart, run.Offset,
                            Panels<V>.Width, Winograd<V>.PlanesAhead * planeSize);
                    TTile.Pixels(apart, Panels<V>.Width, panelWidth, to, pixelStep);
                }
            }

            for (int row = 0; row < rows; row += block)
            {
                int tall = Math.Min(block, rows - row);
                for (int p = 0; p < products; p++)
                    Block<V>.Multiply(
                        weights + p * weightStep + (nint)row * channels, channels, 1, tall, pixels + p * pixelStep,
                        count, channels,
                        new BlockTarget((nint)(sums + p * sumStep), chunk, Padded: true));
                for (int r = 0; r < tall; r++)
                    foreach (TileRun run in Runs(first, count))
                    {
                        int y = side * run.Row, x = side * run.Column, results = Math.Min(side * run.Count, outWidth - x),
                            inside = Math.Min(side, outHeight - y);
                        nint soon = (((nint)run.Image * rows + row + r + Winograd<V>.PlanesAhead) * outHeight + y)
                            * outWidth + x;
                        Winograd<V>.Ask(result + soon, outWidth, inside, results);
                        if (beside != null) Winograd<V>.Ask(beside + soon, outWidth, inside, results);
                        TTile.Results(sums + (nint)r * chunk + run.Offset, sumStep, run.Count, lines, line);
                        for (int i = 0; i < inside; i++)
                            sink(run.Image, row + r, y + i, x, results, lines + i * line);
                    }
            }
        });

        TileRuns Runs(int start, int count) => new(start, count, down, across);
    }

    /// <summary>
    /// The gradient of the weights: dw = Gᵀ [Σ over tiles of (Bᵀ d B) (A dy Aᵀ)ᵀ] G, products [in, tiles] · [tiles, out]
    /// over spans of tiles whose transforms all threads share.
    /// </summary>
    private void SumTransformed<TTile>(Conv2dArguments a, float* source, float* slopes, float* dw, bool accumulate)
        where TTile : struct, IWinogradTile<V>
    {
        int side = TTile.Side, products = TTile.Products;
        int down = Parts(a.OutHeight, side), across = Parts(a.OutWidth, side), tiles = a.Batch * down * across;
        int span = Math.Min(tiles, TilesPerSpan), padded = Panels<V>.Padded(a.Out);
        nint weightCount = (nint)a.In * a.Out;
        CpuStorage pixels = Borrow(products * ((long)a.In * span + Stagger)),
            panels = Borrow((long)products * span * padded), sums = Borrow(products * weightCount);
        float* v = pixels.Pointer, z = panels.Pointer, m = sums.Pointer;
        nint planeSize = (nint)a.Height * a.Width, slopeSize = (nint)a.OutHeight * a.OutWidth;
        int block = Parts(Math.Min(a.In, 64), V.TileRows) * V.TileRows, blocks = Parts(a.In, block),
            slopeBlocks = Panels<V>.Count(a.Out);
        for (int first = 0; first < tiles; first += span)
        {
            int start = first, count = Math.Min(span, tiles - first);
            _pool.Run(a.In + slopeBlocks, part =>
            {
                using Scratch scratch = Scratch.Begin();
                if (part >= slopeBlocks)
                {
                    int channel = part - slopeBlocks;
                    float* apart = scratch.Floats(TTile.Scratch(TilesPerSum));
                    for (int done = 0; done < count; done += TilesPerSum)
                    {
                        int here = Math.Min(TilesPerSum, count - done);
                        foreach (TileRun run in new TileRuns(start + done, here, down, across))
                            TTile.Spread(
                                source + ((nint)run.Image * a.In + channel) * planeSize, a.Height, a.Width,
                                side * run.Row - a.Padding, side * run.Column - a.Padding, run.Count, apart, run.Offset,
                                TilesPerSum, ahead: 0);
                        TTile.Pixels(apart, TilesPerSum, here, v + (nint)channel * count + done,
                            (nint)a.In * count + Stagger);
                    }

                    return;
                }

                // A panel of outputs: transformed row by row, then transposed.
                int output = part * Panels<V>.Width, outputs = Math.Min(Panels<V>.Width, a.Out - output),
                    width = Panels<V>.WidthAt(output, a.Out);
                float* rows = scratch.Floats(products * (outputs * TilesPerSum + Stagger)),
                    lines = scratch.Floats(TTile.SlopeScratch(TilesPerSum));
                for (int done = 0; done < count; done += TilesPerSum)
                {
                    int here = Math.Min(TilesPerSum, count - done);
                    foreach (TileRun run in new TileRuns(start + done, here, down, across))
                        for (int o = 0; o < outputs; o++)
                        {
                            int y = side * run.Row, x = side * run.Column;
                            TTile.Slopes(
                                slopes + ((nint)run.Image * a.Out + output + o) * slopeSize + (nint)y * a.OutWidth + x,
                                a.OutWidth, Math.Min(side, a.OutHeight - y),
                                Math.Min(side * run.Count, a.OutWidth - x),
                                rows + (nint)o * here + run.Offset, (nint)outputs * here + Stagger, lines,
                                Winograd<V>.PlanesAhead * slopeSize);
                        }

                    for (int p = 0; p < products; p++)
                        Panels<V>.PackTransposed(
                            rows + p * ((nint)outputs * here + Stagger), here, here, 0, outputs,
                            z + (nint)p * count * padded + (nint)output * count + (nint)done * width);
                }
            });
            _pool.Run(products * blocks, part =>
            {
                (int p, int rowBlock) = Math.DivRem(part, blocks);
                int row = rowBlock * block;
                nint to = (nint)(m + p * weightCount + (nint)row * a.Out);
                Block<V>.Multiply(
                    v + p * ((nint)a.In * count + Stagger) + (nint)row * count, count, 1, Math.Min(block, a.In - row),
                    z + (nint)p * count * padded, a.Out, count,
                    new BlockTarget(to, a.Out, start == 0 ? 0 : to, a.Out));
            });
        }

        CpuStorage kernels = Borrow(9 * weightCount);   // [in, 9, out]
        float* k = kernels.Pointer;
        _pool.Run(a.In, channel => TTile.Kernels(m + (nint)channel * a.Out, weightCount, a.Out,
            k + (nint)channel * 9 * a.Out, a.Out));
        TransposeInto(k, 1, 9 * a.In, a.Out, dw, accumulate);
        foreach (CpuStorage storage in (ReadOnlySpan<CpuStorage>)[pixels, panels, sums, kernels])
            _buffers.Return(storage);
    }

    /// <summary>Neighbouring tiles in one row of one image; <paramref name="Offset"/> counts from the first of all
    /// runs.</summary>
    private readonly record struct TileRun(int Image, int Row, int Column, int Count, int Offset);

    /// <summary>Consecutive tiles, cut where a row ends.</summary>
    private struct TileRuns(int first, int count, int down, int across)
    {
        private int _done;

        public TileRun Current { get; private set; }

        public readonly TileRuns GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_done >= count) return false;
            (int line, int column) = Math.DivRem(first + _done, across);
            (int image, int row) = Math.DivRem(line, down);
            Current = new(image, row, column, Math.Min(across - column, count - _done), _done);
            _done += Current.Count;
            return true;
        }
    }
}
