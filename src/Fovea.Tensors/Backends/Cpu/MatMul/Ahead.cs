using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>
/// Memory that the next product will read, asked for a little at a time, between the register tiles of this one: it
/// then arrives in the second-level cache while the tiles compute. A weight gradient reads rows of dy across, a vector
/// of each row at a time, which no hardware foresees.
/// </summary>
internal unsafe struct Ahead
{
    private const int Line = 64;

    private Region _first, _second;

    /// <param name="tiles">Tiles between which the lines are asked for.</param>
    /// <param name="first">A region.</param>
    /// <param name="firstCount">Its floats.</param>
    /// <param name="second">Another.</param>
    /// <param name="secondCount">Its floats.</param>
    internal Ahead(int tiles, float* first, long firstCount, float* second, long secondCount)
    {
        _first = new(tiles, first, firstCount);
        _second = new(tiles, second, secondCount);
    }

    /// <summary>A tile is done.</summary>
    internal void Step()
    {
        if (!Sse.IsSupported) return;
        _first.Step();
        _second.Step();
    }

    private struct Region(int tiles, float* start, long count)
    {
        private readonly byte* _end = (byte*)(start + count);
        private readonly nint _stride = (nint)((count * sizeof(float) / Math.Max(1, tiles) / Line + 1) * Line);
        private byte* _next = (byte*)start;

        internal void Step()
        {
            byte* end = _end - _next < _stride ? _end : _next + _stride;
            for (; _next < end; _next += Line) Sse.Prefetch1(_next);
        }
    }
}
