
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>y = (x − mean) / √(variance + ε) · gamma + beta over the last axis (Ba et al. 2016,
    /// arXiv:1607.06450).</summary>
    /// <param name="x"><c>[..., dim]</c>.</param>
    /// <param name="gamma">Scale <c>[dim]</c>.</param>
    /// <param name="beta">Shift <c>[dim]</c>.</param>
    /// <param name="epsilon">Keeps the quotient finite.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">Scale or shift do not fit the last axis.</exception>
    public static Tensor LayerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon = 1e-5f)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        RequireShape(gamma, [columns], "gamma", nameof(LayerNorm));
        RequireShape(beta, [columns], "beta", nameof(LayerNorm));
        Tensor y = Result(x.Shape, [x, gamma, beta]);
        Tensor mean = Tensor.Empty([rows], x.Device, origin: nameof(LayerNorm));
        Tensor rstd = Tensor.Empty([rows], x.Device, origin: nameof(LayerNorm));
        Backend backend = x.Device.Backend;
        backend.LayerNorm(x.Storage, gamma.Storage, beta.Storage, y.Storage, mean.Storage, rstd.Storage, rows, columns,
            epsilon);
        return Record(y, [x, gamma, beta], output => backend.LayerNormBackward(
            x.Storage, gamma.Storage, mean.Storage, rstd.Storage, GradientOf(output), rows, columns,
            InputGradients(x, gamma, beta)), mean, rstd);
    }

    /// <summary>y = x / √(mean(x²) + ε) · gamma over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4; ε
    /// as in its code).</summary>
    /// <param name="x"><c>[..., dim]</c>.</param>
    /// <param name="gamma">Scale <c>[dim]</c>.</param>
    /// <param name="epsilon">Keeps the quotient finite.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">The scale does not fit the last axis.</exception>
    public static Tensor RmsNorm(Tensor x, Tensor gamma, float epsilon = 1e-6f)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        RequireShape(gamma, [columns], "gamma", nameof(RmsNorm));
        Tensor y = Result(x.Shape, [x, gamma]);
        Tensor rstd = Tensor.Empty([rows], x.Device, origin: nameof(RmsNorm));
        Backend backend = x.Device.Backend;
        backend.LayerNorm(x.Storage, gamma.Storage, null, y.Storage, null, rstd.Storage, rows, columns, epsilon);
        return Record(y, [x, gamma], output => backend.LayerNormBackward(
            x.Storage, gamma.Storage, null, rstd.Storage, GradientOf(output), rows, columns,
            InputGradients(x, gamma, null)), rstd);
    }

    /// <summary>Softmax over the last axis; rows sum to 1.</summary>
    public static Tensor Softmax(Tensor x) => SoftmaxOf(x, false, nameof(Softmax));

    /// <summary>Logarithm of the softmax over the last axis, without overflow.</summary>
    public static Tensor LogSoftmax(Tensor x) => SoftmaxOf(x, true, nameof(LogSoftmax));

    private static Tensor SoftmaxOf(Tensor x, bool logarithm, string origin)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        Tensor y = Result(x.Shape, [x], origin);
        Backend backend = x.Device.Backend;
        backend.Softmax(x.Storage, y.Storage, rows, columns, logarithm);
        return Record(y, [x], output => backend.SoftmaxBackward(
            output.Storage, GradientOf(output), x.GradientTarget(), rows, columns, logarithm));
    }

    /// <summary>
    /// Cross-entropy of each row against a class label: −log softmax(x)_label, or with smoothing s against (1−s)·onehot
    /// + s/C (Szegedy et al. 2016, arXiv:1512.00567, section 7).
    /// </summary>
    /// <param name="logits"><c>[batch, class]</c>.</param>
    /// <param name="labels">Integers <c>[batch]</c>, 0 to class−1.</param>
    /// <param name="smoothing">s, 0 to 1.</param>
    /// <param name="classWeights">Factor per class <c>[class]</c>, or null.</param>
    /// <returns>One loss per row, <c>[batch]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label outside the classes, or a smoothing outside 0 to
    /// 1.</exception>
    public static Tensor CrossEntropyPerRow(Tensor logits, Tensor labels, float smoothing = 0,
        Tensor? classWeights = null)
    {
        RequireRank(logits, 2, "logits", "[batch, class]", nameof(CrossEntropy));
        RequireShape(labels, [logits.Shape[0]], "labels", nameof(CrossEntropy));
        RequireShape(classWeights, [logits.Shape[1]], "classWeights", nameof(CrossEntropy));
        if (smoothing is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(smoothing), smoothing,
                "CrossEntropy: smoothing must be 0 to 1.");
        if (labels.ElementType != ElementType.Int32)
            throw new ArgumentException("CrossEntropy: labels must be integers.", nameof(labels));
        RequireIndices(labels, logits.Shape[1], nameof(CrossEntropy));
        return CrossEntropyOf(logits, labels, null, smoothing, classWeights);
    }

    /// <summary>Cross-entropy of each row against a distribution: −Σ_c t_c log softmax(x)_c.</summary>
    /// <param name="logits"><c>[batch, class]</c>.</param>
    /// <param name="targets"><c>[batch, class]</c>.</param>
    /// <returns>One loss per row, <c>[batch]</c>.</returns>
    /// <exception cref="ShapeException">Sizes differ.</exception>
    public static Tensor SoftCrossEntropyPerRow(Tensor logits, Tensor targets)
    {
        RequireRank(logits, 2, "logits", "[batch, class]", nameof(SoftCrossEntropyPerRow));
        RequireShape(targets, logits.Shape, "targets", nameof(SoftCrossEntropyPerRow));
        return CrossEntropyOf(logits, null, targets, 0, null);
    }

    /// <summary>Mean over the batch of <see cref="CrossEntropyPerRow"/>; with class weights Σ loss / Σ weight of the
    /// labels.</summary>
    /// <inheritdoc cref="CrossEntropyPerRow"/>
    /// <returns>A scalar.</returns>
    public static Tensor CrossEntropy(Tensor logits, Tensor labels, float smoothing = 0, Tensor? classWeights = null)
    {
        Tensor losses = CrossEntropyPerRow(logits, labels, smoothing, classWeights);
        if (classWeights is null) return Mean(losses);
        Tensor used = Gather(classWeights.Reshape(-1, 1), labels);
        return Divide(Sum(losses), Sum(used));
    }

    /// <summary>Mean over the batch of <see cref="SoftCrossEntropyPerRow"/>.</summary>
    /// <inheritdoc cref="SoftCrossEntropyPerRow"/>
    /// <returns>A scalar.</returns>
    public static Tensor SoftCrossEntropy(Tensor logits, Tensor targets) =>
        Mean(SoftCrossEntropyPerRow(logits, targets));

    private static Tensor CrossEntropyOf(Tensor logits, Tensor? labels, Tensor? targets, float smoothing,
        Tensor? classWeights)
    {
        if (Tape.Current is not null
            && (targets is { RequiresGradient: true } || classWeights is { RequiresGradient: true }))
            throw new InvalidOperationException(
                "CrossEntropy: has no gradient for targets and class weights; compute them under Tape.Pause().");
        (int rows, int columns) = (logits.Shape[0], logits.Shape[1]);
        Tensor losses = Result([rows], [logits, labels, targets, classWeights], nameof(CrossEntropy), integers: labels);
        Backend backend = logits.Device.Backend;
        CrossEntropyArguments arguments = new(rows, columns, labels?.Storage, targets?.Storage, smoothing,
            classWeights?.Storage);
        backend.CrossEntropy(arguments, logits.Storage, losses.Storage);
        return Record(losses, [logits], output => backend.CrossEntropyBackward(
            arguments, logits.Storage, GradientOf(output), logits.GradientTarget()));
    }

    private static void RequireIndices(Tensor indices, int limit, string origin)
    {
        if (indices.Device.Backend.ChecksIndices(indices.Storage, limit) || indices.IsKnownBelow(limit)) return;
        foreach (int index in indices.ToIntArray())
            if ((uint)index >= (uint)limit)
                throw new ArgumentOutOfRangeException(nameof(indices), index,
                    $"{origin}: indices must be 0 to {limit - 1}.");
    }
}
