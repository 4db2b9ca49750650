namespace Fovea.Plotting.Canvas;

/// <summary>An ink with an opacity from 0 to 1. Shades are opacities, so that they work on either ground.</summary>
internal readonly record struct Paint(Ink Ink, double Opacity = 1)
{
    public static implicit operator Paint(Ink ink) => new(ink);
}
