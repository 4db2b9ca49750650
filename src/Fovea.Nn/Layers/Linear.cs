using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>y = x wᵀ + b: <c>[..., in] → [..., out]</c>, parameters <c>weight [out, in]</c> and <c>bias
/// [out]</c>.</summary>
public sealed class Linear : Module
{
    /// <param name="inputs">in, columns of x.</param>
    /// <param name="outputs">out, columns of y.</param>
    /// <param name="bias">Have a bias.</param>
    /// <param name="weightInit">First weight; null: uniform in ±1/√in, as PyTorch.</param>
    /// <param name="biasInit">First bias; null: uniform in ±1/√in, as PyTorch.</param>
    /// <exception cref="UsageException">A size below 1.</exception>
    public Linear(int inputs, int outputs, bool bias = true, Initializer? weightInit = null,
        Initializer? biasInit = null)
    {
        Check.AtLeast(1, inputs, "Linear: inputs");
        Check.AtLeast(1, outputs, "Linear: outputs");
        Weight = Register(new Parameter("weight", [outputs, inputs], weightInit ?? Init.KaimingUniform(Math.Sqrt(5))));
        if (bias)
            Bias = Register(new Parameter("bias", [outputs], biasInit ?? Init.Uniform(1 / Math.Sqrt(inputs)),
                decay: false));
    }

    /// <summary><c>[out, in]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary><c>[out]</c>, or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>x wᵀ + b (+ residual).</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) => Ops.Linear(x, Weight, Bias, residual);

    /// <summary>norm(x) wᵀ + b in one operator; the normalised rows are never stored.</summary>
    public Tensor Forward(RowNorm norm, Tensor x) => norm.Project(x, Weight, Bias);

    /// <summary>norm(x) wᵀ + <paramref name="bias"/> in one operator, for a bias that is made of others.</summary>
    public Tensor Forward(RowNorm norm, Tensor x, Tensor bias) => norm.Project(x, Weight, bias);

    /// <summary>f(x) wᵀ + b (+ residual) in one operator; f(x) is never stored.</summary>
    public Tensor Forward(UnaryOperator activation, Tensor x, Tensor? residual = null) =>
        Ops.ActivationLinear(activation, x, Weight, Bias, residual);
}
