namespace Fovea.Data.Datasets.Shapes;

/// <summary>Random numbers of one image, taken one after the other.</summary>
internal sealed class Draws(Philox stream)
{
    private ulong _taken;

    public float Between(float low, float high) => stream.Uniform(_taken++, low, high);

    public int Below(int count) => stream.Below(_taken++, count);

    public bool Chance(float probability) => stream.Uniform(_taken++) < probability;

    /// <summary>
    /// Cosine and sine of an angle between -2·atan(<paramref name="reach"/>) and 2·atan(<paramref name="reach"/>): from
    /// the tangent of its half, so that no library function decides the bits.
    /// </summary>
    public Point Direction(float reach)
    {
        float tangent = Between(-reach, reach), scale = 1 / (1 + tangent * tangent);
        return new((1 - tangent * tangent) * scale, 2 * tangent * scale);
    }
}
