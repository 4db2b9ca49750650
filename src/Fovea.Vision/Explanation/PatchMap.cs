using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>A number for each patch of an image.</summary>
/// <param name="Rows">Rows of patches.</param>
/// <param name="Columns">Columns of patches.</param>
/// <param name="Values">Row by row.</param>
public sealed record PatchMap(int Rows, int Columns, float[] Values)
{
    /// <summary>The smallest and the largest value.</summary>
    public (float Low, float High) Range => (Values.Min(), Values.Max());

    /// <summary>The patches' part of a row over all tokens.</summary>
    /// <param name="tokens">A value per token, prefix first.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    public static PatchMap Of(ReadOnlySpan<float> tokens, TokenGrid grid) =>
        new(grid.Rows, grid.Columns, tokens.Slice(grid.Prefix, grid.Patches).ToArray());

    /// <summary>Shares of the values' magnitudes, with sum 1; the map itself where all are 0.</summary>
    public PatchMap Normalized()
    {
        float sum = Values.Sum(MathF.Abs);
        return sum > 0 ? this with { Values = Array.ConvertAll(Values, value => MathF.Abs(value) / sum) } : this;
    }

    /// <summary>Share of the map that lies on a part of the image: Σ values · cover / Σ values; NaN where the values
    /// sum to 0.</summary>
    /// <param name="cover">Share of each patch that belongs to the part, 0 to 1, row by row.</param>
    /// <exception cref="ArgumentException">There is not one for each patch.</exception>
    public double ShareOn(ReadOnlySpan<float> cover)
    {
        if (cover.Length != Values.Length)
            throw new ArgumentException($"PatchMap: {Values.Length} patches need as many shares, got {cover.Length}.",
                nameof(cover));
        double on = 0, all = 0;
        for (int i = 0; i < cover.Length; i++)
        {
            on += (double)Values[i] * cover[i];
            all += Values[i];
        }

        return on / all;
    }
}
