using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <content>
/// A primitive of a forward pass is some loops over the pool's threads and nothing beside them: a pass is recorded as
/// its loops. What a primitive does outside of one would be lost; a loop of one part is the place for it.
/// </content>
internal sealed unsafe partial class CpuBackend<V>
{
    internal override RecordedPass? Record(Action<IPassRecording> pass, out string? refusal)
    {
        PassRecording lifetimes = new(_buffers);
        lifetimes.Watch(pass);
        refusal = lifetimes.Refusal;
        if (refusal is not null) return null;
        CpuStorage arena = new(this, checked((int)Math.Max(16, ArenaLayout.Assign(lifetimes.Lifetimes))));
        PassRecording loops = new(_buffers, lifetimes, arena);
        loops.Watch(pass);
        refusal = loops.Refusal;
        return refusal is null ? new LoopedPass(_pool, arena, loops) : null;
    }

    /// <summary>Values that do not depend on the input: each run writes them again.</summary>
    private void WriteConstant(PassRecording recording, Storage destination, float* to, float[] values)
    {
        _pool.Run(1, _ => values.CopyTo(new Span<float>(to, values.Length)));
        recording.Writes(destination);
    }
}
