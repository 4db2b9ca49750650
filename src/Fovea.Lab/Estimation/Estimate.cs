using Fovea.Lab.Benchmarks;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Lab.Estimation;

/// <summary>Memory, operations, time and price of training a model; the JSON of <c>fovea estimate</c>.</summary>
public sealed record Estimate
{
    /// <summary>Preset.</summary>
    public required string Model { get; init; }

    /// <summary>Attention mechanism; null for models without.</summary>
    public required string? Attention { get; init; }

    /// <summary>Optimiser.</summary>
    public required string Optimizer { get; init; }

    /// <summary>Images without labels that a step learns from for each labelled one; 0: none.</summary>
    public required int UnlabelledImages { get; init; }

    /// <summary>Pixels a side.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Values that training can change.</summary>
    public required long Parameters { get; init; }

    /// <summary>10⁹ multiply-adds of an image's forward pass: what papers call MACs, and often FLOPs.</summary>
    public double ForwardGmacs => ForwardGflops / 2;

    /// <summary>10⁹ operations of an image's forward pass, two for each multiply-add.</summary>
    public required double ForwardGflops { get; init; }

    /// <summary>The same of its share of a training step.</summary>
    public required double TrainingGflops { get; init; }

    /// <summary>Bytes read and written in an image's forward pass, without the weights.</summary>
    public required double ForwardBytesPerImage { get; init; }

    /// <summary>The same of its share of a training step.</summary>
    public required double TrainingBytesPerImage { get; init; }

    /// <summary>Bytes of an image's activations at the peak of a training step.</summary>
    public required double ActivationBytesPerImage { get; init; }

    /// <summary>Bytes of weights, gradients and the optimiser's state.</summary>
    public required long StateBytes { get; init; }

    /// <summary>Memory of one device, 10⁹ bytes.</summary>
    public required double MemoryGigabytes { get; init; }

    /// <summary>Images of the largest training step that fits into it.</summary>
    public required int LargestBatch { get; init; }

    /// <summary>Images per step, over all devices.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Device.</summary>
    public required string Device { get; init; }

    /// <summary>Share of its peak that is reckoned with, or was measured.</summary>
    public required double Efficiency { get; init; }

    /// <summary>Time and cost by number of devices.</summary>
    public required IReadOnlyList<Run> Times { get; init; }

    /// <summary>The schedule on so many devices.</summary>
    /// <param name="Devices">Devices that share the batch.</param>
    /// <param name="ImagesPerSecond">Training images per second.</param>
    /// <param name="Hours">Hours of the whole schedule.</param>
    /// <param name="Dollars">For all devices.</param>
    /// <param name="Fits">A device's share of the batch fits into its memory.</param>
    public sealed record Run(int Devices, double ImagesPerSecond, double Hours, double Dollars, bool Fits);

    /// <summary>Estimates; measures this machine where no device is given.</summary>
    /// <param name="options">Model, attention, image size and global batch.</param>
    /// <param name="device">The device; null: this machine, measured for <c>options.Seconds</c>.</param>
    /// <param name="phases">The schedule.</param>
    /// <param name="counts">Numbers of devices.</param>
    /// <param name="memory">Memory for the largest batch, 10⁹ bytes; null: the device's.</param>
    /// <param name="semi">Learning from images without labels, too; null: none. Batch, schedule and what is said of an
    /// image then count labelled ones.</param>
    /// <exception cref="UsageException">There is no such preset or mechanism, or sizes do not fit together.</exception>
    public static Estimate Of(BenchmarkOptions options, DeviceProfile? device, IReadOnlyList<Phase> phases,
        IReadOnlyList<int> counts, double? memory, SemiSupervisedSection? semi = null)
    {
        ModelConfig config = Benchmark.Configure(options);
        if (options.GradientCheckpointing && !config.Build().CanRecompute)
            throw new UsageException($"the model '{options.Model}' cannot compute its blocks again.")
            {
                Field = "grad-checkpoint"
            };
        ModelCost supervised = ModelCost.OfTraining(config, options.GradientCheckpointing, options.Optimisation);
        ModelCost inference = ModelCost.OfInference(config);
        ModelCost training = supervised.WithUnlabelled(semi ?? new(), inference);
        device ??= ThisMachine.Measure(options, supervised);
        double gigabytes = memory ?? device.Memory;
        int largest = training.LargestBatch(gigabytes * 1e9, device.ElementBytes);
        return new Estimate
        {
            Model = options.Model,
            Attention = config.Describe().Attention?.ToString(),
            Optimizer = options.Optimisation.Optimizer.Word(),
            UnlabelledImages = training.ImagesPerLabel - 1,
            ImageSize = config.ImageSize,
            Parameters = training.Parameters,
            ForwardGflops = inference.FlopsPerImage / 1e9,
            TrainingGflops = training.FlopsPerImage / 1e9,
            ForwardBytesPerImage = inference.BytesPerImage,
            TrainingBytesPerImage = training.BytesPerImage,
            ActivationBytesPerImage = training.ActivationBytesPerImage,
            StateBytes = training.StateBytes,
            MemoryGigabytes = gigabytes,
            LargestBatch = largest,
            BatchSize = options.BatchSize,
            Device = device.Name,
            Efficiency = device.EfficiencyOf(training),
            Times = [.. counts.Select(count =>
                Reckon(options.BatchSize, training, supervised, device, phases, count, largest))],
        };
    }

    private static Run Reckon(int batchSize, ModelCost cost, ModelCost supervised, DeviceProfile device,
        IReadOnlyList<Phase> phases, int count, int largest)
    {
        double imagesPerSecond = batchSize / device.StepSeconds(cost, batchSize, count);
        double alone = batchSize / device.StepSeconds(supervised, batchSize, count);
        double hours = phases.Sum(phase => phase.Seconds(imagesPerSecond, alone)) / 3600;
        return new Run(count, imagesPerSecond, hours, hours * count * device.PricePerHour,
            Math.Ceiling((double)batchSize / count) <= largest);
    }
}
