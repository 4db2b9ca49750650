namespace Fovea.Plotting.Charts;

/// <summary>How an axis is divided.</summary>
public enum AxisScale
{
    /// <summary>Equal differences are equally far apart.</summary>
    Linear,

    /// <summary>Equal ratios are equally far apart.</summary>
    Logarithmic,
}
