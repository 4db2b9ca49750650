namespace Fovea.Plotting.Charts;

/// <summary>The point of a curve to point out.</summary>
public enum BestValue
{
    /// <summary>None.</summary>
    None,

    /// <summary>The lowest, as of a loss.</summary>
    Lowest,

    /// <summary>The highest, as of an accuracy.</summary>
    Highest,
}
