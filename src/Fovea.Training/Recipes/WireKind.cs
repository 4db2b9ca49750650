namespace Fovea.Training.Recipes;

/// <summary>Numbers that gradients are sent as between ranks.</summary>
public enum WireKind
{
    /// <summary>Single precision: the sums have the same bits for any number of ranks.</summary>
    Fp32,

    /// <summary>bfloat16 with error feedback, added in single precision.</summary>
    Bf16,
}
