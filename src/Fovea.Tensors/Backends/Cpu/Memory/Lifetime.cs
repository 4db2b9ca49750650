namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>From when to when a buffer of a recorded pass is used, and where it lies in the arena.</summary>
/// <param name="recording">Tells the time.</param>
/// <param name="size">Floats.</param>
internal sealed class Lifetime(PassRecording recording, int size)
{
    /// <summary>Floats.</summary>
    internal int Size { get; } = size;

    /// <summary>The first operator that uses it.</summary>
    internal int First { get; private set; } = int.MaxValue;

    /// <summary>The last one.</summary>
    internal int Last { get; private set; } = -1;

    /// <summary>Floats before it in the arena.</summary>
    internal long Offset { get; set; }

    /// <summary>The running operator uses it. Threads of one loop say the same.</summary>
    internal void Touch()
    {
        int now = recording.Now;
        if (First > now) First = now;
        Last = now;
    }

    internal bool Meets(Lifetime other) => First <= other.Last && other.First <= Last;
}
