namespace Fovea.Torch.Backends;

/// <summary>A relation of tokens as tables on a device, made once.</summary>
/// <param name="Buckets">Bucket of query i and key j at <c>[i, j]</c>, whole numbers of 64 bits.</param>
/// <param name="Mirrored">The same at <c>[j, i]</c>.</param>
/// <param name="Hidden">0 where i sees j, else −∞, at <c>[i, j]</c>; null where all are seen.</param>
/// <param name="Seen">1 where i sees j, else 0, at <c>[i, j]</c>; null where all are seen.</param>
internal sealed record RelationTables(TorchStorage Buckets, TorchStorage Mirrored, TorchStorage? Hidden,
    TorchStorage? Seen);
