namespace Fovea.Plotting.Text;

/// <summary>How values are written.</summary>
public enum ValueFormat
{
    /// <summary>As they are.</summary>
    Number,

    /// <summary>0 to 1 as 0 % to 100 %.</summary>
    Percent,
}
