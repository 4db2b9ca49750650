using Fovea.Tensors.Backends.Cpu.Images;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // pixels of a part: 1 MiB at most. In deep convolutions, a part is DeepBlock tiles of rows over DeepSpan tiles of
    // pixels.
    private const int TilesPerSpan = 256, TilesPerSum = 64, TransformedElements = 1 << 18, DeepSpan = 128,
        DeepBlock = 2;

    /// <summary>Between planes that are written side by side: a line of the cache, or those of powers of two would all
    /// fall into the same few places of it.</summary>
    private const int Stagger = 16;

    /// <summary>Elements of the transformed weights of a convolution.</summary>
    private static long TransformedWeights<TTile>(in Conv2dArguments a)
        where TTile : struct, IWinogradTile<V> => TTile.Products * ((long)a.In * a.Out + Stagger);

    /// <summary>Some rows of weights in the domain of <see cref="IWinogradTile{V}"/>, <c>[rows, channels]</c> of each
    /// product.</summary>
    /// <param name="weights">Kernels <c>[all rows, channels, 3, 3]</c>.</param>
    /// <param name="turned">They lie <c>[channels, all rows, 3, 3]</c>, and are turned by half a circle.</param>
    /// <param name="first">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="all">Channels of the result.</param>
    /// <param name="channels">Channels of the source.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="step">Elements from one product to the next.</param>
    private static void TransformWeights<TTile>(float* weights, bool turned, int first, int rows, int all, int channels,
        float* to, nint step)
        where TTile : struct, IWinogradTile<V>
    {
        if (!turned)
        {
            for (int row = 0; row < rows; row++)
                TTile.Weights(weights + (nint)(first + row) * channels * 9, 9, turned: false, channels,
                    to + (nint)row * channels, step);
            return;
        }

        // Kernels of neighbouring rows lie side by side.
        for (int c = 0; c < channels; c += V.Count)
            for (int row = 0; row < rows; row++)
                TTile.Weights(weights + ((nint)c * all + first + row) * 9, (nint)all * 9, turned: true,
                    Math.Min(V.Count, channels - c), to + (nint)row * channels + c, step);
    }

    /// <summary>All of <see cref="TransformWeights"/>.</summary>
    private void TransformAllWeights<TTile>(float* weights, bool turned, int rows, int channels, float* to)
        where TTile : struct, IWinogradTile<V>
    {
        const int AtOnce = 8;
        _pool.Run(Parts(rows, AtOnce), part =>
        {
            int first = part * AtOnce;
            TransformWeights<TTile>(weights, turned, first, Math.Min(AtOnce, rows - first), rows, channels,
                to + (nint)first * channels, (nint)rows * channels + Stagger);
        });
    }

    /// <summary>The convolution by tiles.</summary>
    private void ConvolveTransformed<TTile>(Conv2dArguments a, float* x, Storage w, float* result, float* residual,
        SumSink sink)
        where TTile : struct, IWinogradTile<V>
    {
        float* weights = Floats(w);
        TileConvolution c = new(a.Batch, a.In, a.Height, a.Width, a.Padding, x, a.Out, a.OutHeight, a.OutWidth, result,
            residual, sink);
        if (IsDeep<TTile>(c) && !((CpuStorage)w).IsSettled)
        {
            MultiplyDeep<TTile>(c, weights, turned: false, transformed: null);
            return;
        }

        CpuStorage transformed = PanelsOf(w, a.Out, TTile.Products * a.In, TransformedWeights<TTile>(a),
            to => TransformAllWeights<TTile>(weights, turned: false, a.Out, a.In, to.Pointer));
        if (IsDeep<TTile>(c)) MultiplyDeep<TTile>(c, weights, turned: false, transformed.Pointer);
        else MultiplyTransformed<TTile>(c, transformed.Pointer);
        Release(transformed, w);
    }

    /// <summary>The gradient of the pixels by tiles: a convolution of the slopes with turned kernels.</summary>
    private void ConvolveTurned<TTile>(Conv2dArguments a, float* slopes, float* weights, float* result, SumSink sink)
        where TTile : struct, IWinogradTile<V>
    {
        TileConvolution c = new(a.Batch, a.Out, a.OutHeight, a.OutWidth, 2 - a.Padding, slopes, a.In, a.Height, a.Width,
            result, null, sink);
        if (IsDeep<TTile>(c))
        {
            MultiplyDeep<TTile>(c, weights, turned: true, transformed: null);
            return;
        }

        CpuStorage transformed = Borrow(TransformedWeights<TTile>(a));
        TransformAllWeights<TTile>(weights, turned: true, a.In, a.Out, transformed.Pointer);
        MultiplyTransformed<TTile>(c, transformed.Pointer);
        _buffers.Return(transformed);
    }

    /// <summary>A convolution with kernels of 3 x 3 and stride 1 in the domain of <see
    /// cref="IWinogradTile{V}"/>.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="channels">Channels of the source.</param>
    /// <param name="height">Rows of its planes.</param>
    /// <param name="width">Columns of them.</param>
    /// <param name="padding">Zeros around them.</param>
    /// <param name="source">Pixels.</param>
    /// <param name="rows">Channels of the result.</param>
    /// <param name="outHeight">Rows of its planes.</param>
    /// <param name="outWidth">Columns of them.</param>
    /// <param name="result">Memory that <paramref name="sink"/> writes to, to be asked for before.</param>
    /// <param name="beside">Memory of the same sizes that it reads, or null.</param>
    /// <param name="sink">Gets the sums.</param>
    private readonly struct TileConvolution(
        int batch, int channels, int height, int width, int padding, float* source, int rows, int outHeight,
        int outWidth, float* result, float* beside, SumSink sink)
    {
        internal int Channels => channels;

        internal int Rows => rows;

        /// <summary>Tiles of the batch.</summary>
        internal int Tiles<TTile>()
            where TTile : struct, IWinogradTile<V> =>
            batch * Parts(outHeight, TTile.Side) * Parts(outWidth, TTile.Side);

        /// <summary>Lists tiles; see <see cref="TileRun.List"/>.</summary>
        internal ReadOnlySpan<TileRun> Runs<TTile>(int first, int count, Span<TileRun> runs)
            where TTile : struct, IWinogradTile<V> =>
            TileRun.List(first, count, Parts(outHeight, TTile.Side), Parts(outWidth, TTile.Side), runs);

        /// <summary>Pixels of a channel's tiles of one panel.</summary>
        /// <param name="channel">Channel.</param>
        /// <param name="runs">Tiles.</param>
        /// <param name="count">How many.</param>
        /// <param name="panelWidth">Columns of the panel.</param>
        /// <param name="apart">Scratch memory.</param>
        /// <param name="to">The channel's row of the panel of the first product.</param>
        /// <param name="step">Elements from one product to the next.</param>
        internal void Pixels<TTile>(int channel, ReadOnlySpan<TileRun> runs, int count, int panelWidth, float* apart,
            float* to, nint step)
            where TTile : struct, IWinogradTile<V>
        {
            nint plane = (nint)height * width;
            TTile.Pixels(source + channel * plane, channels * plane, height, width, padding, runs, count, panelWidth,
                apart, to, step, Winograd<V>.PlanesAhead * plane);
        }

        /// <summary>Hands results of a row over.</summary>
        /// <param name="row">Row, a channel of the result.</param>
        /// <param name="runs">Tiles.</param>
        /// <param name="count">How many.</param>
        /// <param name="sums">Their first product.</param>
        /// <param name="step">Elements from one product to the next.</param>
        /// <param name="lines">Scratch memory, as many lines as a tile has.</param>
        /// <param name="line">Elements from one line to the next.</param>
        internal void Results<TTile>(int row, ReadOnlySpan<TileRun> runs, int count, float* sums, nint step,
            float* lines, int line)
            where TTile : struct, IWinogradTile<V>
        {
            TTile.Results(sums, step, count, lines, line);
            foreach (TileRun run in runs)
            {
                int y = TTile.Side * run.Row, x = TTile.Side * run.Column,
                    results = Math.Min(TTile.Side * run.Count, outWidth - x),
                    inside = Math.Min(TTile.Side, outHeight - y);
                nint soon = (((nint)run.Image * rows + row + Winograd<V>.PlanesAhead) * outHeight + y) * outWidth + x;
                Winograd<V>.Ask(result + soon, outWidth, inside, results);
                if (beside != null) Winograd<V>.Ask(beside + soon, outWidth, inside, results);
                for (int i = 0; i < inside; i++)
                    sink(run.Image, row, y + i, x, results, lines + i * line + TTile.Side * run.Offset);
            }
        }
    }

    /// <summary>There are so many channels that weights take more memory than tiles do.</summary>
    private static bool IsDeep<TTile>(in TileConvolution c)
        where TTile : struct, IWinogradTile<V> =>
        (long)TTile.Products * c.Channels * Panels<V>.Width > TransformedElements;

    /// <summary>Tiles part by part: all that becomes of some stays in the second-level cache, weights are read for
    /// each.</summary>
    /// <param name="c">Sizes and memory.</param>
    /// <param name="weights">Those of <see cref="TransformAllWeights"/>.</param>
    private void MultiplyTransformed<TTile>(TileConvolution c, float* weights)
        where TTile : struct, IWinogradTile<V>
    {
        int products = TTile.Products, channels = c.Channels, rows = c.Rows, tiles = c.Tiles<TTile>();
        int chunk = Math.Clamp(TransformedElements / (products * channels) / Panels<V>.Width, 1, 4) * Panels<V>.Width;
        int block = Math.Min(Parts(rows, V.TileRows), 4) * V.TileRows;
        nint weightStep = (nint)rows * channels + Stagger;
        _pool.Run(Parts(tiles, chunk), part =>
        {
            int first = part * chunk, count = Math.Min(chunk, tiles - first), line = TTile.Side * (chunk + V.Count);
            nint pixelStep = (nint)channels * chunk + Stagger, sumStep = (nint)block * chunk + Stagger;
            using Scratch scratch = Scratch.Begin();
            float* pixels = scratch.Floats(products * pixelStep), sums = scratch.Floats(products * sumStep);
            float* apart = scratch.Floats(TTile.Scratch(Panels<V>.Width)), lines = scratch.Floats(TTile.Side * line);
            Span<TileRun> list = stackalloc TileRun[chunk];
            for (int panel = 0; panel < count; panel += Panels<V>.Width)
            {
                int panelWidth = Panels<V>.WidthAt(panel, count), some = Math.Min(Panels<V>.Width, count - panel);
                ReadOnlySpan<TileRun> ofPanel = c.Runs<TTile>(first + panel, some, list);
                for (int channel = 0; channel < channels; channel++)
                    c.Pixels<TTile>(channel, ofPanel, some, panelWidth, apart,
                        pixels + (nint)panel * channels + channel * panelWidth, pixelStep);
            }

            ReadOnlySpan<TileRun> runs = c.Runs<TTile>(first, count, list);
            for (int row = 0; row < rows; row += block)
            {
                int tall = Math.Min(block, rows - row);
                for (int p = 0; p < products; p++)
                    Block<V>.Multiply(
                        weights + p * weightStep + (nint)row * channels, channels, 1, tall, pixels + p * pixelStep,
                        count, channels,
                        new BlockTarget((nint)(sums + p * sumStep), chunk, Padded: true));
                for (int r = 0; r < tall; r++)
                    c.Results<TTile>(row + r, runs, count, sums + (nint)r * chunk, sumStep, lines, line);
            }
        });
    }

    /// <summary>Rows part by part, over a span of tiles whose pixels all threads share: weights are transformed where
    /// they are used, once for a span, and never go to memory.</summary>
    /// <param name="c">Sizes and memory.</param>
    /// <param name="kernels">Weights as they are.</param>
    /// <param name="turned">See <see cref="TransformWeights"/>.</param>
    /// <param name="transformed">Those of <see cref="TransformAllWeights"/> where they are kept, or null.</param>
    private void MultiplyDeep<TTile>(TileConvolution c, float* kernels, bool turned, float* transformed)
        where TTile : struct, IWinogradTile<V>
    {
        const int ChannelsAtOnce = 16;
        int products = TTile.Products, channels = c.Channels, rows = c.Rows, tiles = c.Tiles<TTile>();
        int span = Math.Min(DeepSpan, Panels<V>.Count(tiles) * Panels<V>.Width);
        int block = Math.Min(Parts(rows, V.TileRows), DeepBlock) * V.TileRows;
        CpuStorage shared = Borrow(products * ((long)channels * span + Stagger));
        float* pixels = shared.Pointer;
        for (int start = 0; start < tiles; start += span)
        {
            int first = start, count = Math.Min(span, tiles - first), groups = Parts(channels, ChannelsAtOnce);
            nint pixelStep = (nint)channels * span + Stagger;
            _pool.Run(Panels<V>.Count(count) * groups, part =>
            {
                using Scratch scratch = Scratch.Begin();
                float* apart = scratch.Floats(TTile.Scratch(Panels<V>.Width));
                (int panel, int group) = Math.DivRem(part, groups);
                panel *= Panels<V>.Width;
                int panelWidth = Panels<V>.WidthAt(panel, count), some = Math.Min(Panels<V>.Width, count - panel),
                    end = Math.Min(channels, (group + 1) * ChannelsAtOnce);
                ReadOnlySpan<TileRun> runs = c.Runs<TTile>(first + panel, some, stackalloc TileRun[Panels<V>.Width]);
                for (int channel = group * ChannelsAtOnce; channel < end; channel++)
                    c.Pixels<TTile>(channel, runs, some, panelWidth, apart,
                        pixels + (nint)panel * channels + channel * panelWidth, pixelStep);
            });
            _pool.Run(Parts(rows, block), part =>
            {
                int row = part * block, tall = Math.Min(block, rows - row), line = TTile.Side * (span + V.Count);
                nint sumStep = (nint)block * span + Stagger, weightStep = (nint)rows * channels + Stagger;
                using Scratch scratch = Scratch.Begin();
                float* sums = scratch.Floats(products * sumStep), lines = scratch.Floats(TTile.Side * line),
                    weights = transformed + (nint)row * channels;
                if (transformed == null)
                {
                    weightStep = (nint)block * channels + Stagger;
                    weights = scratch.Floats(products * weightStep);
                    TransformWeights<TTile>(kernels, turned, row, tall, rows, channels, weights, weightStep);
                }

                ReadOnlySpan<TileRun> runs = c.Runs<TTile>(first, count, stackalloc TileRun[span]);
                for (int p = 0; p < products; p++)
                    Block<V>.Multiply(
                        weights + p * weightStep, channels, 1, tall, pixels + p * pixelStep, count, channels,
                        new BlockTarget((nint)(sums + p * sumStep), span, Padded: true));
                for (int r = 0; r < tall; r++)
                    c.Results<TTile>(row + r, runs, count, sums + (nint)r * span, sumStep, lines, line);
            });
        }

        _buffers.Return(shared);
    }

    /// <summary>
    /// The gradient of the weights: dw = Gᵀ [Σ over tiles of (Bᵀ d B) (A dy Aᵀ)ᵀ] G, products [in, tiles] · [tiles,
    /// out] over spans of tiles whose transforms all threads share.
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
                Span<TileRun> list = stackalloc TileRun[TilesPerSum];
                float* apart = scratch.Floats(TTile.Scratch(TilesPerSum));
                if (part >= slopeBlocks)
                {
                    int channel = part - slopeBlocks;
                    for (int done = 0; done < count; done += TilesPerSum)
                    {
                        int here = Math.Min(TilesPerSum, count - done);
                        TTile.Pixels(source + channel * planeSize, a.In * planeSize, a.Height, a.Width, a.Padding,
                            TileRun.List(start + done, here, down, across, list), here, here, apart,
                            v + (nint)channel * count + done, (nint)a.In * count + Stagger,
                            Winograd<V>.PlanesAhead * planeSize);
                    }

                    return;
                }

                // A panel of outputs: transformed row by row, then transposed.
                int output = part * Panels<V>.Width, outputs = Math.Min(Panels<V>.Width, a.Out - output),
                    width = Panels<V>.WidthAt(output, a.Out);
                float* rows = scratch.Floats(products * (outputs * TilesPerSum + Stagger));
                for (int done = 0; done < count; done += TilesPerSum)
                {
                    int here = Math.Min(TilesPerSum, count - done);
                    ReadOnlySpan<TileRun> runs = TileRun.List(start + done, here, down, across, list);
                    for (int o = 0; o < outputs; o++)
                        TTile.Slopes(slopes + (output + o) * slopeSize, a.Out * slopeSize, a.OutHeight, a.OutWidth,
                            runs, here, apart, rows + (nint)o * here, (nint)outputs * here + Stagger,
                            Winograd<V>.PlanesAhead * slopeSize);
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
}
