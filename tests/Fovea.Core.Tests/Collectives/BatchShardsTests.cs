using Fovea.Core.Collectives;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Core.Tests.Collectives;

public sealed class BatchShardsTests
{
    [Fact]
    public void Every_image_belongs_to_one_shard_and_every_shard_to_one_rank() => Prop.ForAll(
        (from shards in Gen.Choose(1, 16)
         from ranks in Gen.Choose(1, shards)
         from images in Gen.Choose(1, 100)
         select (shards, ranks, images)).ToArbitrary(),
        ((int Shards, int Ranks, int Images) c) =>
        {
            (int First, int Count)[] shares = ThreadRanks.Run(c.Ranks,
                rank => new BatchShards(rank, c.Shards).Share(c.Images));
            BatchShards one = new(SingleProcess.Instance, c.Shards);
            if (one.IsWhole(c.Images)) return shares.All(share => share == (0, c.Images));
            int[] sizes = [.. Enumerable.Range(0, c.Shards).Select(shard => one.Images(c.Images, shard).Count)];
            int next = 0;
            foreach ((int first, int count) in shares)
            {
                if (first != next || count < 1) return false;
                next += count;
            }

            return next == c.Images && sizes.Sum() == c.Images && sizes.Max() - sizes.Min() <= 1 && sizes.Min() >= 1;
        }).QuickCheckThrowOnFailure();
}
