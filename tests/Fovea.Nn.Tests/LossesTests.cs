using Fovea.Tensors;

namespace Fovea.Nn.Tests;

public sealed class LossesTests
{
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Binary_cross_entropy_of_extreme_logits_is_finite(string device)
    {
        Tensor logits = Tensor.From([1000f, -1000, 0], [3], TestDevice.Named(device));
        Tensor targets = Tensor.From([0f, 1, 1], [3], TestDevice.Named(device));

        Assert.Equal((2000 + Math.Log(2)) / 3, Losses.BinaryCrossEntropy(logits, targets).Item(), 1e-3);
    }

    [Fact]
    public void A_student_that_agrees_with_its_teacher_has_nothing_to_learn_and_the_teacher_never_has()
    {
        Tensor teacher = TestTensors.Normal([4, 6], Device.Reference),
            student = TestTensors.Normal([4, 6], Device.Reference);
        (teacher.RequiresGradient, student.RequiresGradient) = (true, true);
        using Tape tape = Tape.Record();
        Tensor loss = Losses.SoftDistillation(student, teacher, temperature: 2);
        tape.Backward(loss);

        Assert.Equal(0, loss.Item(), 1e-7);
        GoldenAssert.Close(new float[24], student.Gradient!.ToArray(), 1e-7, 0);
        Assert.Null(teacher.Gradient);
    }

    /// <summary>Equation 4 of FixMatch and the consistency of mean teacher's code, in double, with the gradients of
    /// the logits.</summary>
    [Fact]
    public void Losses_of_images_without_labels_are_those_of_the_papers()
    {
        const int Rows = 4, Classes = 3;
        Tensor logits = TestTensors.Normal([Rows, Classes], Device.Reference);
        float[] x = logits.ToArray();
        int[] labels = [2, 0, 1, 1];
        float[] sure = [1, 0, 1, 0];
        float[] wanted = [0.2f, 0.3f, 0.5f, 0.1f, 0.1f, 0.8f, 0.6f, 0.2f, 0.2f, 0, 0, 1];
        double pseudo = 0, consistency = 0;
        double[] pseudoGradient = new double[x.Length], consistencyGradient = new double[x.Length];
        for (int row = 0; row < Rows; row++)
        {
            double[] e = [.. Enumerable.Range(0, Classes).Select(c => Math.Exp(x[row * Classes + c]))];
            double[] p = [.. e.Select(value => value / e.Sum())];
            double[] error = [.. p.Select((value, c) => value - wanted[row * Classes + c])];
            pseudo -= sure[row] * Math.Log(p[labels[row]]) / Rows;
            consistency += error.Sum(value => value * value) / (Rows * Classes);
            double mean = error.Zip(p).Sum(pair => pair.First * pair.Second);
            for (int c = 0; c < Classes; c++)
            {
                pseudoGradient[row * Classes + c] = sure[row] * (p[c] - (c == labels[row] ? 1 : 0)) / Rows;
                consistencyGradient[row * Classes + c] = 2 * p[c] * (error[c] - mean) / (Rows * Classes);
            }
        }

        AssertLoss(pseudo, pseudoGradient, Losses.WeightedCrossEntropy, Tensor.From(labels, [Rows], Device.Reference),
            Tensor.From(sure, [Rows], Device.Reference));
        AssertLoss(consistency, consistencyGradient, (student, target, _) => Losses.Consistency(student, target),
            Tensor.From(wanted, [Rows, Classes], Device.Reference), logits);

        void AssertLoss(double expected, double[] gradient, Func<Tensor, Tensor, Tensor, Tensor> loss, Tensor first,
            Tensor second)
        {
            Tensor student = Tensor.From(x, [Rows, Classes], Device.Reference);
            student.RequiresGradient = true;
            using Tape tape = Tape.Record();
            Tensor value = loss(student, first, second);
            tape.Backward(value);
            Assert.Equal(expected, value.Item(), 1e-6);
            GoldenAssert.Close([.. gradient.Select(g => (float)g)], student.Gradient!.ToArray(), 1e-6, 0);
        }
    }

    /// <summary>The paper's code, in double: (target - mean) / (var + 1e-6)^0.5, then the mean square.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_error_of_patches_is_that_of_masked_autoencoders(bool normalised)
    {
        const int Patches = 3, Elements = 5;
        Tensor predicted = TestTensors.Normal([Patches, Elements], Device.Reference),
            patches = TestTensors.Normal([Patches, Elements], Device.Reference, 1);
        predicted.RequiresGradient = true;
        float[] p = predicted.ToArray(), t = patches.ToArray();
        double expected = 0;
        double[] gradient = new double[p.Length];
        for (int row = 0; row < Patches; row++)
        {
            double[] values = [.. t[(row * Elements)..((row + 1) * Elements)]];
            double mean = values.Average(), variance = values.Sum(v => (v - mean) * (v - mean)) / (Elements - 1);
            for (int i = 0; i < Elements; i++)
            {
                double wanted = normalised ? (values[i] - mean) / Math.Sqrt(variance + 1e-6) : values[i];
                double error = p[row * Elements + i] - wanted;
                expected += error * error / (Patches * Elements);
                gradient[row * Elements + i] = 2 * error / (Patches * Elements);
            }
        }

        using Tape tape = Tape.Record();
        Tensor loss = Losses.PatchError(predicted, patches, normalised);
        tape.Backward(loss);

        Assert.Equal(expected, loss.Item(), 1e-6);
        GoldenAssert.Close([.. gradient.Select(value => (float)value)], predicted.Gradient!.ToArray(), 1e-5, 1e-6);
    }

