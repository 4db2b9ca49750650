using Fovea.Core.Collectives;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Tensors.Backends.Meta;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>Memory of a step, counted by running it on a backend that only knows sizes
/// (<see cref="MetaBackend"/>).</summary>
/// <param name="Peak">Bytes at the peak, weights included.</param>
/// <param name="Moved">Bytes read and written.</param>
/// <param name="State">Bytes that stay from step to step: weights, gradients and the optimiser's averages.</param>
public readonly record struct StepMemory(long Peak, long Moved, long State)
{
    private const int Few = 2, Many = 3;   // batches between which memory grows by the image

    /// <summary>Counts steps of several sizes: one before them allocates gradients and the optimiser's
    /// state.</summary>
    /// <param name="config">The model.</param>
    /// <param name="optimisation">A training step with its optimiser; null: a forward pass.</param>
    /// <param name="recomputesBlocks">The backward pass computes the blocks again.</param>
    /// <param name="batchSizes">Images of each.</param>
    /// <exception cref="UsageException">A tensor would have more elements than one can have.</exception>
    public static StepMemory[] Of(ModelConfig config, OptimisationSection? optimisation, bool recomputesBlocks,
        params ReadOnlySpan<int> batchSizes)
    {
        Device device = Device.CreateMeta();
        MetaBackend meta = (MetaBackend)device.Backend;
        ImageClassifier model = config.Build();
        model.Allocate(device);
        model.Train(optimisation is not null);
        model.RecomputesBlocks = recomputesBlocks;
        Optimizer? optimizer = optimisation is null ? null : OptimisationChoice.Optimizer(optimisation, model);
        Count(batchSizes[0]);
        StepMemory[] counted = new StepMemory[batchSizes.Length];
        for (int i = 0; i < counted.Length; i++) counted[i] = Count(batchSizes[i]);
        return counted;

        StepMemory Count(int batchSize)
        {
            meta.Reset();
            using (StepScope scope = StepScope.Begin())
            {
                Tensor images = Tensor.Zeros([batchSize, config.Channels, config.ImageSize, config.ImageSize], device);
                Tensor labels = Tensor.From(new int[batchSize], [batchSize], device);
                SyntheticStep.Run(model, optimizer, images, labels);
            }

            return new(meta.PeakBytes, meta.MovedBytes, meta.AllocatedBytes);
        }
    }

    /// <summary>Bytes at the peak of a step of any size, which grow by the image.</summary>
    /// <param name="config">The model.</param>
    /// <param name="optimisation">A training step with its optimiser; null: a forward pass.</param>
    /// <param name="recomputesBlocks">The backward pass computes the blocks again.</param>
    /// <param name="batchSize">Images.</param>
    /// <exception cref="UsageException">A tensor would have more elements than one can have.</exception>
    public static double PeakOf(ModelConfig config, OptimisationSection? optimisation, bool recomputesBlocks,
        int batchSize)
    {
        StepMemory[] counted = Of(config, optimisation, recomputesBlocks, Few, Many);
        return counted[0].Peak + (double)(counted[1].Peak - counted[0].Peak) * (batchSize - Few);
    }

    /// <summary>Refuses a recipe whose training step cannot fit into this machine's memory, before anything is
    /// allocated.</summary>
    /// <param name="recipe">A resolved recipe.</param>
    /// <param name="config">The model.</param>
    /// <param name="shards">How a batch is divided; null: not at all.</param>
    /// <exception cref="UsageException">It takes more memory than there is; the message has both, and what lowers
    /// it.</exception>
    internal static void Require(Recipe recipe, ModelConfig config, BatchShards? shards = null)
    {
        OptimisationSection how = recipe.Optimisation;
        bool recomputes = how.GradientCheckpointing && config.Build().CanRecompute;
        bool learnsAll = how.Freeze == 0;   // what is frozen needs no activations: a forward pass is what is certain
        shards ??= BatchShards.Single;
        int pieces = how.GradientAccumulation;
        if (!shards.IsWhole(how.BatchSize))
            // those that meet are there at once
            pieces *= config.Build().MixesImages ? shards.Ranks.Size : shards.Shards;
        int part = (int)Math.Min(int.MaxValue,
            (how.BatchSize + pieces - 1L) / pieces * recipe.SemiSupervised.ImagesPerLabel);
        MemoryLimit.Require(PeakOf(config, learnsAll ? how : null, recomputes, part) + CheckpointOf(recipe, config),
            $"a step of '{recipe.Model.Name}' with {part} images of {config.ImageSize} x {config.ImageSize} at a time",
            "Lower `batch-size`, `image-size` or the model's size, raise `patch-size` or `grad-accum`, or give "
                + "`grad-checkpoint`.", shards.Ranks.LocalSize);
    }

    /// <summary>Bytes of the copy that a checkpoint is written from while training goes on.</summary>
    private static double CheckpointOf(Recipe recipe, ModelConfig config)
    {
        OptimisationSection how = recipe.Optimisation;
        ImageClassifier model = config.Build();   // allocates nothing
        long weights = model.NamedState().Sum(entry => (long)entry.Tensor.Shape.Elements);
        int copies = recipe.Regularisation.EmaDecay is null ? 1 : 2;
        // those that are evaluated and those that are trained
        if (how.Optimizer == OptimizerKind.ScheduleFree) copies++;
        long state = how.Freeze != 0 ? 0 : OptimisationChoice.Optimizer(how, model).StateElements;
        return sizeof(float) * ((double)weights * copies + state);
    }
}
