using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>Losses beyond cross-entropy, which is <see cref="Ops.CrossEntropy"/> and
/// <see cref="Ops.SoftCrossEntropy"/>.</summary>
public static class Losses
{
    /// <summary>Mean of −t log σ(x) − (1−t) log(1−σ(x)), as log(1 + eˣ) − t x, which does not overflow.</summary>
    /// <param name="logits">x, any shape.</param>
    /// <param name="targets">t, 0 to 1, same shape.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor BinaryCrossEntropy(Tensor logits, Tensor targets)
    {
        RequireSame(logits, targets, nameof(BinaryCrossEntropy));
        return Ops.Mean(Ops.Subtract(Ops.Apply(UnaryOperator.Softplus, logits), Ops.Multiply(logits, targets)));
    }

    /// <summary>Mean of −w t log σ(x) − (1−t) log(1−σ(x)), as (1−t) x + (1 + (w−1) t) log(1 + e⁻ˣ), which does not
    /// overflow.</summary>
    /// <param name="logits">x, any shape.</param>
    /// <param name="targets">t, 0 to 1, same shape.</param>
    /// <param name="positiveWeight">w, above 0.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor BinaryCrossEntropy(Tensor logits, Tensor targets, float positiveWeight)
    {
        if (positiveWeight == 1) return BinaryCrossEntropy(logits, targets);
        RequireSame(logits, targets, nameof(BinaryCrossEntropy));
        Tensor missed = Ops.Apply(UnaryOperator.Softplus, Ops.Scale(logits, -1));
        Tensor weight;
        using (Tape.Pause())
            weight = Ops.Add(Tensor.Full(targets.Shape, 1, targets.Device), Ops.Scale(targets, positiveWeight - 1));
        return Ops.Mean(Ops.Add(Ops.Subtract(logits, Ops.Multiply(logits, targets)), Ops.Multiply(weight, missed)));
    }

    /// <summary>Mean of (x − t)².</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="targets">Same shape.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor MeanSquaredError(Tensor x, Tensor targets)
    {
        RequireSame(x, targets, nameof(MeanSquaredError));
        return Ops.Mean(Ops.Apply(UnaryOperator.Square, Ops.Subtract(x, targets)));
    }

    /// <summary>
    /// τ² / (batch · class) · Σ KL(softmax(teacher/τ) ‖ softmax(student/τ)), as in DeiT's code (Touvron et al. 2021,
    /// arXiv:2012.12877, eq. 2). The teacher gets no gradient.
    /// </summary>
    /// <param name="student"><c>[batch, class]</c>.</param>
    /// <param name="teacher"><c>[batch, class]</c>.</param>
    /// <param name="temperature">τ, above 0.</param>
    /// <param name="perSample">Divide by the batch only, as Hinton et al. 2015 do, instead of by batch · class.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor SoftDistillation(Tensor student, Tensor teacher, float temperature, bool perSample = false)
    {
        RequireSame(student, teacher, nameof(SoftDistillation));
        Tensor wanted, logWanted;
        using (Tape.Pause())
        {
            Tensor cooled = Ops.Scale(teacher, 1 / temperature);
            (wanted, logWanted) = (Ops.Softmax(cooled), Ops.LogSoftmax(cooled));
        }

        Tensor logGiven = Ops.LogSoftmax(Ops.Scale(student, 1 / temperature));
        Tensor divergence = Ops.Multiply(wanted, Ops.Subtract(logWanted, logGiven));
        int count = perSample ? student.Shape[0] : student.Shape.Elements;
        return Ops.Scale(Ops.Sum(divergence), temperature * temperature / count);
    }

    /// <summary>Cross-entropy against the teacher's most likely class (arXiv:2012.12877, eq. 3). The teacher gets no
    /// gradient.</summary>
    /// <param name="student"><c>[batch, class]</c>.</param>
    /// <param name="teacher"><c>[batch, class]</c>.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor HardDistillation(Tensor student, Tensor teacher)
    {
        RequireSame(student, teacher, nameof(HardDistillation));
        return Ops.CrossEntropy(student, MostLikely(teacher));
    }

