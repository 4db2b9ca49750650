namespace Fovea.Core.Collectives;

/// <summary>
/// The binary tree in which values of shards are added, and who has which shard. The tree depends on the number of
/// shards alone: shard 0 with 1, 2 with 3, then 0-1 with 2-3, and so on; a shard without a neighbour goes up as it is.
/// Each rank has a block of shards that lie side by side, so that it can add most of them by itself.
/// </summary>
public sealed class ShardTree
{
    /// <param name="shards">Number of shards.</param>
    /// <param name="ranks">Number of ranks, not more than shards.</param>
    /// <exception cref="UsageException">There are more ranks than shards, or none of either.</exception>
    public ShardTree(int shards, int ranks)
    {
        if (shards < 1)
            throw new UsageException($"there must be at least one shard, got {shards}.") { Field = "shards" };
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        if (ranks > shards)
            throw new UsageException($"{shards} {(shards == 1 ? "shard" : "shards")} of a batch cannot be divided "
                + $"among {ranks} ranks.")
            {
                Field = "shards",
                Remedy = $"Start at most {shards} of them, or take more shards (which changes the bits of results).",
            };
        (Shards, Ranks) = (shards, ranks);
    }

    /// <summary>Number of shards.</summary>
    public int Shards { get; }

    /// <summary>Number of ranks.</summary>
    public int Ranks { get; }

    /// <summary>The first shard of a rank; that of rank <see cref="Ranks"/> is the end.</summary>
    public int FirstOf(int rank) => (int)((long)rank * Shards / Ranks);

    /// <summary>Number of shards of a rank, at least one.</summary>
    public int CountOf(int rank) => FirstOf(rank + 1) - FirstOf(rank);

    /// <summary>The leaf of a shard.</summary>
    internal Node Leaf(int shard) => Raised(new Node(shard, 0));

    /// <summary>True where two nodes, the left one first, are the two below a third.</summary>
    internal static bool AreSiblings(Node left, Node right) =>
        left.Level == right.Level && left.First + (1 << left.Level) == right.First
            && left.First % (2 << left.Level) == 0;

    /// <summary>The node above two siblings.</summary>
    internal Node Above(Node left) => Raised(new Node(left.First, left.Level + 1));

    /// <summary>Nodes of a rank, from left to right, after it has added what belongs together.</summary>
    internal List<Node> NodesOf(int rank)
    {
        List<Node> nodes = [];
        for (int shard = FirstOf(rank); shard < FirstOf(rank + 1); shard++)
        {
            nodes.Add(Leaf(shard));
            while (nodes.Count > 1 && AreSiblings(nodes[^2], nodes[^1]))
            {
                nodes.RemoveAt(nodes.Count - 1);
                nodes[^1] = Above(nodes[^1]);
            }
        }

        return nodes;
    }

    /// <summary>A node whose sibling would be beyond the last shard goes up as it is.</summary>
    private Node Raised(Node node)
    {
        while (node.First > 0 && node.First % (2 << node.Level) == 0 && node.First + (1 << node.Level) >= Shards)
            node = node with { Level = node.Level + 1 };
        return node;
    }

    /// <summary>A sum of shards from <c>First</c> on, <c>2^Level</c> of them where there are so many.</summary>
    internal readonly record struct Node(int First, int Level);
}
