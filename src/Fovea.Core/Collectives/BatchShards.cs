namespace Fovea.Core.Collectives;

/// <summary>Division of the images of a batch into shards, and of the shards among ranks: a shard has images that lie
/// side by side, and the first shards have one more where they do not divide evenly.</summary>
/// <param name="Ranks">The ranks.</param>
/// <param name="Shards">Number of shards.</param>
public sealed record BatchShards(ICollective Ranks, int Shards)
{
    private readonly ShardTree _tree = new(Shards, Ranks.Size);

    /// <summary>One shard on one rank.</summary>
    public static BatchShards Single { get; } = new(SingleProcess.Instance, 1);

    /// <summary>The first shard of this rank.</summary>
    public int First => _tree.FirstOf(Ranks.Rank);

    /// <summary>Number of shards of this rank, at least one.</summary>
    public int Count => _tree.CountOf(Ranks.Rank);

    /// <summary>True where a batch is one shard by itself: one with fewer images than shards, of which every rank
    /// computes the whole.</summary>
    public bool IsWhole(int images) => Shards == 1 || images < Shards;

    /// <summary>Images of a shard.</summary>
    /// <param name="images">Images of the batch, not fewer than shards.</param>
    /// <param name="shard">0 to <see cref="Shards"/> - 1.</param>
    public (int First, int Count) Images(int images, int shard)
    {
        (int least, int more) = Math.DivRem(images, Shards);
        return (shard * least + Math.Min(shard, more), least + (shard < more ? 1 : 0));
    }

    /// <summary>Images that this rank computes with.</summary>
    /// <param name="images">Images of the batch.</param>
    public (int First, int Count) Share(int images)
    {
        if (IsWhole(images)) return (0, images);
        int first = Images(images, First).First;
        (int start, int count) = Images(images, First + Count - 1);
        return (first, start + count - first);
    }
}