    /// <summary>
    /// Mean squared error of predicted patches, each of the true ones shifted and scaled to mean 0 and variance 1 by
    /// itself if asked for: (t − mean) / √(var + 1e-6) with the unbiased variance (He et al. 2022, arXiv:2111.06377,
    /// section 3, and its code's <c>norm_pix_loss</c>). The patches get no gradient.
    /// </summary>
    /// <param name="predicted"><c>[patch, element]</c>.</param>
    /// <param name="patches"><c>[patch, element]</c>.</param>
    /// <param name="normalised">Shift and scale.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor PatchError(Tensor predicted, Tensor patches, bool normalised)
    {
        RequireSame(predicted, patches, nameof(PatchError));
        int elements = patches.Shape[1];
        if (!normalised || elements < 2) return MeanSquaredError(predicted, patches);
        Tensor targets;
        using (Tape.Pause())
        {
            // Layer norm divides by the biased variance: both sides times (n − 1) / n.
            double share = (elements - 1.0) / elements;
            targets = Ops.LayerNorm(patches, Tensor.Full([elements], (float)Math.Sqrt(share), patches.Device),
                Tensor.Zeros([elements], patches.Device), (float)(1e-6 * share));
        }

        return MeanSquaredError(predicted, targets);
    }

    /// <summary>Mean over rows of 1 − cos(student, teacher). The teacher gets no gradient.</summary>
    /// <param name="student"><c>[row, dim]</c>.</param>
    /// <param name="teacher"><c>[row, dim]</c>.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor CosineDistance(Tensor student, Tensor teacher)
    {
        RequireSame(student, teacher, nameof(CosineDistance));
        int rows = student.Shape[0];
        Tensor wanted;
        using (Tape.Pause()) wanted = UnitRows(teacher);
        Tensor agreement = Ops.Scale(Ops.Sum(Ops.Multiply(UnitRows(student), wanted)), -1f / rows);
        return Ops.Add(Tensor.Full(agreement.Shape, 1, student.Device), agreement);
    }

    /// <summary>Mean of (student − whitened teacher)², each row of the teacher shifted and scaled to mean 0 and
    /// variance 1: (t − mean) / √(var + 1e-6) (Wei et al. 2022, arXiv:2205.14141, section 3: whitened features). The
    /// teacher gets no gradient.</summary>
    /// <param name="student"><c>[row, dim]</c>.</param>
    /// <param name="teacher"><c>[row, dim]</c>.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor WhitenedError(Tensor student, Tensor teacher)
    {
        RequireSame(student, teacher, nameof(WhitenedError));
        int elements = teacher.Shape[1];
        Tensor wanted;
        using (Tape.Pause())
            wanted = Ops.LayerNorm(teacher, Tensor.Full([elements], 1, teacher.Device),
                Tensor.Zeros([elements], teacher.Device), 1e-6f);
        return MeanSquaredError(student, wanted);
    }

    /// <summary>
    /// 1/rows Σ w · −log softmax(x)_label: with weights of 1 where a pseudo-label is sure enough and 0 elsewhere the
    /// unlabelled loss of FixMatch (Sohn et al. 2020, arXiv:2001.07685, eq. 4), divided by all rows.
    /// </summary>
    /// <param name="logits">x, <c>[row, class]</c>.</param>
    /// <param name="labels"><c>[row]</c>.</param>
    /// <param name="weights">w, <c>[row]</c>; no gradient.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor WeightedCrossEntropy(Tensor logits, Tensor labels, Tensor weights) =>
        Ops.Mean(Ops.Multiply(Ops.CrossEntropyPerRow(logits, labels), weights));

