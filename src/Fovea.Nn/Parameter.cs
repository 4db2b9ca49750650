using System.Diagnostics.CodeAnalysis;
using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>A tensor that training changes.</summary>
/// <param name="name">Name inside the module, e.g. <c>weight</c>.</param>
/// <param name="shape">Sizes.</param>
/// <param name="initializer">Fills in the first values.</param>
/// <param name="decay">Weight decay applies; false for biases, norms, tokens and positions.</param>
public sealed class Parameter(string name, Shape shape, Initializer initializer, bool decay = true)
    : NamedTensor(name, shape, initializer)
{
    /// <summary>Weight decay applies; false for biases, norms, tokens and positions.</summary>
    public bool Decay { get; } = decay;

    /// <summary>False freezes the parameter: it gets no gradient, and optimisers pass it by.</summary>
    public bool Trainable
    {
        get;
        set
        {
            field = value;
            if (!IsAllocated) return;
            Value.RequiresGradient = value;
            Value.ClearGradient();
        }
    } = true;

    /// <summary>The values, so that a parameter can be handed to an operator; null stays null (a layer without
    /// bias).</summary>
    [return: NotNullIfNotNull(nameof(parameter))]
    public static implicit operator Tensor?(Parameter? parameter) => parameter?.Value;

    internal override void Allocate(Device device)
    {
        base.Allocate(device);
        Value.RequiresGradient = Trainable;
    }
}
