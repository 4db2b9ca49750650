using System.Diagnostics.CodeAnalysis;
using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>A tensor that belongs to a module but is not trained: running statistics, random projections, fixed
/// tables.</summary>
/// <param name="name">Name inside the module, e.g. <c>running_mean</c>.</param>
/// <param name="shape">Sizes.</param>
/// <param name="initializer">Fills in the first values.</param>
/// <param name="persistent">Saved with the weights; false for tables that can be computed again.</param>
/// <param name="drawn">Drawn or counted, so that any first values serve; see <see cref="Drawn"/>.</param>
public sealed class ModuleBuffer(string name, Shape shape, Initializer initializer, bool persistent = true,
    bool drawn = false)
    : NamedTensor(name, shape, initializer)
{
    /// <summary>Saved with the weights.</summary>
    public bool Persistent { get; } = persistent;

    /// <summary>
    /// Drawn or counted, as random projections are, not learned: weights may lack it (it then keeps its first values),
    /// and a moving average of weights takes it over as it is.
    /// </summary>
    public bool Drawn { get; } = drawn;

    /// <summary>The values, so that a buffer can be handed to an operator; null stays null.</summary>
    [return: NotNullIfNotNull(nameof(buffer))]
    public static implicit operator Tensor?(ModuleBuffer? buffer) => buffer?.Value;
}
