using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Images;

/// <summary>An image with a line of text below it.</summary>
public sealed record CaptionedImage(PlanarImage Image, string Caption);
