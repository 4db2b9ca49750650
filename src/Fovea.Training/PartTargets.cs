using Fovea.Tensors;

namespace Fovea.Training;

/// <summary>Targets of a part of a batch, on the host: classes, or values.</summary>
/// <param name="Shape">Sizes.</param>
/// <param name="Labels">Classes, or none.</param>
/// <param name="Values">Values, or none.</param>
internal readonly record struct PartTargets(Shape Shape, ReadOnlyMemory<int> Labels, ReadOnlyMemory<float> Values)
{
    /// <summary>As a tensor, owned by the running step scope.</summary>
    public Tensor On(Device device) => Labels.IsEmpty ? Tensor.From(Values.Span, Shape, device)
        : Tensor.From(Labels.Span, Shape, device);
}
