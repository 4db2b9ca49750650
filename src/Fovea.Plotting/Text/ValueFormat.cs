namespace Fovea.Plotting.Text;

/// <summary>The format of values.</summary>
public enum ValueFormat
{
    /// <summary>Plain numbers.</summary>
    Number,

    /// <summary>0 to 1 as 0 % to 100 %.</summary>
    Percent,
}
