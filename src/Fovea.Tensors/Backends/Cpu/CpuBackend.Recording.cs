using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <content>
/// A primitive of a pass is some loops over the pool's threads and nothing beside them: a pass is recorded as
/// its loops. What a primitive does outside of one would be lost; a loop of one part is the place for it.
/// </content>
internal sealed unsafe partial class CpuBackend<V>
{
    internal override RecordedPass? Record(Action<IPassRecording> pass, out string? refusal)
    {
        GiveBack();
        PassRecording lifetimes = new(_buffers);
        lifetimes.Watch(pass);
        refusal = lifetimes.Refusal;
        if (refusal is not null) return null;
        GiveBack();
        CpuStorage arena = new(this, checked((int)Math.Max(16, ArenaLayout.Assign(lifetimes.Lifetimes))));
        PassRecording loops = new(_buffers, lifetimes, arena);
        loops.Watch(pass);
        refusal = loops.Refusal;
        return refusal is null ? new LoopedPass(_pool, arena, loops) : null;
    }

    /// <summary>Gives back what operators used on their way, which is not needed beside the arena.</summary>
    private void GiveBack()
    {
        const long Much = 64 << 20;
        long before = _buffers.AllocatedBytes;
        _buffers.Trim();
        if (before - _buffers.AllocatedBytes > Much)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    internal override bool ChecksIndices(Storage indices, int limit) =>
        PassRecording.Current?.Limits(indices, limit) ?? false;

    /// <summary>An input is written before each run. Other values do not depend on inputs: each run writes them
    /// again.</summary>
    private void WriteRecorded(PassRecording recording, Storage destination, float* to, ReadOnlySpan<float> values)
    {
        if (recording.IsInput(destination))
        {
            values.CopyTo(new Span<float>(to, values.Length));
            return;
        }

        float[] constant = values.ToArray();
        _pool.Run(1, _ => constant.CopyTo(new Span<float>(to, constant.Length)));
        recording.Writes(destination);
    }
}
