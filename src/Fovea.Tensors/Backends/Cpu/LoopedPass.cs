using System.Runtime.InteropServices;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>A pass as its loops, whose bodies hold the addresses of what they read and write.</summary>
internal sealed unsafe class LoopedPass : RecordedPass
{
    private readonly WorkerPool _pool;
    private readonly CpuStorage _arena;
    private readonly CpuStorage[] _inputs, _results;
    private readonly IReadOnlyDictionary<CpuStorage, int> _limits;
    private readonly WorkerPool.Loop[] _loops;
    private readonly (CpuStorage Weight, PackedWeight Packed)[] _packed;
    private readonly CpuStorage[] _held;   // the loops know their addresses only

    internal LoopedPass(WorkerPool pool, CpuStorage arena, PassRecording recording)
    {
        (_pool, _arena, _limits, Streams) = (pool, arena, recording.IndexLimits, recording.Streams);
        _inputs = [.. recording.Inputs];
        _results = [.. recording.Results];
        _loops = [.. recording.Loops.Select(loop => new WorkerPool.Loop(pool, loop.Count, loop.Body))];
        _packed = [.. recording.Packed];
        _held = [.. recording.Held];
        foreach (CpuStorage storage in _held) storage.Retain();   // out of its pool as long as there is this pass
        BufferBytes = recording.Lifetimes.Sum(lifetime => (long)lifetime.Size) * sizeof(float);
    }

    internal override int Steps => _loops.Length;

    internal override long ArenaBytes => _arena.Bytes;

    internal override long BufferBytes { get; }

    internal override Philox[] Streams { get; }

    internal override bool IsCurrent
    {
        get
        {
            foreach ((CpuStorage weight, PackedWeight packed) in _packed)
                if (weight.Packed != packed) return false;
            return true;
        }
    }

    internal override void Poison() => new Span<float>(_arena.Pointer, _arena.Capacity).Fill(float.NaN);

    internal override void Write(int input, ReadOnlySpan<float> values)
    {
        if (_limits.TryGetValue(_inputs[input], out int limit))
            foreach (int index in MemoryMarshal.Cast<float, int>(values))
                if ((uint)index >= (uint)limit)
                    throw new ArgumentOutOfRangeException(nameof(values), index,
                        $"A compiled pass: indices must be 0 to {limit - 1}.");
        values.CopyTo(new Span<float>(_inputs[input].Pointer, values.Length));
    }

    internal override void Run()
    {
        foreach (WorkerPool.Loop loop in _loops) _pool.Run(loop);
    }

    internal override void Read(int result, Span<float> values) =>
        new ReadOnlySpan<float>(_results[result].Pointer, values.Length).CopyTo(values);
}
