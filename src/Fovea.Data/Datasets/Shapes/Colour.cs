namespace Fovea.Data.Datasets.Shapes;

/// <summary>Red, green and blue, 0 to 1.</summary>
internal readonly record struct Colour(float Red, float Green, float Blue)
{
    public static Colour Mix(Colour a, Colour b, float share) =>
        new(a.Red + share * (b.Red - a.Red), a.Green + share * (b.Green - a.Green), a.Blue + share * (b.Blue - a.Blue));

    /// <summary>A hue (0 to 1 round the circle) shaded or tinted to exactly the given luminance, then paled.</summary>
    public static Colour Of(float hue, float luminance, float saturation)
    {
        Colour pure = Pure(hue), grey = new(luminance, luminance, luminance);
        float own = 0.299f * pure.Red + 0.587f * pure.Green + 0.114f * pure.Blue;   // ITU-R BT.601
        Colour vivid = luminance < own
            ? Mix(default, pure, luminance / own)
            : Mix(pure, new(1, 1, 1), (luminance - own) / (1 - own));
        return Mix(grey, vivid, saturation);
    }

    private static Colour Pure(float hue) => new(Ramp(hue), Ramp(hue + 2f / 3), Ramp(hue + 1f / 3));

    /// <summary>Red along the circle: 1 within a sixth of 0, 0 beyond a third, straight between.</summary>
    private static float Ramp(float hue)
    {
        float turn = hue - MathF.Floor(hue);
        return Math.Clamp(6 * MathF.Abs(turn - 0.5f) - 1, 0, 1);
    }
}
