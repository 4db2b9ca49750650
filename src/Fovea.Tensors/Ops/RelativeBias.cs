namespace Fovea.Tensors;

/// <summary>
/// What is added to attention's scores by relative position: <c>Query[i, r] + Key[j, r] + Head[r]</c> with r the bucket
/// of query i and key j (<see cref="TokenRelation.Bucket"/>). Each term may be missing.
/// </summary>
/// <param name="Query"><c>[batch, head, query, bucket]</c>: content to position.</param>
/// <param name="Key"><c>[batch, head, key, bucket]</c>: position to content.</param>
/// <param name="Head"><c>[head, bucket]</c>: position to position, or a learned table.</param>
public readonly record struct RelativeBias(Tensor? Query = null, Tensor? Key = null, Tensor? Head = null)
{
    internal bool IsEmpty => Query is null && Key is null && Head is null;
}
