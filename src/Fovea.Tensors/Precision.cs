namespace Fovea.Tensors;

/// <summary>Numbers in which a device computes products, convolutions and attention; the device <c>cpu</c> linear
/// layers and softmax attention only, and the rest in single precision. Weights, norms, softmax statistics, losses and
/// what is stored are single precision in each.</summary>
public enum Precision
{
    /// <summary>Single precision throughout.</summary>
    Fp32,

    /// <summary>Operands rounded to 10 bits behind the point, by tensor cores of NVIDIA.</summary>
    Tf32,

    /// <summary>Operands rounded to bfloat16, 7 bits behind the point; sums in single precision.</summary>
    Bf16,

    /// <summary>For inference: operands of linear layers rounded to 8-bit integers with a scale for each output channel
    /// of the weights and each row of the input; sums exact. Attention as in <see cref="Bf16"/>.</summary>
    Int8,
}
