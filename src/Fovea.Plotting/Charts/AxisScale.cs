namespace Fovea.Plotting.Charts;

/// <summary>The scale of an axis.</summary>
public enum AxisScale
{
    /// <summary>Equal differences are equally far apart.</summary>
    Linear,

    /// <summary>Equal ratios are equally far apart.</summary>
    Logarithmic,
}
