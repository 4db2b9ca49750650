using Fovea.Torch.Backends;

namespace Fovea.Torch.Tests;

/// <summary>Calls over lists of tensors.</summary>
public sealed class OptimiserTests
{
    /// <summary>The way of cuda, tried on the CPU: tensors of different lengths, one without elements, one that is not
    /// finite.</summary>
    [Fact]
    public void Sums_in_one_call_are_those_of_each_tensor()
    {
        TorchBackend backend = (TorchBackend)Support.Torch.Device.Backend;
        float[][] values =
        [
            [1, -2, 3], [], [1e-4f], [.. Enumerable.Range(0, 5000).Select(i => i % 7 - 3f)], [float.NaN, 1],
            [float.PositiveInfinity],
        ];
        List<(Storage X, int Count)> tensors = [];
        foreach (float[] one in values)
        {
            Storage storage = backend.Rent(one.Length);
            backend.Write(storage, one);
            tensors.Add((storage, one.Length));
        }

        long calls = Native.HandleCount.Calls;
        backend.SumsInOneCall = true;
        double[] sums;
        try
        {
            sums = backend.SumsOfSquares(tensors);
            Assert.Equal(sums, backend.SumsOfSquares(tensors));   // with the lengths that were kept
            Assert.Equal([14], backend.SumsOfSquares([tensors[0]]));
        }
        finally
        {
            backend.SumsInOneCall = false;
        }

        Assert.InRange(Native.HandleCount.Calls - calls, 1, 12);
        for (int i = 0; i < values.Length; i++)
            AssertNear(values[i].Sum(value => (double)value * value), sums[i]);
        foreach ((Storage storage, _) in tensors) backend.Return(storage);
    }

    private static void AssertNear(double expected, double shown)
    {
        if (double.IsFinite(expected)) Assert.InRange(shown, expected - 1e-5 * expected, expected + 1e-5 * expected);
        else Assert.Equal(expected, shown);
    }
}
