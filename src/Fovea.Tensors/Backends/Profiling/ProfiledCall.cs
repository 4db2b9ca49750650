namespace Fovea.Tensors.Backends.Profiling;

/// <summary>A call of a primitive.</summary>
/// <param name="Name">Name of the primitive.</param>
/// <param name="Size">Its sizes, for people; may be empty.</param>
/// <param name="Flops">Floating-point operations of products; 0 for what has none.</param>
/// <param name="Moved">On <see cref="Meta.MetaBackend"/>: bytes moved until its end; else 0.</param>
/// <param name="Begin">Timestamp of its begin.</param>
/// <param name="End">Timestamp of its end.</param>
public readonly record struct ProfiledCall(string Name, string Size, double Flops, long Moved, long Begin, long End)
{
    /// <summary>Ticks of each part of each loop of the CPU, in order; null unless
    /// <see cref="ProfilingBackend.IsPartwise"/>.</summary>
    public IReadOnlyList<long[]>? Loops { get; init; }
}
