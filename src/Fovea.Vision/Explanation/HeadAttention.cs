namespace Fovea.Vision.Explanation;

/// <summary>Attention of one head, over images and queries.</summary>
/// <param name="Block">From 0.</param>
/// <param name="Head">From 0.</param>
/// <param name="Distance">Pixels from a patch to those that it looks at, weighted by attention; 0 where none
/// looks at a patch.</param>
/// <param name="Entropy">Of a token's weights over all tokens, in nats; 0 where it looks at one, ln n where at all n
/// alike.</param>
/// <param name="RowDeviation">Root mean square of row sums − 1.</param>
/// <param name="ColumnDeviation">Root mean square of column sums − 1.</param>
/// <param name="PrefixShare">Share of the patches' attention that goes to tokens that are no patches.</param>
public sealed record HeadAttention(
    int Block, int Head, double Distance, double Entropy, double RowDeviation, double ColumnDeviation,
    double PrefixShare)
{
    private const double Tolerance = 0.01;

    /// <summary>All rows and columns sum to 1 within a hundredth.</summary>
    public bool IsDoublyStochastic => RowDeviation < Tolerance && ColumnDeviation < Tolerance;
}
