using Fovea.Lab.Benchmarks;
using Fovea.Tensors;

namespace Fovea.Lab.Estimation;

/// <summary>The machine that this runs on, measured.</summary>
public static class ThisMachine
{
    /// <summary>Its name among devices.</summary>
    public const string Name = "this";

    private const int LargestBatch = 64;

    /// <summary>Trains for some seconds on the device of the options; the profile then says what whole steps of just
    /// this model take here.</summary>
    /// <param name="options">The model and the global batch; a batch that is too large for the memory or for a short
    /// run is made smaller.</param>
    /// <param name="cost">The model's cost.</param>
    public static DeviceProfile Measure(BenchmarkOptions options, ModelCost cost)
    {
        long memory = Device.Describe(options.Device)?.Memory ?? MemoryLimit.Available;
        int batch = Math.Clamp(Math.Min(options.BatchSize, cost.LargestBatch(memory / 2)), 1, LargestBatch);
        BenchmarkResult result = Benchmark.Run(options with { BatchSize = batch, IsTraining = true });
        double achieved = result.ImagesPerSecond * (cost.FlopsPerImage + cost.FlopsPerStep / batch) / 1e12;
        double peak = result.PeakGflopsPerSecond / 1e3 ?? achieved;   // a card's own is not known
        return new DeviceProfile(
            options.Device == Device.Names[0] ? Name : options.Device, Tflops: peak,
            Exponentials: double.PositiveInfinity, Bandwidth: double.PositiveInfinity,
            Memory: memory / 1e9, Interconnect: double.PositiveInfinity, PricePerHour: 0,
            Efficiency: achieved / peak, ConvolutionEfficiency: achieved / peak, ElementBytes: sizeof(float));
    }
}
