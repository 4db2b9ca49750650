namespace Fovea.Tensors;

/// <summary>Numbers in which a device computes products, convolutions and attention. Weights, norms, softmax
/// statistics, losses and what is stored are single precision in each.</summary>
public enum Precision
{
    /// <summary>Single precision throughout.</summary>
    Fp32,

    /// <summary>Operands rounded to 10 bits behind the point, by tensor cores of NVIDIA.</summary>
    Tf32,

    /// <summary>Operands rounded to bfloat16, 7 bits behind the point; sums in single precision.</summary>
    Bf16,
}
