using Fovea.Tensors;

namespace Fovea.Data.Shapes;

/// <summary>Random numbers of one picture, taken one after the other.</summary>
internal sealed class Draws(Philox stream)
{
    private ulong _taken;

    public float Between(float low, float high) => stream.Uniform(_taken++, low, high);

    public int Below(int count) => stream.Below(_taken++, count);

    public bool Chance(float probability) => stream.Uniform(_taken++) < probability;

    /// <summary>
    /// Cosine and sine of an angle in (-π/2, π/2) times <paramref name="reach"/> (0 to 1), densest in the middle: from the tangent of
    /// the half angle, so that no library function decides the bits.
    /// </summary>
    public Point Direction(float reach)
    {
        float tangent = Between(-reach, reach), scale = 1 / (1 + tangent * tangent);
        return new((1 - tangent * tangent) * scale, 2 * tangent * scale);
    }
}
