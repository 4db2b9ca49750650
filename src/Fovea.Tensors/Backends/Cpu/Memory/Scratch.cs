using System.Diagnostics;

namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>
/// Working memory of this thread for the length of one frame: <c>using Scratch scratch = Scratch.Begin();</c>. Frames
/// nest like calls. What a frame gives out never moves, and is free again when the frame ends.
/// </summary>
internal readonly unsafe ref struct Scratch
{
    [ThreadStatic]
    private static Arena? _ofThread;

    private readonly Arena _arena;
    private readonly int _depth, _block;
    private readonly long _used;

    private Scratch(Arena arena)
    {
        _arena = arena;
        _depth = ++arena.Depth;
        _block = arena.Block;
        _used = arena.Used;
    }

    /// <summary>Opens a frame on this thread.</summary>
    internal static Scratch Begin() => new(_ofThread ??= new Arena());

    /// <summary>
    /// At least <paramref name="count"/> floats, contents unset, aligned to a cache line; kernels may read and write up
    /// to the next multiple of 16 beyond them. Only the innermost frame gives out memory.
    /// </summary>
    internal float* Floats(long count)
    {
        Debug.Assert(_arena.Depth == _depth, "An inner frame is open; memory from here would end with it.");
        return _arena.Take(count);
    }

    /// <summary>Ends the frame.</summary>
    public void Dispose()
    {
        Debug.Assert(_arena.Depth == _depth, "Frames end in the order opposite to that of their beginnings.");
        _arena.End(_block, _used);
    }

    /// <summary>Blocks of memory, filled one after the other.</summary>
    private sealed class Arena
    {
        private const int FirstBlock = 1 << 13, Line = 16, Slack = 16;   // floats

        private readonly List<CpuStorage> _blocks = [new(null!, FirstBlock)];   // never returned to a pool

        /// <summary>Open frames.</summary>
        internal int Depth { get; set; }

        /// <summary>The block that is being filled; later ones are free.</summary>
        internal int Block { get; private set; }

        /// <summary>Floats taken from it.</summary>
        internal long Used { get; private set; }

        internal float* Take(long count)
        {
            long size = (count + Slack + Line - 1) / Line * Line;
            while (_blocks[Block].Capacity - Used < size)
            {
                if (++Block == _blocks.Count)
                    _blocks.Add(new(null!, checked((int)Math.Max(size, 2L * _blocks[^1].Capacity))));
                Used = 0;
            }

            float* start = _blocks[Block].Pointer + Used;
            Used += size;
            return start;
        }

        internal void End(int block, long used)
        {
            Block = block;
            Used = used;
            if (--Depth > 0 || _blocks.Count == 1) return;

            // Nothing is in use: one block of the whole size serves from now on.
            long total = _blocks.Sum(one => (long)one.Capacity);
            _blocks.Clear();
            _blocks.Add(new(null!, (int)Math.Min(total, Array.MaxLength / 2)));
        }
    }
}
