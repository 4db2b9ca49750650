using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;

namespace Fovea.Data.Tests.Loading;

[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;

/// <summary>Runs while no other test does: allocations are counted for the whole process.</summary>
[Collection<Alone>]
public sealed class DataLoaderAllocationTests
{
    [Fact]
    public void After_the_first_epoch_batches_allocate_nothing()
    {
        const int Batches = 64;
        DataLoader loader = new(ShapesDataset.Draw(0, "train", 8 * Batches), new()
        {
            BatchSize = 8,
            Transforms = TransformPipeline.Parse("random-resized-crop:24:interpolation=bicubic,hflip"),
        });
        Assert.Equal(Batches, loader.Epoch(0).Count());
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(Batches, loader.Epoch(1).Count());
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        // An epoch costs its thread, order and one worker's scratch. A batch's buffers alone would be 98 kB, 64 times.
        Assert.True(allocated < 98_000, $"{allocated} bytes in {Batches} batches");
    }
}
