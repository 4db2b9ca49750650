namespace Fovea.Data.Loading;

/// <summary>Draws from the symmetric beta distribution: <c>x / (x + y)</c> with two gamma variables of the same
/// shape.</summary>
/// <remarks>
/// Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables", section 2; below shape 1 by
/// <c>gamma(a) = gamma(a + 1) · u^(1/a)</c> (section 6).
/// </remarks>
internal static class BetaDistribution
{
    /// <summary>A number from 0 to 1: mean 1/2, variance <c>1 / (4 (2 alpha + 1))</c>.</summary>
    /// <param name="alpha">Shape, above 0: small ones keep to the ends, 1 is even, large ones to the middle.</param>
    /// <param name="draws">A stream that nothing else draws from; the next one is used too.</param>
    public static double Draw(double alpha, Philox draws)
    {
        double first = LogGamma(alpha, draws), second = LogGamma(alpha, new Philox(draws.Seed, draws.Stream + 1));
        // by logarithms: for small shapes both variables may be too small for a double
        return 1 / (1 + Math.Exp(second - first));
    }

    private static double LogGamma(double shape, Philox draws)
    {
        const ulong FirstUniform = 1UL << 32;   // apart from the words of the normals
        double boost = 0;
        if (shape < 1)
        {
            boost = Math.Log(1 - draws.Uniform(FirstUniform - 1)) / shape;
            shape++;
        }

        double d = shape - 1.0 / 3, c = 1 / Math.Sqrt(9 * d);
        for (ulong i = 0; ; i++)
        {
            double normal = draws.Normal(i), root = 1 + c * normal, v = root * root * root;
            if (v <= 0) continue;
            double uniform = 1 - draws.Uniform(FirstUniform + i);   // above 0
            if (Math.Log(uniform) < 0.5 * normal * normal + d - d * v + d * Math.Log(v)) return Math.Log(d * v) + boost;
        }
    }
}
