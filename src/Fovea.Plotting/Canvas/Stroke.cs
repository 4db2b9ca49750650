namespace Fovea.Plotting.Canvas;

/// <summary>A line's paint, its width in pixels and its dashes. Ends and joins are round.</summary>
/// <param name="Paint">Colour and opacity.</param>
/// <param name="Width">Pixels across.</param>
/// <param name="Dashes">Lengths in pixels of dash, gap, dash, gap, ...; null is a solid line.</param>
internal readonly record struct Stroke(Paint Paint, double Width, double[]? Dashes = null);
