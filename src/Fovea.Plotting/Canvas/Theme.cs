namespace Fovea.Plotting.Canvas;

/// <summary>The colours a figure is drawn in.</summary>
public enum Theme
{
    /// <summary>Dark ink on a white ground: paper, and files that stand alone.</summary>
    Light,

    /// <summary>Bright ink on a near-black ground.</summary>
    Dark,
}