    /// <summary>Mean over rows and classes of (softmax(x) − p)²: consistency with a teacher's probabilities (Tarvainen
    /// and Valpola 2017, arXiv:1703.01780, and its code).</summary>
    /// <param name="logits">x, <c>[row, class]</c>.</param>
    /// <param name="probabilities">p, <c>[row, class]</c>; no gradient.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor Consistency(Tensor logits, Tensor probabilities) =>
        MeanSquaredError(Ops.Softmax(logits), probabilities);

    /// <summary>Rows scaled to length 1, by RMS norm with the factor 1/√n; rows of zeros stay.</summary>
    /// <param name="rows"><c>[row, dim]</c>.</param>
    /// <returns>The same shape.</returns>
    public static Tensor UnitRows(Tensor rows)
    {
        const float Tiny = 1e-24f;   // of squares
        int elements = rows.Shape[1];
        return Ops.RmsNorm(rows, Tensor.Full([elements], (float)(1 / Math.Sqrt(elements)), rows.Device), Tiny);
    }

    /// <summary>
    /// −1/pairs Σ_i Σ_(v ≠ i) Σ_k t_i log softmax(s_v / τ): cross-entropy of every view of the student with each of the
    /// teacher's views but itself, the mean over pairs and images (Caron et al. 2021, arXiv:2104.14294, eq. 3).
    /// </summary>
    /// <param name="student">Logits, view by view, the teacher's views first: <c>[view · batch, k]</c>.</param>
    /// <param name="teacher">Probabilities, view by view, <c>[teacherView · batch, k]</c>; they get no
    /// gradient.</param>
    /// <param name="batch">Images.</param>
    /// <param name="temperature">τ, above 0.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">Rows are no multiples of the batch, or columns differ.</exception>
    public static Tensor ViewCrossEntropy(Tensor student, Tensor teacher, int batch, float temperature)
    {
        (int views, int teacherViews) = (student.Shape[0] / batch, teacher.Shape[0] / batch);
        if (views * batch != student.Shape[0] || teacherViews * batch != teacher.Shape[0] || views < 2
            || teacherViews > views || student.Shape[1] != teacher.Shape[1])
            throw new ShapeException(
                $"ViewCrossEntropy: {student.Shape} and {teacher.Shape} are not views of {batch} images.");
        Tensor logits = Ops.LogSoftmax(Ops.Scale(student, 1 / temperature));
        Tensor[] ofView = [.. Enumerable.Range(0, views).Select(view => Ops.Slice(logits, 0, view * batch, batch))];
        Tensor all = ofView.Aggregate(Ops.Add);
        Tensor? total = null;
        for (int i = 0; i < teacherViews; i++)
        {
            Tensor agreement = Ops.Sum(Ops.Multiply(Ops.Slice(teacher, 0, i * batch, batch),
                Ops.Subtract(all, ofView[i])));
            total = total is null ? agreement : Ops.Add(total, agreement);
        }

        return Ops.Scale(total!, -1f / (batch * teacherViews * (views - 1)));
    }

    /// <summary>(1 − share) · classification + share · distillation.</summary>
    /// <param name="classification">Scalar loss against the labels.</param>
    /// <param name="distillation">Scalar loss against the teacher.</param>
    /// <param name="share">0 to 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Blend(Tensor classification, Tensor distillation, float share) =>
        Ops.Add(Ops.Scale(classification, 1 - share), Ops.Scale(distillation, share));

    private static Tensor MostLikely(Tensor logits)
    {
        (int rows, int columns) = (logits.Shape[0], logits.Shape[1]);
        float[] values = logits.ToArray();
        int[] classes = new int[rows];
        for (int r = 0; r < rows; r++)
            for (int c = 1; c < columns; c++)
                if (values[r * columns + c] > values[r * columns + classes[r]]) classes[r] = c;
        return Tensor.From(classes, [rows], logits.Device);
    }

    private static void RequireSame(Tensor x, Tensor targets, string origin)
    {
        if (x.Shape != targets.Shape)
            throw new ShapeException($"{origin}: {x.Shape} and {targets.Shape} must be equal.");
    }
}
