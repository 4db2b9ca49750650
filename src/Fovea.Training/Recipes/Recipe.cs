namespace Fovea.Training.Recipes;

/// <summary>
/// Everything that decides how a training run goes. Immutable; made from the defaults, then a recipe file, then the
/// command line, and kept in the run directory as it was finally used. Members that are null are chosen to fit the
/// model and the dataset.
/// </summary>
public sealed record Recipe
{
    /// <summary>The recipe that is used unless told otherwise: a small ViT on drawn shapes, done in about two
    /// minutes.</summary>
    public static Recipe Default { get; } = new();

    /// <summary>The network.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>The images, and their transforms.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>The optimiser, and the parameters that it updates.</summary>
    public OptimisationSection Optimisation { get; init; } = new();

    /// <summary>The learning rate over time.</summary>
    public ScheduleSection Schedule { get; init; } = new();

    /// <summary>Measures against overfitting.</summary>
    public RegularisationSection Regularisation { get; init; } = new();

    /// <summary>Learning from another model besides the labels.</summary>
    public DistillationSection Distillation { get; init; } = new();

    /// <summary>Learning from images without labels beside those that have them.</summary>
    public SemiSupervisedSection SemiSupervised { get; init; } = new();

    /// <summary>Learning without classes.</summary>
    public PretrainingSection Pretraining { get; init; } = new();

    /// <summary>Seed, machine and bookkeeping.</summary>
    public RunSection Run { get; init; } = new();

    /// <summary>Seed that decides which images are held out and kept.</summary>
    public ulong SplitSeed => Data.SplitSeed ?? Run.Seed;

    /// <summary>Epoch that attention's windows go by; what is frozen as a whole keeps that of its weights.</summary>
    /// <param name="epoch">Of the training, from 0.</param>
    internal int WindowEpoch(int epoch) =>
        (Model.AttentionEpoch ?? 0) + (Optimisation.Freeze is null ? 0 : epoch);
}
