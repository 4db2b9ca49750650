using System.Diagnostics.CodeAnalysis;
using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>A tensor that belongs to a module but is not trained: running statistics, random projections, fixed tables.</summary>
/// <param name="name">Name inside the module, e.g. <c>running_mean</c>.</param>
/// <param name="shape">Sizes.</param>
/// <param name="initializer">Fills in the first values.</param>
/// <param name="persistent">Saved with the weights; false for tables that can be computed again.</param>
public sealed class ModuleBuffer(string name, Shape shape, Initializer initializer, bool persistent = true)
    : NamedTensor(name, shape, initializer)
{
    /// <summary>Saved with the weights.</summary>
    public bool Persistent { get; } = persistent;

    /// <summary>The values, so that a buffer can be handed to an operator; null stays null.</summary>
    [return: NotNullIfNotNull(nameof(buffer))]
    public static implicit operator Tensor?(ModuleBuffer? buffer) => buffer?.Value;
}
