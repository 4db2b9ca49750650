using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>
/// fc2(f(fc1(x))), <c>[..., dim] → [..., dim]</c>, with dropout behind f and behind fc2. Without dropout the activation
/// is folded into fc2, so that fc1's result is the only tensor stored. Gated, fc1 gives two halves a and b, and fc2
/// takes f(a) · b: SwiGLU with SiLU (Shazeer 2020, arXiv:2002.05202), packed as DINOv2's.
/// </summary>
public sealed class Mlp : Module
{
    private readonly UnaryOperator _activation;
    private readonly bool _gated;
    private readonly Dropout _drop1, _drop2;

    /// <param name="dim">Columns in and out.</param>
    /// <param name="hidden">Columns that fc2 takes.</param>
    /// <param name="activation">f.</param>
    /// <param name="dropout">Share of zeroed elements, at least 0 and below 1.</param>
    /// <param name="weightInit">First weights; null: PyTorch's.</param>
    /// <param name="biasInit">First biases; null: PyTorch's.</param>
    /// <param name="gated">fc1 gives 2 · hidden columns, of which the first half gates the second.</param>
    /// <exception cref="UsageException">A size or probability out of range.</exception>
    public Mlp(
        int dim, int hidden, UnaryOperator activation = UnaryOperator.Gelu, float dropout = 0,
        Initializer? weightInit = null, Initializer? biasInit = null, bool gated = false)
    {
        (_activation, _gated) = (activation, gated);
        Fc1 = Register("fc1", new Linear(dim, gated ? 2 * hidden : hidden, weightInit: weightInit, biasInit: biasInit));
        _drop1 = Register("drop1", new Dropout(dropout));
        Fc2 = Register("fc2", new Linear(hidden, dim, weightInit: weightInit, biasInit: biasInit));
        _drop2 = Register("drop2", new Dropout(dropout));
    }

    /// <summary><c>[..., dim] → [..., hidden]</c>, gated <c>[..., 2 · hidden]</c>.</summary>
    public Linear Fc1 { get; }

    /// <summary><c>[..., hidden] → [..., dim]</c>.</summary>
    public Linear Fc2 { get; }

    /// <summary>The MLP of <paramref name="x"/> (+ residual).</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) => Finish(Fc1.Forward(x), residual);

    /// <summary>The MLP of norm(x) (+ residual), the norm folded into fc1.</summary>
    public Tensor Forward(RowNorm norm, Tensor x, Tensor? residual = null) => Finish(Fc1.Forward(norm, x), residual);

    private Tensor Finish(Tensor hidden, Tensor? residual)
    {
        if (!_drop1.IsActive)
            return _gated ? Fc2.Forward(Ops.Gate(_activation, hidden), residual)
            : Fc2.Forward(_activation, hidden, residual);
        Tensor active = _gated ? Ops.Gate(_activation, hidden) : Ops.Apply(_activation, hidden);
        Tensor y = _drop2.Forward(Fc2.Forward(_drop1.Forward(active)));
        return residual is null ? y : Ops.Add(residual, y);
    }
}
