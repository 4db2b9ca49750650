using Fovea.Lab.Benchmarks;
using Fovea.Nn.Optimization;
using Fovea.Tensors.Backends.Meta;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;

namespace Fovea.Lab.Estimation;

/// <summary>Cost of a model's step, counted by running it on a backend that only knows sizes
/// (<see cref="MetaBackend"/>).</summary>
public sealed record ModelCost
{
    private const int Few = 16, Many = 32;   // batches between which memory and traffic grow by the image
    private readonly ModelConfig _config;
    private readonly OptimisationSection? _optimisation;
    private readonly bool _recomputesBlocks;

    private ModelCost(ModelConfig config, OptimisationSection? optimisation, bool recomputesBlocks) =>
        (_config, _optimisation, _recomputesBlocks) = (config, optimisation, recomputesBlocks);

    /// <summary>Values that training can change.</summary>
    public required long Parameters { get; init; }

    /// <summary>Floating-point operations of one image (two for each multiply-accumulate of a product).</summary>
    public required double FlopsPerImage { get; init; }

    /// <summary>Floating-point operations of a training step whatever the batch: the products of Muon's
    /// iteration.</summary>
    public required double FlopsPerStep { get; init; }

    /// <summary>Images that a training step learns from for each that is counted: 1, and those without
    /// labels.</summary>
    public int ImagesPerLabel { get; private init; } = 1;

    /// <summary>Exponentials of the attention for one image; the backward pass has as many again.</summary>
    public required double ExponentialsPerImage { get; init; }

    /// <summary>The model's blocks are made of convolutions.</summary>
    public bool IsConvolutional => _config.Build().CountForward().IsConvolutional;

    /// <summary>Bytes read and written for each further image of a batch: operands and results of every primitive, once
    /// each.</summary>
    public required double BytesPerImage { get; init; }

    /// <summary>Bytes read and written once per step: weights, gradients and the optimiser's state.</summary>
    public required double BytesPerStep { get; init; }

    /// <summary>Bytes of parameters, and of gradients and the optimiser's state in training.</summary>
    public required long StateBytes { get; init; }

    /// <summary>Bytes of activations (and what the backward pass needs at its peak) for each image of a
    /// batch.</summary>
    public required double ActivationBytesPerImage { get; init; }

    /// <summary>Bytes that a step moves whatever the batch.</summary>
    public required double FixedActivationBytes { get; init; }

    /// <summary>Counts a training step.</summary>
    /// <param name="config">The model.</param>
    /// <param name="recomputesBlocks">The backward pass computes the blocks again, which saves memory.</param>
    /// <param name="optimisation">The optimiser; null: AdamW.</param>
    public static ModelCost OfTraining(ModelConfig config, bool recomputesBlocks = false,
        OptimisationSection? optimisation = null) =>
        Of(config, optimisation ?? new(), recomputesBlocks);

    /// <summary>Counts a forward pass.</summary>
    public static ModelCost OfInference(ModelConfig config) => Of(config, null, recomputesBlocks: false);

    /// <summary>The same with images without labels: each labelled image brings some through its training step, and a
    /// forward pass of each of them for its target. What counts by the image counts by the labelled one.</summary>
    /// <param name="semi">Method and ratio; none changes nothing.</param>
    /// <param name="inference">A forward pass of the same model.</param>
    public ModelCost WithUnlabelled(SemiSupervisedSection semi, ModelCost inference)
    {
        if (semi.Method == SemiMethod.None) return this;
        int ratio = semi.UsedRatio, images = 1 + ratio;
        // both methods keep an average of the weights: each step reads it and them, and writes it
        long average = sizeof(float) * Parameters;
        return this with
        {
            ImagesPerLabel = images,
            FlopsPerImage = images * FlopsPerImage + ratio * inference.FlopsPerImage,
            ExponentialsPerImage = images * ExponentialsPerImage + ratio * inference.ExponentialsPerImage,
            BytesPerImage = images * BytesPerImage + ratio * inference.BytesPerImage,
            BytesPerStep = BytesPerStep + inference.BytesPerStep + 3 * average,
            StateBytes = StateBytes + average,
            ActivationBytesPerImage = images * ActivationBytesPerImage,
        };
    }

    /// <summary>Memory of a step with so many images, bytes: exact for the tensors, without a process's other
    /// needs.</summary>
    public long MemoryBytes(int batchSize)
    {
        StepMemory step = StepMemory.Of(_config, _optimisation, _recomputesBlocks, batchSize * ImagesPerLabel)[0];
        return step.Peak + StateBytes - step.State;
    }

    /// <summary>The largest batch whose step fits into so many bytes; 0 where not even one image does.</summary>
    /// <param name="bytes">The memory.</param>
    /// <param name="elementBytes">Bytes of an activation; weights and what belongs to them stay in single
    /// precision.</param>
    public int LargestBatch(double bytes, int elementBytes = sizeof(float))
    {
        double room = (bytes - StateBytes) * sizeof(float) / elementBytes - FixedActivationBytes;
        return (int)Math.Clamp(room / ActivationBytesPerImage, 0, int.MaxValue);
    }

    private static ModelCost Of(ModelConfig config, OptimisationSection? optimisation, bool recomputesBlocks)
    {
        bool training = optimisation is not null;
        StepMemory[] counted = StepMemory.Of(config, optimisation, recomputesBlocks, Few, Many);
        StepMemory few = counted[0], many = counted[1];
        double moved = (many.Moved - few.Moved) / (double)(Many - Few);
        double kept = (many.Peak - few.Peak) / (double)(Many - Few);
        return new ModelCost(config, optimisation, recomputesBlocks)
        {
            Parameters = config.Build().ParameterCount,
            FlopsPerStep = optimisation is { Optimizer: OptimizerKind.Muon }
                && OptimisationChoice.Optimizer(optimisation, config.Build()) is Muon muon ? muon.FlopsPerStep : 0,
            FlopsPerImage = training ? FlopCount.Training(config, recomputesBlocks) : FlopCount.Forward(config),
            ExponentialsPerImage = FlopCount.Exponentials(config) * (training ? recomputesBlocks ? 3 : 2 : 1),
            BytesPerImage = moved,
            BytesPerStep = few.Moved - Few * moved,
            StateBytes = few.State,
            ActivationBytesPerImage = kept,
            FixedActivationBytes = few.Peak - few.State - Few * kept,
        };
    }
}
