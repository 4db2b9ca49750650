using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <summary>Memory of a traced tensor: elements where the host wrote them, otherwise a size alone.</summary>
/// <param name="backend">The trace's backend.</param>
/// <param name="capacity">Elements.</param>
internal sealed class TracedStorage(Backend backend, int capacity) : Storage(backend, capacity)
{
    /// <summary>Elements that the host wrote; null: a primitive's result.</summary>
    public float[]? Numbers { get; set; }

    /// <summary>Whole numbers that the host wrote.</summary>
    public int[]? Integers { get; set; }

    /// <summary>The value of all elements, where the host filled them alike.</summary>
    public float? Uniform { get; set; }

    /// <summary>Name and sizes of a weight.</summary>
    public (string Name, int[] Sizes)? Weight { get; set; }
}
