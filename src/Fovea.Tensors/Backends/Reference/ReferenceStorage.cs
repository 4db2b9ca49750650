namespace Fovea.Tensors.Backends.Reference;

/// <summary>Elements as doubles, so that central differences see the mathematics and not the rounding; integers are
/// exact in them too.</summary>
internal sealed class ReferenceStorage(Backend backend, int count) : Storage(backend, count)
{
    public double[] Values { get; } = new double[count];
}
