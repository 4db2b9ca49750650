using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>Linear layers with operands of bfloat16: the passes of single precision over pairs.</summary>
internal sealed unsafe partial class CpuBackend<V>
{
    private void LinearOfPairs<TTiles>(in LinearArguments arguments, Storage y)
        where TTiles : struct, ITiles
    {
        LinearArguments l = arguments;
        int steps = PairPanels<V>.Steps(l.In);
        float* weight = Floats(l.Weight);
        CpuStorage packed = PanelsOf(l.Weight, l.Out, l.In, (long)steps * Panels<V>.Padded(l.Out), to =>
            _pool.Run(Panels<V>.Count(l.Out), p => PairPanels<V>.PackTransposed(
                weight, l.In, l.In, p * Panels<V>.Width, l.Out, to.Pointer + (nint)p * Panels<V>.Width * steps)));
        float* panels = packed.Pointer;

        BlockTarget target = new((nint)Floats(y), l.Out, (nint)Floats(l.Residual), l.Out, (nint)Floats(l.Bias));
        MultiplyRows<TTiles>(l.Rows, steps, panels, l.Out, target,
            (row, rows, pairs) => ForRowsOf(l, row, rows, (r, x) =>
                PairPanels<V>.Along((float*)x, l.In, (float*)pairs + (nint)(r - row) * steps)));
        Release(packed, l.Weight);
    }

    private void LinearBackwardInputOfPairs<TTiles>(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients)
        where TTiles : struct, ITiles
    {
        LinearArguments l = arguments;
        LinearInputGradients g = gradients;
        int steps = PairPanels<V>.Steps(l.Out);
        float* weight = Floats(l.Weight), dyData = Floats(dy), dx = Floats(g.Dx);
        CpuStorage packed = Borrow((long)steps * Panels<V>.Padded(l.In));
        float* panels = packed.Pointer;
        _pool.Run(Panels<V>.Count(l.In), p => PairPanels<V>.Pack(
            weight, l.In, l.Out, p * Panels<V>.Width, l.In, panels + (nint)p * Panels<V>.Width * steps));
        void Convert(int row, int rows, nint pairs)
        {
            for (int r = 0; r < rows; r++)
                PairPanels<V>.Along(dyData + (nint)(row + r) * l.Out, l.Out, (float*)pairs + (nint)r * steps);
        }

        if (l.Input == LinearInput.Identity)
        {
            MultiplyRows<TTiles>(l.Rows, steps, panels, l.In,
                new((nint)dx, l.In, g.Dx is { Accumulate: true } ? (nint)dx : 0, l.In), Convert);
        }
        else
        {
            int block = RowsPerBlock(l.Rows, steps, l.Input == LinearInput.LayerNorm ? MinimumParts : WantedParts),
                blocks = Parts(l.Rows, block);
            NormSums sums = new(this, g, blocks, l.In);
            CpuStorage? product = KeepBusy(blocks) ? null : Borrow((long)l.Rows * l.In);
            if (product is not null)
                MultiplyRows<TTiles>(l.Rows, steps, panels, l.In, new((nint)product.Pointer, l.In), Convert);
            _pool.Run(blocks, part =>
            {
                int row = part * block, rows = Math.Min(block, l.Rows - row);
                using Scratch scratch = Scratch.Begin();
                float* df = product is null ? scratch.Floats((long)block * l.In) : product.Pointer + (nint)row * l.In;
                if (product is null)
                {
                    float* pairs = scratch.Floats((long)block * steps);
                    Convert(row, rows, (nint)pairs);
                    Block<V, TTiles>.Multiply(pairs, steps, 1, rows, panels, l.In, steps, new((nint)df, l.In));
                }

                BackwardRows(l, g, df, row, rows, sums.Part(part));
            });
            if (product is not null) _buffers.Return(product);
            sums.Finish();
        }

        _buffers.Return(packed);
    }

    private void LinearBackwardWeightOfPairs<TTiles>(in LinearArguments arguments, Storage dy, Target dw,
        Target? dbias)
        where TTiles : struct, ITiles
    {
        LinearArguments l = arguments;
        float* dyData = Floats(dy), dwData = Floats(dw);
        if (l.Rows >= 8 * RowsPerSum && (long)l.In * l.Out <= 1 << 20)
        {
            SumOverRows<TTiles>(l, dyData, dwData, dw.Accumulate, Floats(dbias), dbias is { Accumulate: true });
            return;
        }

        if (dbias is { } target) ColumnSums(dy, target, l.Rows, l.Out);
        int steps = PairPanels<V>.Steps(l.Rows);
        CpuStorage packed = Borrow((long)steps * Panels<V>.Padded(l.In)), left = Borrow((long)steps * l.Out);
        float* panels = packed.Pointer, pairs = left.Pointer;
        _pool.Run(Panels<V>.Count(l.In), p => PackTransformedPairs(l, 0, l.Rows, p * Panels<V>.Width, panels));
        ForRows(steps, 2 * l.Out, (step, count) =>
            PairRows(dyData, 2 * step, Math.Min(2 * count, l.Rows - 2 * step), l.Out, pairs + (nint)step * l.Out));
        Multiply<TTiles>(pairs, 1, l.Out, l.Out, panels, l.In, steps,
            new((nint)dwData, l.In, dw.Accumulate ? (nint)dwData : 0, l.In));
        _buffers.Return(left);
        _buffers.Return(packed);
    }

