using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void LayerNorm(Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd,
        int rows, int columns, float epsilon)
    {
        if (rows == 0) return;
        using Aten aten = new(this);
        if (mean is null || beta is null)
        {
            (NativeTensor normed, NativeTensor scale) = RmsNorm(aten, aten.View(x, rows, columns), gamma, columns,
                epsilon);
            aten.Put(normed, y, rows * columns);
            aten.Put(scale, rstd, rows);
            return;
        }

        (NativeTensor result, NativeTensor average, NativeTensor inverse) = aten.Three("native_layer_norm",
            aten.View(x, rows, columns), (long[])[columns], Argument.Some(aten.View(gamma, columns)),
            Argument.Some(aten.View(beta, columns)), (double)epsilon);
        aten.Put(result, y, rows * columns);
        aten.Put(average, mean, rows);
        aten.Put(inverse, rstd, rows);
    }

    /// <inheritdoc/>
    public override void LayerNormBackward(Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows,
        int columns, in LinearInputGradients gradients)
    {
        using Aten aten = new(this);
        NormBackward(aten, x, gamma, mean, rstd, aten.View(dy, rows, columns), rows, columns, gradients);
    }

    /// <inheritdoc/>
    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm)
    {
        using Aten aten = new(this);
        aten.Put(aten.One(logarithm ? "_log_softmax" : "_softmax", aten.View(x, rows, columns), 1L, false), y,
            rows * columns);
    }

    /// <inheritdoc/>
    public override void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm)
    {
        using Aten aten = new(this);
        aten.Put(aten.One(logarithm ? "_log_softmax_backward_data" : "_softmax_backward_data",
            aten.View(dy, rows, columns), aten.View(y, rows, columns), 1L, Argument.Type(Torch.Float32)), dx,
            rows * columns);
    }

    /// <inheritdoc/>
    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses)
    {
        (int rows, int columns) = (arguments.Rows, arguments.Columns);
        if (rows == 0) return;
        using Aten aten = new(this);
        NativeTensor targets = WeightedTargets(aten, arguments);
        NativeTensor logarithms = aten.One("_log_softmax", aten.View(logits, rows, columns), 1L, false);
        // a masked class, logit −∞, costs nothing
        NativeTensor terms = aten.Where(aten.One("eq.Tensor", targets, aten.Number(0)), aten.Number(0),
            aten.Multiply(targets, logarithms));
        aten.Put(aten.One("neg", aten.Sum(terms, [1])), losses, rows);
    }

    /// <summary>With p = softmax(x): dx_c = dloss · (p_c Σ_k w_k t_k − w_c t_c).</summary>
    public override void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses,
        Target dlogits)
    {
        (int rows, int columns) = (arguments.Rows, arguments.Columns);
        if (rows == 0) return;
        using Aten aten = new(this);
        NativeTensor targets = WeightedTargets(aten, arguments);
        NativeTensor probabilities = aten.One("_softmax", aten.View(logits, rows, columns), 1L, false);
        NativeTensor slopes = aten.Subtract(aten.Multiply(probabilities, aten.Sum(targets, [1], keep: true)), targets);
        aten.Put(aten.Multiply(slopes, aten.View(dlosses, rows, 1)), dlogits, rows * columns);
    }

    /// <summary>w_c t_c <c>[rows, columns]</c>.</summary>
    private NativeTensor WeightedTargets(in Aten aten, in CrossEntropyArguments arguments)
    {
        (int rows, int columns) = (arguments.Rows, arguments.Columns);
        NativeTensor targets;
        if (arguments.Targets is { } soft) targets = aten.View(soft, rows, columns);
        else
        {
            NativeTensor ones = aten.Strided(aten.Number(1), [rows, 1], [0, 0]);
            NativeTensor hits = aten.One("scatter.src", aten.Zeros([rows, columns]), 1L,
                Indices(aten, arguments.Labels!, [rows, 1]), aten.Cloned(ones, [rows, 1]));
            targets = arguments.Smoothing == 0 ? hits
                : aten.Add(aten.Multiply(hits, 1 - (double)arguments.Smoothing),
                    aten.Number(arguments.Smoothing / (double)columns));
        }

        return arguments.ClassWeights is { } weights ? aten.Multiply(targets, aten.View(weights, columns)) : targets;
    }

    /// <summary>Whole numbers of 64 bits, as scatter and gather want them.</summary>
    private NativeTensor Indices(in Aten aten, Storage indices, params ReadOnlySpan<long> sizes)
    {
        TorchStorage storage = (TorchStorage)indices;
        NativeTensor view = aten.View(storage.Tensor, sizes);
        return storage.Type == Torch.Int64 ? view : aten.Cloned(view, sizes, Torch.Int64);
    }

    private static void NormBackward(in Aten aten, Storage x, Storage gamma, Storage? mean, Storage rstd,
        NativeTensor dy, int rows, int columns, in LinearInputGradients gradients)
    {
        if (rows == 0)
        {
            if (gradients.Dgamma is { } empty) aten.Put(aten.Zeros([columns]), empty, columns);
            if (gradients.Dbeta is { } none) aten.Put(aten.Zeros([columns]), none, columns);
            return;
        }

        if (mean is null)
        {
            RmsNormBackward(aten, aten.View(x, rows, columns), gamma, rstd, dy, rows, columns, gradients);
            return;
        }

        bool affine = gradients.Dgamma is not null || gradients.Dbeta is not null;
        NativeTensor scale = aten.View(gamma, columns);
        (NativeTensor dx, NativeTensor dgamma, NativeTensor dbeta) = aten.Three("native_layer_norm_backward", dy,
            aten.View(x, rows, columns), (long[])[columns], aten.View(mean, rows, 1), aten.View(rstd, rows, 1),
            Argument.Some(scale), Argument.Some(scale), (bool[])[gradients.Dx is not null, affine, affine]);
        if (gradients.Dx is { } ofX) aten.Put(dx, ofX, rows * columns);
        if (gradients.Dgamma is { } ofGamma) aten.Put(dgamma, ofGamma, columns);
        if (gradients.Dbeta is { } ofBeta) aten.Put(dbeta, ofBeta, columns);
    }

    /// <summary>x · rstd · gamma, and rstd = 1/√(mean square + ε) <c>[rows, 1]</c>.</summary>
    private static (NativeTensor Normed, NativeTensor Scale) RmsNorm(in Aten aten, NativeTensor x, Storage gamma,
        int columns, float epsilon)
    {
        NativeTensor squares = aten.Multiply(aten.Sum(aten.Multiply(x, x), [1], keep: true), 1.0 / columns);
        NativeTensor scale = aten.One("rsqrt", aten.Add(squares, aten.Number(epsilon)));
        return (aten.Multiply(aten.Multiply(x, scale), aten.View(gamma, columns)), scale);
    }

    /// <summary>With u = x · rstd and g = dy · gamma: dgamma = Σ_r dy · u, dx = rstd · (g − u · mean(g · u)).</summary>
    private static void RmsNormBackward(in Aten aten, NativeTensor x, Storage gamma, Storage rstd, NativeTensor dy,
        int rows, int columns, in LinearInputGradients gradients)
    {
        NativeTensor scale = aten.View(rstd, rows, 1), u = aten.Multiply(x, scale);
        if (gradients.Dgamma is { } ofGamma) aten.Put(aten.Sum(aten.Multiply(dy, u), [0]), ofGamma, columns);
        if (gradients.Dx is not { } ofX) return;
        NativeTensor g = aten.Multiply(dy, aten.View(gamma, columns));
        NativeTensor mean = aten.Multiply(aten.Sum(aten.Multiply(g, u), [1], keep: true), 1.0 / columns);
        aten.Put(aten.Multiply(aten.Subtract(g, aten.Multiply(u, mean)), scale), ofX, rows * columns);
    }
}
