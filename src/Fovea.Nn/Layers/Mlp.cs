using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>
/// fc2(f(fc1(x))), <c>[..., dim] → [..., dim]</c>, with dropout behind f and behind fc2. Without dropout the activation
/// is folded into fc2, so that fc1's result is the only tensor stored. Gated, fc1 gives two halves a and b, and fc2
/// takes f(a) · b: SwiGLU with SiLU (Shazeer 2020, arXiv:2002.05202), packed as DINOv2's. With a slope s the function
/// is f(s x) / s: SiLU at 1.702 is the approximation of GELU called QuickGELU.
/// </summary>
public sealed class Mlp : Module
{
    private readonly UnaryOperator _activation;
    private readonly bool _gated;
    private readonly float _slope;
    private readonly Dropout _drop1, _drop2;

    /// <param name="dim">Columns in and out.</param>
    /// <param name="hidden">Columns that fc2 takes.</param>
    /// <param name="activation">f.</param>
    /// <param name="dropout">Share of zeroed elements, at least 0 and below 1.</param>
    /// <param name="weightInit">First weights; null: PyTorch's.</param>
    /// <param name="biasInit">First biases; null: PyTorch's.</param>
    /// <param name="gated">fc1 gives 2 · hidden columns, of which the first half gates the second.</param>
    /// <param name="slope">s, above 0; only of an MLP without a gate.</param>
    /// <exception cref="UsageException">A size or probability out of range.</exception>
    public Mlp(
        int dim, int hidden, UnaryOperator activation = UnaryOperator.Gelu, float dropout = 0,
        Initializer? weightInit = null, Initializer? biasInit = null, bool gated = false, float slope = 1)
    {
        Check.That(slope > 0 && (slope == 1 || !gated), $"Mlp: slope must be above 0, without a gate, got {slope}.");
        (_activation, _gated, _slope) = (activation, gated, slope);
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
        if (!_drop1.IsActive && !_gated && _slope == 1) return Fc2.Forward(_activation, hidden, residual);
        Tensor active = _gated ? Ops.Gate(_activation, hidden)
            : _slope == 1 ? Ops.Apply(_activation, hidden)
            : Ops.Scale(Ops.Apply(_activation, Ops.Scale(hidden, _slope)), 1 / _slope);
        if (!_drop1.IsActive) return Fc2.Forward(active, residual);
        Tensor y = _drop2.Forward(Fc2.Forward(_drop1.Forward(active)));
        return residual is null ? y : Ops.Add(residual, y);
    }
}
