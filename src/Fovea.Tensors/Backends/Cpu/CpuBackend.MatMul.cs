using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    private const int MinimumParts = 16;

    public override void MatMul(in MatMulArguments arguments)
    {
        MatMulArguments m = arguments;
        float* a = Floats(m.A), b = Floats(m.B), c = Floats(m.C);
        (nint aRow, nint aStep) = m.TransposeA ? (1, m.Rows) : (m.Inner, (nint)1);
        nint aSize = (nint)m.Rows * m.Inner, bSize = (nint)m.Inner * m.Columns, cSize = (nint)m.Rows * m.Columns;
        if (m.Batch == 1)
        {
            CpuStorage packed = Borrow((long)m.Inner * Panels<V>.Padded(m.Columns));
            float* panels = packed.Pointer;
            _pool.Run(Panels<V>.Count(m.Columns), p => PackScaled(b, m, p * Panels<V>.Width, panels));
            Multiply(a, aRow, aStep, m.Rows, panels, m.Columns, m.Inner, Target(c, m));
            _buffers.Return(packed);
            return;
        }

        _pool.Run(m.Batch, i =>
        {
            using Scratch scratch = Scratch.Begin();
            float* panels = scratch.Floats(m.Inner * Panels<V>.Padded(m.Columns));
            for (int column = 0; column < m.Columns; column += Panels<V>.Width)
                PackScaled(b + i * bSize, m, column, panels);
            Block<V>.Multiply(a + i * aSize, aRow, aStep, m.Rows, panels, m.Columns, m.Inner, Target(c + i * cSize, m));
        });
    }

    private static BlockTarget Target(float* c, in MatMulArguments m) =>
        new((nint)c, m.Columns, m.C.Accumulate ? (nint)c : 0, m.Columns);

    private static void PackScaled(float* b, in MatMulArguments m, int column, float* panels)
    {
        float* panel = panels + (nint)column * m.Inner;
        if (m.TransposeB) Panels<V>.PackTransposed(b, m.Inner, m.Inner, column, m.Columns, panel);
        else Panels<V>.Pack(b, m.Columns, m.Inner, column, m.Columns, panel);
        if (m.Scale == 1) return;
        V scale = V.Broadcast(m.Scale);
        int count = m.Inner * Panels<V>.WidthAt(column, m.Columns);
        for (int i = 0; i < count; i += V.Count) V.Store(panel + i, V.Load(panel + i) * scale);
    }

    /// <summary>One product with packed panels, cut into blocks of rows and, where those are few, of columns.</summary>
    private void Multiply(float* a, nint aRow, nint aStep, int rows, float* panels, int columns, int inner,
        BlockTarget target) =>
        Multiply<ManagedTiles<V, Singles>>(a, aRow, aStep, rows, panels, columns, inner, target);

    private void Multiply<TTiles>(float* a, nint aRow, nint aStep, int rows, float* panels, int columns, int inner,
        BlockTarget target)
        where TTiles : struct, ITiles
    {
        if (rows == 0 || columns == 0) return;
        int block = RowsPerBlock(rows, inner, WantedParts), blocks = Parts(rows, block),
            panelCount = Panels<V>.Count(columns);
        int chunks = Math.Min(panelCount, Parts(WantedParts, blocks)), panelsPerChunk = Parts(panelCount, chunks);
        chunks = Parts(panelCount, panelsPerChunk);
        _pool.Run(blocks * chunks, part =>
        {
            int row = part / chunks * block, column = part % chunks * panelsPerChunk * Panels<V>.Width;
            int width = Math.Min(panelsPerChunk * Panels<V>.Width, columns - column);
            Block<V, TTiles>.Multiply(
                a + row * aRow, aRow, aStep, Math.Min(block, rows - row), panels + (nint)column * inner, width, inner,
                target.From(row, column));
        });
    }

    /// <summary>
    /// Rows of a block: whole tiles, about 256 KiB of the left side so that it stays in the second-level cache, and
    /// enough blocks to share out.
    /// </summary>
    /// <param name="rows">Rows of the left side.</param>
    /// <param name="inner">Their length.</param>
    /// <param name="parts">Blocks that are enough.</param>
    private int RowsPerBlock(int rows, int inner, int parts = MinimumParts)
    {
        int fitting = Math.Clamp(65536 / Math.Max(1, inner), 2 * V.TileRows, 20 * V.TileRows);
        int sharing = Math.Max(V.TileRows, Parts(rows, parts));
        int block = Parts(Math.Min(fitting, sharing), V.TileRows) * V.TileRows;
        if (parts == MinimumParts || rows == 0) return block;
        int turns = Parts(Parts(rows, block), Threads);   // of each thread; all have as many
        return Parts(Parts(rows, turns * Threads), V.TileRows) * V.TileRows;
    }
}
