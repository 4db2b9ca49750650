namespace Fovea.Lab.LearningRates;

/// <summary>Reasons of a range test's end.</summary>
public enum TestEnd
{
    /// <summary>All rates were tried.</summary>
    Complete,

    /// <summary>The loss rose to several times its smallest value.</summary>
    Diverged,

    /// <summary>The loss or a gradient became infinite or NaN.</summary>
    NotFinite,
}
