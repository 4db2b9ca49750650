namespace Fovea.Training.Recipes;

/// <summary>
/// Everything that decides how a training run goes. Immutable; made from the defaults, then a recipe file, then the command line, and
/// kept in the run directory as it was finally used. Members that are null are chosen to fit the model and the dataset.
/// </summary>
public sealed record Recipe
{
    /// <summary>What is used where nothing else is said: a small ViT on drawn shapes, done in about two minutes.</summary>
    public static Recipe Default { get; } = new();

    /// <summary>Which network.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>Which images, and what is done to them.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>How weights move.</summary>
    public OptimisationSection Optimisation { get; init; } = new();

    /// <summary>How the learning rate changes.</summary>
    public ScheduleSection Schedule { get; init; } = new();

    /// <summary>What keeps the network from learning by heart.</summary>
    public RegularisationSection Regularisation { get; init; } = new();

    /// <summary>Learning from another model besides the labels.</summary>
    public DistillationSection Distillation { get; init; } = new();

    /// <summary>Seed, machine and bookkeeping.</summary>
    public RunSection Run { get; init; } = new();
}
