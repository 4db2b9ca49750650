namespace Fovea.Tensors;

/// <summary>Functions of one element, each with its derivative.</summary>
public enum UnaryOperator
{
    /// <summary>x · Φ(x), exact (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
    Gelu,

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>x for x &gt; 0, else eˣ − 1.</summary>
    Elu,

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>log(1 + eˣ).</summary>
    Softplus,

    /// <summary>eˣ.</summary>
    Exp,

    /// <summary>Natural logarithm.</summary>
    Log,

    /// <summary>Square root.</summary>
    Sqrt,

    /// <summary>x².</summary>
    Square,

    /// <summary>|x|.</summary>
    Abs,

    /// <summary>Sine of an angle in radians.</summary>
    Sin,

    /// <summary>Cosine of an angle in radians.</summary>
    Cos,
}

/// <summary>Functions of two elements.</summary>
public enum BinaryOperator
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a − b.</summary>
    Subtract,

    /// <summary>a · b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,

    /// <summary>The larger one.</summary>
    Maximum,

    /// <summary>The smaller one.</summary>
    Minimum,

    /// <summary>1 where a ≥ b, else 0.</summary>
    GreaterOrEqual,
}
