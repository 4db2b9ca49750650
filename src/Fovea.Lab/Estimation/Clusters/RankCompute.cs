using System.Diagnostics;
using Fovea.Lab.Benchmarks;
using Fovea.Tensors;

namespace Fovea.Lab.Estimation.Clusters;

/// <summary>Time that one rank takes without others.</summary>
/// <param name="SecondsPerImage">Forward and backward pass of an image, whatever the batch.</param>
/// <param name="OptimiserSeconds">The optimiser's step.</param>
public sealed record RankCompute(double SecondsPerImage, double OptimiserSeconds)
{
    private const int LargestBatch = 64;
    private const double OptimiserBytes = 32;   // of a parameter: AdamW moves 7 numbers, and the gradient's length 1
    private const int Elements = 8 << 20;   // of each tensor that the memory is timed with: more than caches hold

    /// <summary>A device of the table: its products and exponentials, or its memory.</summary>
    public static RankCompute Of(DeviceProfile device, ModelCost cost)
    {
        double reached = device.Tflops * 1e12 * device.EfficiencyOf(cost);
        double products = cost.FlopsPerImage / reached
            + cost.ExponentialsPerImage / (device.Exponentials * 1e12);
        double traffic = cost.BytesPerImage * device.ElementBytes / sizeof(float) / (device.Bandwidth * 1e9);
        return new(Math.Max(products, traffic),
            OptimiserBytes * cost.Parameters / (device.Bandwidth * 1e9) + cost.FlopsPerStep / reached);
    }

    /// <summary>A speed of whole training steps that is known, the optimiser's step included.</summary>
    public static RankCompute Of(double imagesPerSecond) => new(1 / imagesPerSecond, 0);

    /// <summary>Trains on a device of this machine for some seconds. The optimiser's share is reckoned from the memory
    /// that it moves and its share of the products.</summary>
    /// <param name="options">The model, and how long.</param>
    /// <param name="cost">The model's cost.</param>
    public static RankCompute Measure(BenchmarkOptions options, ModelCost cost)
    {
        long memory = Device.Describe(options.Device)?.Memory ?? MemoryLimit.Available;
        int batch = Math.Clamp(Math.Min(options.BatchSize, cost.LargestBatch(memory / 2)), 1, LargestBatch);
        BenchmarkResult result = Benchmark.Run(options with { BatchSize = batch, IsTraining = true });
        double step = batch / result.ImagesPerSecond;
        Device device = Device.Open(options.Device, options.Threads, options.Precision);
        double products = step * cost.FlopsPerStep / (batch * cost.FlopsPerImage + cost.FlopsPerStep);
        double optimiser = products
            + Math.Min(OptimiserBytes * cost.Parameters / MemoryBandwidth(device), (step - products) / 2);
        return new((step - optimiser) / batch, optimiser);
    }

    /// <summary>Bytes a second that a loop like an optimiser's moves; the median of some.</summary>
    private static double MemoryBandwidth(Device device)
    {
        using StepScope scope = StepScope.Begin();
        Tensor x = Tensor.Zeros([Elements], device), y = Tensor.Zeros([Elements], device);
        double[] seconds = new double[7];
        for (int i = 0; i < seconds.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Update.Lerp([(x, y)], 0.5f);
            device.Backend.Synchronize();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return 3.0 * sizeof(float) * Elements / seconds[seconds.Length / 2];
    }
}
