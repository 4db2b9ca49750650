namespace Fovea.Tensors;

/// <summary>
/// A tensor's memory, opaque to everything above the backend that made it. Counted by the tensors that share it
/// (<see cref="Tensor.Reshape"/> shares); when the last one lets go it returns to the backend's pool.
/// </summary>
public abstract class Storage(Backend backend, int capacity)
{
    private int _references;

    /// <summary>The backend that owns the memory.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>Elements that fit; at least what was asked for.</summary>
    public int Capacity { get; } = capacity;

    internal void Retain() => Interlocked.Increment(ref _references);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) Backend.Return(this);
    }
}
