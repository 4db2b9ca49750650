namespace Fovea.Training.Recipes;

/// <summary>Learning-rate schedules that a recipe can name.</summary>
public enum ScheduleKind
{
    /// <summary>Half a cosine from the learning rate to the smallest one.</summary>
    Cosine,

    /// <summary>Always the same.</summary>
    Constant,

    /// <summary>Multiplied by the decay rate every so many epochs.</summary>
    Step,

    /// <summary>Multiplied by the decay rate after each of the listed epochs.</summary>
    MultiStep,

    /// <summary>Multiplied by the decay rate after every epoch.</summary>
    Exponential,

    /// <summary>Up to the learning rate and down again along cosines.</summary>
    OneCycle,
}
