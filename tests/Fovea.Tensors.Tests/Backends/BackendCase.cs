using System.Collections.Concurrent;
using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests.Backends;

/// <summary>An operator on given inputs, to be run on several devices. What the reference makes of it is computed
/// once.</summary>
internal sealed class BackendCase
{
    private static readonly ConcurrentDictionary<string, Lazy<Expectation>> Expectations = [];

    private readonly Func<Tensor[], bool, Tensor[]> _run;
    private readonly Sample[] _samples;
    private readonly Rounding _rounding;

    private BackendCase(string name, Rounding rounding, Func<Tensor[], bool, Tensor[]> run, Sample[] samples) =>
        (Name, _rounding, _run, _samples) = (name, rounding, run, samples);

    /// <summary>Operator and sizes; unique.</summary>
    public string Name { get; }

    /// <summary>
    /// Result and gradients of an operator. Two passes add up in the gradients, so that the first shows the overwriting
    /// and the second the accumulating form of each backward primitive.
    /// </summary>
    public static BackendCase Operator(string name, Rounding rounding, Func<Tensor[], Tensor> operation,
        params Sample[] samples) =>
        new($"{name} {string.Join(" ", samples.Select(sample => sample.Shape))}", rounding, (inputs, absolute) =>
        {
            Tensor output = null!;
            for (int pass = 0; pass < 2; pass++)
            {
                using Tape tape = Tape.Record();
                output = operation(inputs);
                Sample cotangent = Sample.Normal(output.Shape);
                tape.Backward(output, (absolute ? cotangent.Absolute() : cotangent).Create(output.Device, 1000));
            }

            return [output, .. inputs.Where(input => input.RequiresGradient).Select(input => input.Gradient!)];
        }, samples);

    /// <summary>A primitive that is not differentiated: returns what it wrote.</summary>
    public static BackendCase Primitive(string name, Rounding rounding, Func<Tensor[], Tensor[]> run,
        params Sample[] samples) =>
        new($"{name} {samples[0].Shape}", rounding, (inputs, _) => run(inputs), samples);

    /// <summary>All results, one array per tensor.</summary>
    public double[][] Results(Device device, bool absolute = false)
    {
        using StepScope scope = StepScope.Begin();
        Tensor[] inputs = [.. _samples
            .Select((sample, i) => (absolute ? sample.Absolute() : sample).Create(device, i))];
        return [.. _run(inputs, absolute).Select(tensor => (double[])tensor.Doubles().Clone())];
    }

    /// <summary>What is wrong with a device's results: one sentence, or null.</summary>
    /// <param name="device">The device.</param>
    /// <param name="slack">Factor of the allowed errors, for libraries whose functions err by more units in the last
    /// place.</param>
    public string? Disagreement(Device device, double slack = 1)
    {
        Expectation expectation = Expectations.GetOrAdd(Name, _ => new(Expect)).Value;
        double[][] actual = Results(device);
        for (int i = 0; i < actual.Length; i++)
            if (Disagreement(expectation.Values[i], expectation.Magnitudes?[i], actual[i], slack) is { } difference)
                return $"{Name}, {(i == 0 ? "result" : $"gradient {i - 1}")}: {difference}";
        return null;
    }

    private string? Disagreement(double[] expected, double[]? magnitudes, double[] actual, double slack)
    {
        double largest = expected.Length == 0 ? 0 : expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            double allowed = slack * _rounding.Allowed(i, expected, magnitudes, largest),
                error = Math.Abs(actual[i] - expected[i]);
            if (!(error <= allowed))
                return $"element {i} of {expected.Length} is {actual[i]:G9}, expected {expected[i]:G9}; off by "
                    + $"{error:G3}, allowed {allowed:G3}";
        }

        return null;
    }

    private Expectation Expect() => new(
        Results(Device.Reference),
        _rounding.Of == Rounding.Magnitude.SumOfTerms ? Results(Device.Reference, absolute: true) : null);

    private sealed record Expectation(double[][] Values, double[][]? Magnitudes);
}
