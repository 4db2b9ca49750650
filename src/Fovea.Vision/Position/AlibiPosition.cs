using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// ALiBi on a grid: scores fall linearly with the Euclidean distance of the patches, in each head at another rate.
/// Nothing is learned, and images of another size need nothing.
/// </summary>
/// <remarks><code>
/// s_ij −= m_h · √(Δrow² + Δcolumn²)       m_h = 2^(−8h/heads), h from 1; 0 where either is no patch
/// </code>
/// Where the heads are no power of two, the slopes are those of the next lower power, and behind them every other one
/// of twice as many, as in the paper's code. Source: Press et al. 2022, "Train Short, Test Long", arXiv:2108.12409; on
/// two axes Fuller et al. 2023, "CROMA", arXiv:2311.00566, section 3.
/// </remarks>
public sealed class AlibiPosition(int heads) : IPositionBias
{
    private Remembered? _last;   // an object, so that threads see it whole or not at all

    /// <summary>m_h of each head.</summary>
    public IReadOnlyList<double> Slopes { get; } = SlopesOf(heads);

    /// <inheritdoc/>
    public PositionBias Of(TokenGrid grid, Device device)
    {
        if (_last is not { } known || known.Grid != grid) _last = known = Make(grid);
        return new(known.Relation, Tensor.From(known.Values, [heads, known.Relation.Buckets], device));
    }

    private Remembered Make(TokenGrid grid)
    {
        TokenRelation relation = OffsetRelation.Of(grid);
        float[] values = new float[heads * relation.Buckets];
        for (int head = 0; head < heads; head++)
            for (int bucket = 0; bucket < relation.GridBuckets; bucket++)
            {
                double rows = bucket / relation.ColumnBucketCount - grid.Rows + 1,
                    columns = bucket % relation.ColumnBucketCount - grid.Columns + 1;
                values[head * relation.Buckets + bucket] =
                    (float)(-Slopes[head] * Math.Sqrt(rows * rows + columns * columns));
            }

        return new(grid, relation, values);
    }

    private static double[] SlopesOf(int heads)
    {
        int power = 1;
        while (2 * power <= heads) power *= 2;
        return [.. Geometric(power), .. Geometric(2 * power).Where((_, i) => i % 2 == 0).Take(heads - power)];
    }

    private static IEnumerable<double> Geometric(int count) =>
        Enumerable.Range(1, count).Select(h => Math.Pow(2, -8.0 * h / count));

    private sealed record Remembered(TokenGrid Grid, TokenRelation Relation, float[] Values);
}
