using Fovea.Training.Tests.Support;
using Fovea.Training.Tracking;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Training.Tests.Tracking;

public class BlockLogTests
{
    private static readonly int[] Interesting =
        [0, 1, 7, BlockLog.BlockSize - 2 * BlockLog.HeadSize, BlockLog.BlockSize - 2 * BlockLog.HeadSize - 3,
            BlockLog.BlockSize - BlockLog.HeadSize, BlockLog.BlockSize, 3 * BlockLog.BlockSize + 5];

    /// <summary>Records that end just before, at and just behind the end of a block, among others of any
    /// size.</summary>
    [Fact]
    public void RecordsOfAnySizeReadBack() => Prop.ForAll(
        Gen.OneOf(Gen.Elements(Interesting), Gen.Choose(0, 90_000)).ListOf().Resize(12).ToArbitrary(),
        sizes =>
        {
            using TemporaryFolder folder = new();
            byte[][] records = [.. sizes
                .Select((size, i) => Enumerable.Range(i, size).Select(value => (byte)(value * 31)).ToArray())];
            using (BlockLog log = new(folder["run.wandb"]))
            {
                foreach (byte[] record in records) log.Write(record);
            }

            Assert.Equal(records, TrackedFiles.Records(folder["run.wandb"]));
        }).QuickCheckThrowOnFailure();
}
