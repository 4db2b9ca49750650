using Fovea.Tensors.Backends.Reference;

namespace Fovea.Tensors.Tests.Support;

internal static class TestExtensions
{
    /// <summary>All elements; on a reference device the doubles themselves, to be read and written.</summary>
    public static double[] Doubles(this Tensor tensor) => tensor.Storage is ReferenceStorage reference
        ? reference.Values
        : Array.ConvertAll(tensor.ToArray(), value => (double)value);
}
