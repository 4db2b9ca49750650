namespace Fovea.Plotting.Canvas;

/// <summary>The point of a text that its position names.</summary>
internal enum Anchor
{
    Start,
    Middle,
    End,
}

/// <summary>The look of a text.</summary>
/// <param name="Size">The em in pixels; capitals are 0.72 of it.</param>
/// <param name="Ink">Its colour.</param>
/// <param name="Anchor">The point of the baseline that the position names.</param>
/// <param name="Bold">Heavier strokes.</param>
/// <param name="Angle">Degrees, clockwise, about the position.</param>
/// <param name="Halo">Draws a margin of the ground around the letters, so that they stay readable across lines.</param>
internal readonly record struct TextStyle(
    double Size, Ink Ink = Ink.Text, Anchor Anchor = Anchor.Start, bool Bold = false, double Angle = 0,
    bool Halo = false)
{
    /// <summary>Pixels from the middle of the capitals down to the baseline.</summary>
    public double HalfCapital => 0.36 * Size;
}
