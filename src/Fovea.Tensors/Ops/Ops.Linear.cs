
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>y = x wᵀ + bias (+ residual).</summary>
    /// <param name="x"><c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c> or null.</param>
    /// <param name="residual">Added to the result; <c>[..., out]</c> or null.</param>
    /// <returns><c>[..., out]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null, Tensor? residual = null) =>
        FusedLinear(nameof(Linear), x, weight, bias, residual, LinearInput.Identity);

    /// <summary>y = f(x) wᵀ + bias (+ residual), the activation f computed on the way in and never stored.</summary>
    /// <inheritdoc cref="Linear"/>
    public static Tensor ActivationLinear(UnaryOperator activation, Tensor x, Tensor weight, Tensor? bias = null,
        Tensor? residual = null) =>
        FusedLinear(nameof(ActivationLinear), x, weight, bias, residual, LinearInput.Activation, activation);

    /// <summary>y = LayerNorm(x) wᵀ + bias, the normalised rows never stored.</summary>
    /// <param name="x"><c>[..., in]</c>.</param>
    /// <param name="gamma">The norm's scale <c>[in]</c>.</param>
    /// <param name="beta">The norm's shift <c>[in]</c>.</param>
    /// <param name="epsilon">The norm's ε.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c> or null.</param>
    /// <returns><c>[..., out]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    public static Tensor LayerNormLinear(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor weight,
        Tensor? bias = null) =>
        FusedLinear(nameof(LayerNormLinear), x, weight, bias, null, LinearInput.LayerNorm, default, gamma, beta,
            epsilon);

    /// <summary>y = RmsNorm(x) wᵀ + bias, the normalised rows never stored.</summary>
    /// <inheritdoc cref="LayerNormLinear"/>
    public static Tensor RmsNormLinear(Tensor x, Tensor gamma, float epsilon, Tensor weight, Tensor? bias = null) =>
        FusedLinear(nameof(RmsNormLinear), x, weight, bias, null, LinearInput.LayerNorm, default, gamma, null, epsilon);

    private static Tensor FusedLinear(
        string origin, Tensor x, Tensor weight, Tensor? bias, Tensor? residual, LinearInput input,
        UnaryOperator activation = default, Tensor? gamma = null, Tensor? beta = null, float epsilon = 0)
    {
        RequireRank(weight, 2, "weight", "[out, in]", origin);
        int rows = x.Shape.Rows, inner = weight.Shape[1], columns = weight.Shape[0];
        if (x.Shape.Rank == 0 || x.Shape.Columns != inner)
            throw new ShapeException(
                $"{origin}: inner sizes differ: input {x.Shape} ends in {x.Shape.Columns}, weight {weight.Shape} takes "
                    + $"{inner}.");
        Shape shape = x.Shape.With(^1, columns);
        RequireShape(bias, [columns], "bias", origin);
        RequireShape(residual, shape, "residual", origin);
        RequireShape(gamma, [inner], "gamma", origin);
        RequireShape(beta, [inner], "beta", origin);

        Tensor y = Result(shape, [x, weight, bias, residual, gamma, beta], origin);
        Backend backend = x.Device.Backend;
        // 1/√(variance + ε) of each row, and its mean unless it is RMS norm
        int statistics = input != LinearInput.LayerNorm ? 0 : beta is null ? 1 : 2;
        Tensor[] saved = [.. Enumerable.Range(0, statistics)
            .Select(_ => Tensor.Empty([rows], x.Device, origin: origin))];

        // The statistics' buffers are looked up again in the backward pass, because they belong to the tape by then.
        LinearArguments Arguments() => new(
            x.Storage, weight.Storage, bias?.Storage, residual?.Storage, rows, inner, columns, input, activation,
            gamma?.Storage, beta?.Storage, saved.Length > 1 ? saved[1].Storage : null,
            saved.Length > 0 ? saved[0].Storage : null, epsilon);

        backend.Linear(Arguments(), y.Storage);
        return Record(y, [x, weight, bias, residual, gamma, beta], output =>
        {
            LinearArguments arguments = Arguments();
            Storage dy = GradientOf(output);
            Target? dbias = TargetOf(bias);
            if (weight.RequiresGradient) backend.LinearBackwardWeight(arguments, dy, weight.GradientTarget(), dbias);
            else if (dbias is { } target) backend.ColumnSums(dy, target, rows, columns);
            LinearInputGradients gradients = InputGradients(x, gamma, beta);
            if (gradients.Dx is not null || gradients.Dgamma is not null || gradients.Dbeta is not null)
                backend.LinearBackwardInput(arguments, dy, gradients);
            if (residual is { RequiresGradient: true }) residual.TakeGradient(output);
        }, saved);
    }

    private static LinearInputGradients InputGradients(Tensor x, Tensor? gamma, Tensor? beta)
    {
        Target? dx = TargetOf(x);
        Target? dgamma = TargetOf(gamma);
        Target? dbeta = TargetOf(beta);
        return new(dx, dgamma, dbeta);
    }

    /// <summary>Matrix product over the last two axes, batched over the others (equal in both, or absent in
    /// <paramref name="b"/>).</summary>
    /// <param name="a"><c>[..., rows, inner]</c>, or <c>[..., inner, rows]</c> if transposed.</param>
    /// <param name="b"><c>[..., inner, columns]</c> or <c>[inner, columns]</c>, the last two swapped if
    /// transposed.</param>
    /// <param name="transposeA">Use aᵀ.</param>
    /// <param name="transposeB">Use bᵀ.</param>
    /// <param name="scale">Factor of the product.</param>
    /// <returns><c>[..., rows, columns]</c>.</returns>
    /// <exception cref="ShapeException">Ranks below 2, inner sizes or batch axes that differ.</exception>
    public static Tensor MatMul(Tensor a, Tensor b, bool transposeA = false, bool transposeB = false, float scale = 1)
    {
        Shape left = a.Shape, right = b.Shape;
        if (left.Rank < 2 || right.Rank < 2)
            throw new ShapeException($"MatMul: needs at least two axes on both sides, got {left} and {right}.");
        (int rows, int innerA) = transposeA ? (left[^1], left[^2]) : (left[^2], left[^1]);
        (int innerB, int columns) = transposeB ? (right[^1], right[^2]) : (right[^2], right[^1]);
        if (innerA != innerB)
            throw new ShapeException(
                $"MatMul: inner sizes differ: left {left}{(transposeA ? " transposed" : "")} ends in {innerA}, right "
                    + $"{right}{(transposeB ? " transposed" : "")} starts with {innerB}.");
        int batch = 1;
        foreach (int size in left.Sizes[..^2]) batch *= size;
        Shape shape = left.With(^2, rows).With(^1, columns);
        if (right.Rank == 2 && left.Rank > 2)
        {
            if (transposeA)
                throw new ShapeException(
                    $"MatMul: a right side without batch axes {right} needs an untransposed left side, got {left}.");
            (rows, batch) = (rows * batch, 1);   // one tall product
        }
        else if (!left.Sizes[..^2].SequenceEqual(right.Sizes[..^2]))
        {
            throw new ShapeException($"MatMul: batch axes differ: left {left}, right {right}.");
        }

        Tensor c = Result(shape, [a, b]);
        Backend backend = a.Device.Backend;
        int inner = innerA;
        backend.MatMul(new(a.Storage, b.Storage, new(c.Storage), batch, rows, columns, inner, transposeA, transposeB,
            scale));
        return Record(c, [a, b], output =>
        {
            Storage dc = GradientOf(output);
            if (a.RequiresGradient)
            {
                // dA = dC op(B)ᵀ; stored transposed it is op(B) dCᵀ.
                Target da = a.GradientTarget();
                backend.MatMul(transposeA
                    ? new(b.Storage, dc, da, batch, Rows: inner, Columns: rows, Inner: columns, transposeB, true, scale)
                    : new(dc, b.Storage, da, batch, Rows: rows, Columns: inner, Inner: columns, false, !transposeB,
                        scale));
            }

            if (b.RequiresGradient)
            {
                // dB = op(A)ᵀ dC; stored transposed it is dCᵀ op(A).
                Target db = b.GradientTarget();
                backend.MatMul(transposeB
                    ? new(dc, a.Storage, db, batch, Rows: columns, Columns: inner, Inner: rows, true, transposeA, scale)
                    : new(a.Storage, dc, db, batch, Rows: inner, Columns: columns, Inner: rows, !transposeA, false,
                        scale));
            }
        });
    }
}
