using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    private const int RowsPerSum = 256;   // most rows of x that one pass of a weight gradient packs
    private const int SmallSum = 1 << 16;   // results of so many elements stay in the second-level cache
    private const int FewestSteps = 32;   // of a panel, that are packed by themselves

    public override void Linear(in LinearArguments arguments, Storage y)
    {
        if (_precision == Precision.Bf16)
        {
            if (_assemblesPairs) LinearOfPairs<AssembledPairs>(arguments, y);
            else LinearOfPairs<ManagedTiles<V, Pairs>>(arguments, y);
            return;
        }

        if (_precision == Precision.Int8)
        {
            if (_assemblesBytes) LinearOfBytes<AssembledQuads>(arguments, y);
            else LinearOfBytes<ManagedTiles<V, Quads>>(arguments, y);
            return;
        }

        LinearArguments l = arguments;
        float* weight = Floats(l.Weight), x = Floats(l.X);
        CpuStorage packed = PanelsOf(l.Weight, l.Out, l.In, (long)l.In * Panels<V>.Padded(l.Out), to =>
            ForPanels(l.Out, l.In, (column, width, step, steps) => Panels<V>.PackTransposed(
                weight + step, l.In, steps, column, l.Out, to.Pointer + (nint)column * l.In + (nint)step * width)));
        float* panels = packed.Pointer;

        BlockTarget target = new((nint)Floats(y), l.Out, (nint)Floats(l.Residual), l.Out, (nint)Floats(l.Bias));
        if (l.Input == LinearInput.Identity)
        {
            Multiply(x, l.In, 1, l.Rows, panels, l.Out, l.In, target);
        }
        else
        {
            int block = RowsPerBlock(l.Rows, l.In, WantedParts);
            if (Parts(l.Rows, block) >= WantedParts)
            {
                // Many rows: f(x) of a block lives in the cache only.
                _pool.Run(Parts(l.Rows, block), part =>
                {
                    int row = part * block, rows = Math.Min(block, l.Rows - row);
                    using Scratch scratch = Scratch.Begin();
                    float* transformed = scratch.Floats(block * l.In);
                    TransformRows(l, row, rows, transformed);
                    Block<V>.Multiply(transformed, l.In, 1, rows, panels, l.Out, l.In, target.From(row, 0));
                });
            }
            else
            {
                CpuStorage transformed = Borrow((long)l.Rows * l.In);
                float* all = transformed.Pointer;
                ForRows(l.Rows, l.In, (row, rows) => TransformRows(l, row, rows, all + (nint)row * l.In));
                Multiply(all, l.In, 1, l.Rows, panels, l.Out, l.In, target);
                _buffers.Return(transformed);
            }
        }

        Release(packed, l.Weight);
    }

    /// <summary>Calls <paramref name="body"/>(column, width of its panel, first step, steps) for all panels, for many
    /// threads in pieces of their steps.</summary>
    private void ForPanels(int columns, int inner, Action<int, int, int, int> body)
    {
        int panels = Panels<V>.Count(columns),
            steps = Threads <= FewThreads ? inner
                : Parts(Math.Max(FewestSteps, Parts(inner, Parts(Threads, Math.Max(1, panels)))),
                    Alignment) * Alignment,
            pieces = Math.Max(1, Parts(inner, Math.Max(1, steps)));
        _pool.Run(panels * pieces, part =>
        {
            int column = part / pieces * Panels<V>.Width, step = part % pieces * steps;
            body(column, Panels<V>.WidthAt(column, columns), step, Math.Min(steps, inner - step));
        });
    }

    /// <summary>f(x) of some rows; a layer norm also notes its statistics.</summary>
    private static void TransformRows(in LinearArguments l, int row, int rows, float* destination)
    {
        float* x = Floats(l.X) + (nint)row * l.In;
        if (l.Input == LinearInput.LayerNorm)
            RowKernels<V>.Norm(x, Floats(l.Gamma), Floats(l.Beta), destination, MeanFrom(l, row),
                Floats(l.Rstd) + row, rows, l.In, l.Epsilon);
        else
            ElementKernels<V>.Unary(l.Activation, x, destination, rows * l.In);
    }

    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients)
    {
        if (_precision == Precision.Int8) throw NoGradients();
        if (_precision == Precision.Bf16)
        {
            if (_assemblesPairs) LinearBackwardInputOfPairs<AssembledPairs>(arguments, dy, gradients);
            else LinearBackwardInputOfPairs<ManagedTiles<V, Pairs>>(arguments, dy, gradients);
            return;
        }

        LinearArguments l = arguments;
        LinearInputGradients g = gradients;
        float* weight = Floats(l.Weight), dyData = Floats(dy), dx = Floats(g.Dx);
        CpuStorage packed = Borrow((long)l.Out * Panels<V>.Padded(l.In));
        float* panels = packed.Pointer;
        ForPanels(l.In, l.Out, (column, width, step, steps) => Panels<V>.Pack(
            weight + (nint)step * l.In, l.In, steps, column, l.In,
            panels + (nint)column * l.Out + (nint)step * width));

        if (l.Input == LinearInput.Identity)
        {
            Multiply(dyData, l.Out, 1, l.Rows, panels, l.In, l.Out,
                new((nint)dx, l.In, g.Dx is { Accumulate: true } ? (nint)dx : 0, l.In));
        }
        else
        {
            // The sums of a norm are those of a block, whoever computes it.
            int block = RowsPerBlock(l.Rows, l.Out, l.Input == LinearInput.LayerNorm ? MinimumParts : WantedParts),
                blocks = Parts(l.Rows, block);
            NormSums sums = new(this, g, blocks, l.In);
            if (KeepBusy(blocks))
            {
                _pool.Run(blocks, part =>
                {
                    int row = part * block, rows = Math.Min(block, l.Rows - row);
                    using Scratch scratch = Scratch.Begin();
                    float* df = scratch.Floats(block * l.In);
                    Block<V>.Multiply(dyData + (nint)row * l.Out, l.Out, 1, rows, panels, l.In, l.Out,
                        new((nint)df, l.In));
                    BackwardRows(l, g, df, row, rows, sums.Part(part));
                });
            }
            else
            {
                CpuStorage product = Borrow((long)l.Rows * l.In);
                float* df = product.Pointer;
                Multiply(dyData, l.Out, 1, l.Rows, panels, l.In, l.Out, new((nint)df, l.In));
                _pool.Run(blocks, part => BackwardRows(
                    l, g, df + (nint)part * block * l.In, part * block, Math.Min(block, l.Rows - part * block),
                    sums.Part(part)));
                _buffers.Return(product);
            }

            sums.Finish();
        }

        _buffers.Return(packed);
    }

    /// <summary>From the gradient of f(x) to that of x, some rows.</summary>
    private static void BackwardRows(in LinearArguments l, in LinearInputGradients g, float* df, int row, int rows,
        float* sums)
    {
        float* x = Floats(l.X) + (nint)row * l.In, dx = g.Dx is null ? null : Floats(g.Dx) + (nint)row * l.In;
        if (l.Input == LinearInput.LayerNorm)
            RowKernels<V>.LayerNormBackward(
                x, Floats(l.Gamma), MeanFrom(l, row), Floats(l.Rstd) + row, df, dx, g.Dx is { Accumulate: true },
                sums, sums == null ? null : sums + l.In, rows, l.In);
        else if (dx != null)
            ElementKernels<V>.UnaryBackward(l.Activation, x, df, dx, rows * l.In, g.Dx is { Accumulate: true });
    }

    public override void LinearBackwardWeight(
        in LinearArguments arguments, Storage dy, Target dw, Target? dbias)
    {
        if (_precision == Precision.Int8) throw NoGradients();
        if (_precision == Precision.Bf16)
        {
            if (_assemblesPairs) LinearBackwardWeightOfPairs<AssembledPairs>(arguments, dy, dw, dbias);
            else LinearBackwardWeightOfPairs<ManagedTiles<V, Pairs>>(arguments, dy, dw, dbias);
            return;
        }

        LinearArguments l = arguments;
        float* dyData = Floats(dy), dwData = Floats(dw);
        if (l.Rows >= 8 * RowsPerSum && (long)l.In * l.Out <= 1 << 20)
        {
            SumOverRows<ManagedTiles<V, Singles>>(l, dyData, dwData, dw.Accumulate, Floats(dbias),
                dbias is { Accumulate: true });
            return;
        }

        if (dbias is { } target) ColumnSums(dy, target, l.Rows, l.Out);
        CpuStorage packed = Borrow((long)l.Rows * Panels<V>.Padded(l.In));
        float* panels = packed.Pointer;
        _pool.Run(Panels<V>.Count(l.In), p => PackTransformed(l, 0, l.Rows, p * Panels<V>.Width, panels));
        Multiply(dyData, 1, l.Out, l.Out, panels, l.In, l.Rows,
            new((nint)dwData, l.In, dw.Accumulate ? (nint)dwData : 0, l.In));
        _buffers.Return(packed);
    }

    /// <summary>
    /// Many rows, small result: fixed shares of the rows each sum into a result of their own, added up in order at the
    /// end. The bias comes along while its rows of dy are in the cache.
    /// </summary>
    private void SumOverRows<TTiles>(in LinearArguments arguments, float* dy, float* dw, bool accumulate, float* dbias,
        bool accumulateBias)
        where TTiles : struct, ITiles
    {
        LinearArguments l = arguments;
        // Equal shares, a power of two of them, and equal passes within each: no thread waits for another's last one.
        int size = l.In * l.Out, share = Parts(Parts(l.Rows, MinimumParts), 8) * 8, shares = Parts(l.Rows, share);
        // Beside a small result two passes find room in the cache: this one's rows and the next one's.
        int pass = Parts(share, Parts(share, size <= SmallSum ? RowsPerSum / 2 : RowsPerSum));
        // For many threads a share is cut by columns of x: each takes some panels, through all passes.
        int panelCount = Panels<V>.Count(l.In),
            perCut = Threads <= FewThreads ? panelCount : Parts(panelCount, Parts(WantedParts, shares)),
            cuts = Parts(panelCount, Math.Max(1, perCut));
        int rowsPerCut = Parts(Parts(l.Out, Evening(shares * cuts)), V.TileRows) * V.TileRows,
            rowCuts = Parts(l.Out, rowsPerCut);
        CpuStorage partial = Borrow((long)shares * size), partialBias = Borrow((long)shares * l.Out);
        float* partials = partial.Pointer, biases = partialBias.Pointer;
        _pool.Run(shares * cuts * rowCuts, part =>
        {
            (int s, int cut) = Math.DivRem(part, cuts * rowCuts);
            (cut, int rowCut) = Math.DivRem(cut, rowCuts);
            int first = cut * perCut * Panels<V>.Width, width = Math.Min(perCut * Panels<V>.Width, l.In - first);
            int firstRow = rowCut * rowsPerCut, height = Math.Min(rowsPerCut, l.Out - firstRow);
            // All pieces of a share take some columns of its bias each.
            int biasColumns = Parts(Parts(l.Out, cuts * rowCuts), Alignment) * Alignment,
                firstBias = part % (cuts * rowCuts) * biasColumns,
                biasCount = dbias == null ? 0 : Math.Clamp(l.Out - firstBias, 0, biasColumns);
            using Scratch scratch = Scratch.Begin();
            float* sum = partials + (nint)s * size, bias = biases + (nint)s * l.Out,
                panels = scratch.Floats(RowsPerSum * Panels<V>.Padded(width));
            float* pairs = TTiles.Element == Element.Pair ? scratch.Floats(RowsPerSum / 2 * l.Out) : null;
            int end = Math.Min(l.Rows, (s + 1) * share);
            if (biasCount > 0) new Span<float>(bias + firstBias, biasCount).Clear();
            for (int row = s * share; row < end; row += pass)
            {
                int rows = Math.Min(pass, end - row);
                float* dyRows = dy + (nint)row * l.Out;
                if (biasCount > 0)
                    RowKernels<V>.AddColumns(dyRows + firstBias, l.Out, bias + firstBias, rows, biasCount);
                float* from = sum + (nint)firstRow * l.In + first;
                BlockTarget target = new((nint)from, l.In, row == s * share ? 0 : (nint)from, l.In);
                int next = Math.Min(pass, end - row - rows);
                Ahead ahead = new(Parts(height, V.TileRows) * Panels<V>.Count(width), dyRows + (nint)rows * l.Out,
                    (long)next * l.Out, Floats(l.X) + (nint)(row + rows) * l.In, (long)next * l.In);
                if (TTiles.Element == Element.Pair)
                {
                    int steps = PairPanels<V>.Steps(rows);
                    for (int column = first; column < first + width; column += Panels<V>.Width)
                        PackTransformedPairs(l, row, rows, column, panels - (nint)first * steps);
                    PairRows(dy, row, rows, l.Out, pairs);
                    Block<V, TTiles>.Multiply(pairs + firstRow, 1, l.Out, height, panels, width, steps, target,
                        ahead: &ahead);
                    continue;
                }

                for (int column = first; column < first + width; column += Panels<V>.Width)
                    PackTransformed(l, row, rows, column, panels - (nint)first * rows);
                Block<V, TTiles>.Multiply(dyRows + firstRow, 1, l.Out, height, panels, width, rows, target,
                    ahead: &ahead);
            }
        });
        AddUp(partials, shares, size, dw, accumulate);
        if (dbias != null) AddUp(biases, shares, l.Out, dbias, accumulateBias);
        _buffers.Return(partial);
        _buffers.Return(partialBias);
    }

    /// <summary>y (+)= Σ of <paramref name="count"/> arrays that begin <paramref name="step"/> elements after one
    /// another (null: they lie one behind the other), in order.</summary>
    private void AddUp(float* partials, int count, int size, float* y, bool accumulate, int? step = null) =>
        ForElements(size, (start, length) =>
    {
        nint next = step ?? size;
        for (int i = start; i < start + length; i += V.Count)
        {
            int lanes = Math.Min(V.Count, start + length - i);
            V sum = accumulate ? V.LoadPartial(y + i, lanes) : V.Zero;
            for (int p = 0; p < count; p++) sum += V.LoadPartial(partials + p * next + i, lanes);
            V.StorePartial(y + i, sum, lanes);
        }
    }, cost: count);

    /// <summary>A panel of f(x) for some rows.</summary>
    private static void PackTransformed(in LinearArguments l, int row, int rows, int column, float* panels) =>
        PackTransformedInto(l, row, rows, column, panels + (nint)column * rows);

    private static void PackTransformedInto(in LinearArguments l, int row, int rows, int column, float* panel)
    {
        int width = Panels<V>.WidthAt(column, l.In);
        Panels<V>.Pack(Floats(l.X) + (nint)row * l.In, l.In, rows, column, l.In, panel);
        if (l.Input == LinearInput.Activation)
            ElementKernels<V>.Unary(l.Activation, panel, panel, rows * width);
        else if (l.Input == LinearInput.LayerNorm)
            RowKernels<V>.NormalizePanel(
                panel, width, Math.Min(width, l.In - column), Floats(l.Gamma) + column,
                l.Beta is null ? null : Floats(l.Beta) + column, MeanFrom(l, row), Floats(l.Rstd) + row, rows);
    }

    /// <summary>Means of a layer norm from a row on; null in RMS norm.</summary>
    private static float* MeanFrom(in LinearArguments l, int row) => l.Mean is null ? null : Floats(l.Mean) + row;

    /// <summary>The partial sums of a layer norm's parameter gradients: one pair of rows per block, added up in
    /// order.</summary>
    private readonly struct NormSums(CpuBackend<V> backend, LinearInputGradients gradients, int blocks, int columns)
    {
        private readonly CpuStorage? _sums = gradients.Dgamma is null && gradients.Dbeta is null ? null
            : backend.Borrow(2L * blocks * columns);

        /// <summary>The sums of a block, cleared; null where nobody wants them.</summary>
        internal float* Part(int block)
        {
            if (_sums is null) return null;
            float* sums = _sums.Pointer + 2 * (nint)block * columns;
            new Span<float>(sums, 2 * columns).Clear();
            return sums;
        }

        internal void Finish()
        {
            if (_sums is null) return;
            Add(gradients.Dgamma, 0);
            Add(gradients.Dbeta, columns);
            backend._buffers.Return(_sums);
        }

        private void Add(Target? target, int offset)
        {
            if (target is not (Storage destination, bool accumulate)) return;
            backend.AddUp(_sums!.Pointer + offset, blocks, columns, Changed(destination), accumulate, 2 * columns);
        }
    }
}