    /// <summary>Pairs of rows, of <paramref name="rows"/> rows from <paramref name="row"/>.</summary>
    private static void PairRows(float* source, int row, int rows, int columns, float* pairs)
    {
        float* from = source + (nint)row * columns;
        for (int r = 0; r < rows; r += 2, from += 2 * (nint)columns, pairs += columns)
            PairPanels<V>.Across(from, r + 1 < rows ? from + columns : null, columns, pairs);
    }

    /// <summary>A panel of f(x), pairs of rows.</summary>
    private static void PackTransformedPairs(in LinearArguments l, int row, int rows, int column, float* panels)
    {
        int width = Panels<V>.WidthAt(column, l.In);
        float* panel = panels + (nint)column * PairPanels<V>.Steps(rows);
        if (l.Input == LinearInput.Identity)
        {
            PairPanels<V>.Pack(Floats(l.X) + (nint)row * l.In, l.In, rows, column, l.In, panel);
            return;
        }

        const int AtOnce = 64;
        using Scratch scratch = Scratch.Begin();
        float* some = scratch.Floats(AtOnce * width);
        for (int r = 0; r < rows; r += AtOnce)
        {
            int count = Math.Min(AtOnce, rows - r);
            PackTransformedInto(l, row + r, count, column, some);
            PairPanels<V>.Pack(some, width, count, 0, width, panel + (nint)(r / 2) * width);
        }
    }

    /// <summary>Products of rows that are converted in the cache, block by block; of few rows before.</summary>
    /// <param name="rows">Rows of the left operand.</param>
    /// <param name="steps">Its elements in a row.</param>
    /// <param name="panels">The right operand.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="target">Where results go.</param>
    /// <param name="convert">Writes so many rows from one on; see <see cref="RowConversion"/>.</param>
    private void MultiplyRows<TTiles>(int rows, int steps, float* panels, int columns, BlockTarget target,
        RowConversion convert)
        where TTiles : struct, ITiles
    {
        int block = RowsPerBlock(rows, steps, WantedParts);
        if (Parts(rows, block) >= WantedParts)
        {
            _pool.Run(Parts(rows, block), part =>
            {
                int row = part * block, count = Math.Min(block, rows - row);
                using Scratch scratch = Scratch.Begin();
                float* left = scratch.Floats((long)block * steps);
                convert(row, count, (nint)left);
                Block<V, TTiles>.Multiply(left, steps, 1, count, panels, columns, steps, target.From(row, 0));
            });
            return;
        }

        CpuStorage all = Borrow((long)rows * steps);
        nint start = (nint)all.Pointer;
        ForRows(rows, 2 * steps, (row, count) => convert(row, count, start + (nint)row * steps * sizeof(float)));
        Multiply<TTiles>((float*)start, steps, 1, rows, panels, columns, steps, target);
        _buffers.Return(all);
    }

    /// <summary>Calls a body with the address of f(x) of each row.</summary>
    private static void ForRowsOf(in LinearArguments l, int row, int rows, Action<int, nint> body)
    {
        if (l.Input == LinearInput.Identity)
        {
            float* x = Floats(l.X);
            for (int r = row; r < row + rows; r++) body(r, (nint)(x + (nint)r * l.In));
            return;
        }

        int atOnce = V.TileRows;
        using Scratch scratch = Scratch.Begin();
        float* transformed = scratch.Floats((long)atOnce * l.In);
        for (int r = row; r < row + rows; r += atOnce)
        {
            int count = Math.Min(atOnce, row + rows - r);
            TransformRows(l, r, count, transformed);
            for (int i = 0; i < count; i++) body(r + i, (nint)(transformed + (nint)i * l.In));
        }
    }

    /// <summary>Writes rows of a left operand, one after the other.</summary>
    /// <param name="row">The first.</param>
    /// <param name="rows">How many.</param>
    /// <param name="destination">Address of the first element.</param>
    private delegate void RowConversion(int row, int rows, nint destination);
}
