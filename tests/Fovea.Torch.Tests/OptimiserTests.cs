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

    /// <summary>A device that works behind calls clips by itself, leaves out an update that would break weights, and
    /// all updates after it.</summary>
    [Theory]
    [InlineData("adam")]
    [InlineData("sgd")]
    [InlineData("lamb")]
    [InlineData("lars")]
    [InlineData("lion")]
    [InlineData("adan")]
    [InlineData("free")]
    [InlineData("cautious")]
    [InlineData("muon")]
    public void A_guard_clips_and_leaves_out_what_would_break_weights(string kind)
    {
        TorchBackend backend = (TorchBackend)Support.Torch.Device.Backend;
        backend.WorksBehindCalls = true;
        try
        {
            using StepScope scope = StepScope.Begin();
            Tensor weight = Tensor.From([1f, 2, 3], [3], Support.Torch.Device),
                mean = Tensor.Zeros([3], Support.Torch.Device), variance = Tensor.Zeros([3], Support.Torch.Device);
            StepGuard? before = null;
            float[] Step(float[] gradient, double? maximum)
            {
                Tensor g = Tensor.From(gradient, [3], Support.Torch.Device);
                before = Update.BeginGuard([g], maximum, before)!;
                switch (kind)
                {
                    case "adam":
                        Update.Adam(
                            [new(new(0.1f, 0, 0, 1, 0, true, 1, 1), weight, g, mean, variance)],
                            before);
                        break;
                    case "lamb":
                        Update.Lamb([new(new(0.1f, 0, 0, 1, 0, false, 1, 1), weight, g, mean, variance)],
                            before);
                        break;
                    case "lars":
                        Update.Lars([new(new(0.1f, 0, 0, false, 1, 0, false, true, 1), weight, g)],
                            before);
                        break;
                    case "lion":
                        Update.Lion([new(new(0.1f, 0.5f, 0.5f, 0.5f, 1), weight, g, mean)], before);
                        break;
                    case "adan":
                        Update.Adan([new(new(0.1f, 0, 0, 0, 1, 0, 1, 1), weight, g, mean, variance,
                            Tensor.Zeros([3], Support.Torch.Device), Tensor.Zeros([3], Support.Torch.Device))], before);
                        break;
                    case "free":
                        Update.ScheduleFree([new(new(0.1f, 0.5f, 0, 1, 0, 0, true, 1), weight, g, mean, variance)],
                            before);
                        break;
                    case "cautious":
                        Update.Cautious([new(new(1, 0.1f), weight, g, Tensor.From([-0.6f, 3, -0.8f], [3],
                            Support.Torch.Device))], before);
                        break;
                    case "muon":
                        Update.Muon([new(new(0.1f, 0, false, 0, 1, 1, 1, 1), weight, g, mean)], before);
                        break;
                    default:
                        Update.Sgd([new(new(0.1f, 0, 0, 0, false, true, 1), weight, g)], before);
                        break;
                }

                return weight.ToArray();
            }

            // The length is 5: clipped to 1 a gradient is a fifth, as without a guard. Adam divides by |g| + 1 here.
            // LAMB and LARS bring the change to the length of the weight, √14.
            (float first, float second) = kind is "adam" or "lamb" ? (0.6f / 1.6f, 0.8f / 1.8f) : (0.6f, 0.8f);
            float trust = kind is "lamb" or "lars" ? MathF.Sqrt(14 / (first * first + second * second)) : 1;
            (first, second) = (trust * first, trust * second);
            (first, second) = kind switch
            {
                "lion" => (1 + 0.5f, 1 + 3 * 0.5f),                     // the sign, and weight decay
                "adan" => (0.6f / 1.6f, 0.8f / 1.8f),
                "free" => (0.5f * 0.6f / 1.6f, 0.5f * 0.8f / 1.8f),     // y goes half as far as z
                "cautious" => (0.6f * 1.5f, 0.8f * 1.5f),               // two of three agree
                "muon" => (0.6f * 0.701f, 0.8f * 0.701f),               // 3.4445 - 4.775 + 2.0315 of a length of 1
                _ => (first, second),
            };
            AssertAll([1 - 0.1f * first, kind == "lion" ? 2 - 0.1f * 2 * 0.5f : 2, 3 - 0.1f * second],
                Step([3, 0, 4], 1));
            float[] kept = Step([0, 0, 0], 1);
            Assert.Equal(kept, Step([float.NaN, 1, 1], 1));
            Assert.Equal(kept, Step([1, 1, 1], null));
            PendingNumbers pending = Update.BeginRead([weight, mean])!;
            Assert.Equal(kept, pending.Wait()[..3]);
        }
        finally
        {
            backend.WorksBehindCalls = false;
        }
    }

    private static void AssertAll(float[] expected, float[] shown)
    {
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], shown[i], 1e-5f);
    }

    private static void AssertNear(double expected, double shown)
    {
        if (double.IsFinite(expected)) Assert.InRange(shown, expected - 1e-5 * expected, expected + 1e-5 * expected);
        else Assert.Equal(expected, shown);
    }
}
