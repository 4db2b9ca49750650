namespace Fovea.Tensors.Tests.Support;

/// <summary>
/// Compares <see cref="Tape.Backward(Tensor, Tensor?)"/> with central differences of L = Σ output · cotangent, both in
/// double on the reference device. With h = 1e-5 the differences' own error is about h² = 1e-10 (truncation) plus 2⁻⁵³
/// |L| / h = 1e-11 |L| (rounding), so a relative 1e-6 with a floor of 1e-8 separates a wrong formula from a right one.
/// </summary>
internal static class GradientCheck
{
    private const double Step = 1e-5, Relative = 1e-6, Floor = 1e-8;

    /// <summary>Checks the gradient of every input that requires one.</summary>
    public static void Run(Func<Tensor[], Tensor> operation, params Sample[] samples)
    {
        using StepScope scope = StepScope.Begin();
        Device device = Device.CreateReference();
        Tensor[] inputs = [.. samples.Select((sample, i) => sample.Create(device, i))];
        using Tape tape = Tape.Record();
        Tensor output = operation(inputs);
        Tensor cotangent = Sample.Normal(output.Shape).Create(device, 1000);
        tape.Backward(output, cotangent);
        using IDisposable pause = Tape.Pause();

        double Objective()
        {
            using StepScope inner = StepScope.Begin();
            return operation(inputs).Doubles().Zip(cotangent.Doubles(), (y, dy) => y * dy).Sum();
        }

        for (int i = 0; i < inputs.Length; i++)
            if (inputs[i].RequiresGradient) Check(inputs[i], Objective, i);
    }

    private static void Check(Tensor input, Func<double> objective, int number)
    {
        Assert.True(input.Gradient is not null, $"input {number} {input.Shape} received no gradient");
        Assert.Equal(input.Shape, input.Gradient.Shape);
        double[] values = input.Doubles(), gradient = input.Gradient.Doubles();
        for (int i = 0; i < values.Length; i++)
        {
            double original = values[i];
            values[i] = original + Step;
            double above = objective();
            values[i] = original - Step;
            double difference = (above - objective()) / (2 * Step);
            values[i] = original;
            double error = Math.Abs(gradient[i] - difference);
            Assert.True(error <= Floor + Relative * Math.Max(Math.Abs(gradient[i]), Math.Abs(difference)),
                $"input {number} {input.Shape}, element {i}: gradient {gradient[i]:R}, central difference "
                    + $"{difference:R}");
        }
    }
}