    /// <summary>DINO's eq. 3 and its code: two views of the teacher, four of the student, never the same with
    /// itself.</summary>
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Views_are_compared_with_all_of_the_teachers_but_themselves(string device)
    {
        const int Batch = 3, Views = 4, Outputs = 5;
        const double Temperature = 0.1;
        Tensor student = Tensor.From(TestTensors.Normal([Views * Batch, Outputs], Device.Reference).ToArray(),
            [Views * Batch, Outputs], TestDevice.Named(device));
        Tensor teacher = Ops.Softmax(
            Tensor.From(TestTensors.Normal([2 * Batch, Outputs], Device.Reference, 1).ToArray(),
            [2 * Batch, Outputs], TestDevice.Named(device)));
        student.RequiresGradient = true;
        float[] s = student.ToArray(), t = teacher.ToArray();
        double expected = 0;
        double[] gradient = new double[s.Length];
        for (int i = 0; i < 2; i++)
            for (int view = 0; view < Views; view++)
            {
                if (view == i) continue;
                for (int image = 0; image < Batch; image++)
                {
                    int from = (view * Batch + image) * Outputs, to = (i * Batch + image) * Outputs;
                    double[] scaled = [.. s[from..(from + Outputs)].Select(value => value / Temperature)];
                    double sum = scaled.Sum(Math.Exp), wanted = t[to..(to + Outputs)].Sum(value => (double)value);
                    for (int k = 0; k < Outputs; k++)
                    {
                        expected -= t[to + k] * (scaled[k] - Math.Log(sum)) / (Batch * 2 * (Views - 1));
                        gradient[from + k] += (wanted * Math.Exp(scaled[k]) / sum - t[to + k]) / Temperature
                            / (Batch * 2 * (Views - 1));
                    }
                }
            }

        using Tape tape = Tape.Record();
        Tensor loss = Losses.ViewCrossEntropy(student, teacher, Batch, (float)Temperature);
        tape.Backward(loss);

        Assert.Equal(expected, loss.Item(), 1e-4);
        GoldenAssert.Close([.. gradient.Select(value => (float)value)], student.Gradient!.ToArray(), 1e-4, 1e-5);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Distances_of_features_are_the_formulas(string device)
    {
        const int Rows = 4, Elements = 6;
        float[] s = TestTensors.Normal([Rows, Elements], Device.Reference).ToArray(),
            t = TestTensors.Normal([Rows, Elements], Device.Reference, 1).ToArray();
        double cosine = 0, squares = 0;
        for (int row = 0; row < Rows; row++)
        {
            double[] a = [.. s[(row * Elements)..((row + 1) * Elements)]],
                b = [.. t[(row * Elements)..((row + 1) * Elements)]];
            double mean = b.Average(), variance = b.Sum(x => (x - mean) * (x - mean)) / Elements;
            cosine += (1 - a.Zip(b, (x, y) => x * y).Sum()
                / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x))) / Rows;
            squares += a.Zip(b, (x, y) => Math.Pow(x - (y - mean) / Math.Sqrt(variance + 1e-6), 2)).Sum()
                / (Rows * Elements);
        }

        Tensor student = Tensor.From(s, [Rows, Elements], TestDevice.Named(device)),
            teacher = Tensor.From(t, [Rows, Elements], TestDevice.Named(device));
        (student.RequiresGradient, teacher.RequiresGradient) = (true, true);
        using Tape tape = Tape.Record();
        Tensor distance = Losses.CosineDistance(student, teacher), error = Losses.WhitenedError(student, teacher);
        Assert.Equal(cosine, distance.Item(), 1e-5);
        Assert.Equal(squares, error.Item(), 1e-5);
        tape.Backward(Ops.Add(distance, error));

        Assert.Null(teacher.Gradient);
        Assert.NotNull(student.Gradient);
    }

    [Fact]
    public void Shapes_that_differ_are_named()
    {
        Tensor one = Tensor.Zeros([2, 3], Device.Reference), other = Tensor.Zeros([2, 4], Device.Reference);

        Assert.Contains("[2, 3] and [2, 4]",
            Assert.Throws<ShapeException>(() => Losses.MeanSquaredError(one, other)).Message);
        Assert.Throws<ShapeException>(() => Losses.BinaryCrossEntropy(one, other));
        Assert.Throws<ShapeException>(() => Losses.BinaryCrossEntropy(one, other, 2));
        Assert.Throws<ShapeException>(() => Losses.SoftDistillation(one, other, 1));
        Assert.Throws<ShapeException>(() => Losses.HardDistillation(one, other));
    }

    [Fact]
    public void A_weight_of_positives_is_a_factor_of_their_part_of_the_loss()
    {
        float[] x = [-1.5f, 0, 2, 80, -80, 1], t = [1, 0.3f, 0, 1, 0, 0.9f];
        Tensor logits = Tensor.From(x, [2, 3], Device.Reference), targets = Tensor.From(t, [2, 3], Device.Reference);
        double expected = x.Zip(t, (score, target) => -3.0 * target * LogSigmoid(score)
            - (1.0 - target) * LogSigmoid(-score)).Average();
        Assert.Equal(expected, Losses.BinaryCrossEntropy(logits, targets, 3).Item(), 1e-5);

        // the gradient is σ(x) (1 + (w−1) t) − w t, over the number of elements
        logits.RequiresGradient = true;
        using Tape tape = Tape.Record();
        tape.Backward(Losses.BinaryCrossEntropy(logits, targets, 3));
        float[] gradient = logits.Gradient!.ToArray();
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(((1 + 2.0 * t[i]) / (1 + Math.Exp(-x[i])) - 3.0 * t[i]) / x.Length, gradient[i], 1e-5);

        static double LogSigmoid(double value) => Math.Min(value, 0) - Math.Log(1 + Math.Exp(-Math.Abs(value)));
    }
}
