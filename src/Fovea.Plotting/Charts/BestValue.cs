namespace Fovea.Plotting.Charts;

/// <summary>Which point of a curve is pointed out.</summary>
public enum BestValue
{
    /// <summary>None.</summary>
    None,

    /// <summary>The lowest, as of a loss.</summary>
    Lowest,

    /// <summary>The highest, as of an accuracy.</summary>
    Highest,
}
