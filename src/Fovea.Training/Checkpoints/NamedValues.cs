using Fovea.Tensors;

namespace Fovea.Training.Checkpoints;

/// <summary>A tensor to be written to a file: its name, its shape and a way to its values.</summary>
/// <param name="Name">For example <c>blocks.0.attn.qkv.weight</c>.</param>
/// <param name="Shape">Sizes, slowest first.</param>
/// <param name="CopyTo">Fills a span of as many values as the shape has elements.</param>
public sealed record NamedValues(string Name, Shape Shape, NamedValues.Copier CopyTo)
{
    /// <summary>Fills a span of as many values as the shape has elements.</summary>
    public delegate void Copier(Span<float> values);

    /// <summary>A tensor under a name.</summary>
    public NamedValues(string name, Tensor tensor)
        : this(name, tensor.Shape, tensor.CopyTo)
    {
    }

    /// <summary>Number of elements.</summary>
    public int Count => Shape.Count;
}
