namespace Fovea.Vision.Attention.Disentangled;

/// <summary>Tables from an offset (query − key, along one axis) to a bucket of relative positions, for
/// <see cref="Tensors.TokenRelation"/>.</summary>
public static class RelativeBuckets
{
    /// <summary>DeBERTa's: offset δ in bucket clamp(δ + span, 0, 2 · span − 1) (He et al. 2021, arXiv:2006.03654, eq.
    /// 3).</summary>
    /// <param name="size">Tokens along the axis.</param>
    /// <param name="span">Farthest offset told apart.</param>
    /// <returns>Bucket of offset δ at δ + size − 1.</returns>
    public static int[] Clipped(int size, int span) =>
        Table(size, offset => Math.Clamp(offset + span, 0, 2 * span - 1));

    /// <summary>
    /// DeBERTa v2's: offsets up to span/2 one by one, larger ones on a logarithmic scale, up to
    /// <paramref name="farthest"/>; <c>2 · span</c> buckets.
    /// </summary>
    /// <inheritdoc cref="Clipped"/>
    /// <param name="size">Tokens along the axis.</param>
    /// <param name="span">Buckets to each side.</param>
    /// <param name="farthest">Offset that falls into the last bucket.</param>
    public static int[] Logarithmic(int size, int span, int farthest) =>
        Table(size, offset => Math.Clamp(LogarithmicOffset(offset, span, farthest) + span, 0, 2 * span - 1));

    /// <summary>The offset that stands for <paramref name="offset"/> on DeBERTa v2's logarithmic scale.</summary>
    public static int LogarithmicOffset(int offset, int span, int farthest)
    {
        int middle = span / 2;
        if (Math.Abs(offset) <= middle) return offset;
        double scaled = Math.Log(Math.Abs(offset) / (double)middle) / Math.Log((farthest - 1) / (double)middle) * (
            middle - 1);
        return Math.Sign(offset) * ((int)Math.Ceiling(scaled) + middle);
    }

    /// <summary>|δ|: one bucket per distance.</summary>
    /// <inheritdoc cref="Clipped"/>
    public static int[] Distance(int size) => Table(size, Math.Abs);

    /// <summary>|δ| with distances beyond 2 in ranges that double: 0, 1, 2, 3–4, 5–8, ... few buckets for many
    /// tokens.</summary>
    /// <inheritdoc cref="Clipped"/>
    public static int[] DoublingDistance(int size) =>
        Table(size, offset => Math.Abs(offset) <= 2 ? Math.Abs(offset)
            : 2 + (int)Math.Ceiling(Math.Log2(Math.Abs(offset) / 2.0)));

    private static int[] Table(int size, Func<int, int> bucket) =>
        [.. Enumerable.Range(1 - size, 2 * size - 1).Select(bucket)];
}
