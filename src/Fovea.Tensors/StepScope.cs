namespace Fovea.Tensors;

/// <summary>
/// Owns the tensors created on this thread until it is disposed; then their buffers return to the pool. Scopes nest.
/// Where a <see cref="Tape"/> of an outer scope recorded something meanwhile, an inner scope hands its tensors outwards
/// instead, because the backward pass still needs them; a frozen part of a model, of which nothing is recorded, frees
/// its own.
/// </summary>
public sealed class StepScope : IDisposable
{
    [ThreadStatic]
    private static StepScope? _current;

    private readonly List<Tensor> _tensors = [];
    private readonly StepScope? _outer = _current;
    private readonly Tape? _tape = Tape.Current;
    private readonly int _recordedBefore = Tape.Current?.Count ?? 0;

    private StepScope() => _current = this;

    internal static StepScope? Current => _current;

    /// <summary>Opens a scope on this thread. Use with <c>using</c>.</summary>
    public static StepScope Begin() => new();

    /// <summary>Hands a result to the enclosing scope (or to nobody, as <see cref="Tensor.Keep"/>), so that it outlives
    /// this one.</summary>
    /// <returns>The same tensor.</returns>
    public Tensor Return(Tensor tensor)
    {
        if (!_tensors.Remove(tensor)) return tensor;
        if (_outer is null) return tensor.Keep();
        _outer._tensors.Add(tensor);
        return tensor;
    }

    /// <summary>Releases what was created inside and not kept.</summary>
    public void Dispose()
    {
        if (_current != this) return;
        _current = _outer;
        // without an outer scope they are the collector's
        if (_tape?.Count > _recordedBefore) _outer?._tensors.AddRange(_tensors);
        else
            foreach (Tensor tensor in _tensors)
                if (!tensor.IsKept) tensor.Release("when its step scope ended");
        _tensors.Clear();
    }

    internal void Adopt(Tensor tensor) => _tensors.Add(tensor);
}
