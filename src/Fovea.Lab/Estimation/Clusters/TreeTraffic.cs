using Fovea.Core.Collectives;

namespace Fovea.Lab.Estimation.Clusters;

/// <summary>Traffic of a <see cref="TreeSum"/> at the rank that has most of it.</summary>
/// <param name="Messages">Messages that it sends, one after another; it receives as many meanwhile.</param>
/// <param name="Vectors">Values that pass, as a multiple of the vector's: of each exchange the longer
/// direction.</param>
internal readonly record struct TreeTraffic(int Messages, double Vectors)
{
    /// <summary>Each rank finishes a part of the vector. In the first half it gets that part from every other rank,
    /// once for each node of the tree that the other has; in the second it hands the sum to every other rank.</summary>
    public static TreeTraffic Of(ShardTree tree)
    {
        int[] nodes = [.. Enumerable.Range(0, tree.Ranks).Select(rank => tree.NodesOf(rank).Count)];
        double most = 0;
        for (int rank = 0; rank < nodes.Length; rank++)
        {
            long parts = 0;
            for (int other = 0; other < nodes.Length; other++)
                if (other != rank) parts += Math.Max(nodes[rank], nodes[other]);
            most = Math.Max(most, (double)parts / tree.Ranks);
        }

        return new(2 * (tree.Ranks - 1), most + (tree.Ranks - 1.0) / tree.Ranks);
    }
}
