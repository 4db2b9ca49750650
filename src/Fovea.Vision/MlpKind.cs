namespace Fovea.Vision;

/// <summary>Forms of a block's MLP: the activation between two layers, or a gate.</summary>
public enum MlpKind
{
    /// <summary>fc2(GELU(fc1(x))).</summary>
    Gelu,

    /// <summary>fc2(GELU(fc1(x))), GELU by its tanh approximation.</summary>
    GeluTanh,

    /// <summary>fc2(max(fc1(x), 0)).</summary>
    Relu,

    /// <summary>fc2(SiLU(fc1(x))).</summary>
    Silu,

    /// <summary>fc2(SiLU(a) · b) with [a, b] = fc1(x) (Shazeer 2020, arXiv:2002.05202).</summary>
    SwiGlu,

    /// <summary>fc2(GELU(a) · b) with [a, b] = fc1(x) (the same paper).</summary>
    GeGlu,
}
