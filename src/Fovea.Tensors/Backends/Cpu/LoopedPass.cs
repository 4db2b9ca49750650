using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>A pass as its loops, whose bodies hold the addresses of what they read and write.</summary>
internal sealed unsafe class LoopedPass : RecordedPass
{
    private readonly WorkerPool _pool;
    private readonly CpuStorage _arena, _input, _result;
    private readonly WorkerPool.Loop[] _loops;
    private readonly (CpuStorage Weight, PackedWeight Packed)[] _packed;
    private readonly CpuStorage[] _held;   // the loops know their addresses only

    internal LoopedPass(WorkerPool pool, CpuStorage arena, PassRecording recording)
    {
        (_pool, _arena, _input, _result) = (pool, arena, recording.Input!, recording.Result!);
        _loops = [.. recording.Loops.Select(loop => new WorkerPool.Loop(pool, loop.Count, loop.Body))];
        _packed = [.. recording.Packed];
        _held = [.. recording.Held];
        foreach (CpuStorage storage in _held) storage.Retain();   // out of its pool as long as there is this pass
        BufferBytes = recording.Lifetimes.Sum(lifetime => (long)lifetime.Size) * sizeof(float);
    }

    internal override int Steps => _loops.Length;

    internal override long ArenaBytes => _arena.Bytes;

    internal override long BufferBytes { get; }

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

    internal override void Run(ReadOnlySpan<float> input, Span<float> result)
    {
        input.CopyTo(new Span<float>(_input.Pointer, input.Length));
        foreach (WorkerPool.Loop loop in _loops) _pool.Run(loop);
        new ReadOnlySpan<float>(_result.Pointer, result.Length).CopyTo(result);
    }
}
