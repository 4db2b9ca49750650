using Fovea.Core.Collectives;
using Fovea.Training.Recipes;

namespace Fovea.Training.Ranks;

/// <summary>Number of shards of a batch.</summary>
internal static class ShardChoice
{
    /// <summary>Shards of a run that a launcher starts, unless a recipe says how many.</summary>
    public const int Usual = 8;

    /// <summary>The recipe with a number of shards: one where nobody launched several processes.</summary>
    /// <exception cref="UsageException">The number does not fit batch or ranks.</exception>
    public static Recipe Resolve(Recipe recipe, ICollective ranks, bool isLaunched)
    {
        OptimisationSection how = recipe.Optimisation;
        int shards = how.Shards ?? (isLaunched ? Math.Min(Usual, how.BatchSize) : 1);
        if (shards > how.BatchSize)
            throw new UsageException($"{shards} shards of a batch of {how.BatchSize}: each needs an image.")
            {
                Field = "shards",
                Remedy = "Choose fewer of them, or a larger `batch-size`.",
            };
        _ = new ShardTree(shards, ranks.Size);
        return recipe with { Optimisation = how with { Shards = shards } };
    }

    /// <summary>Refuses more ranks than there are training images.</summary>
    public static void RequireImages(ICollective ranks, int images)
    {
        if (ranks.Size > images)
            throw new UsageException($"{ranks.Size} ranks for {images} training images: each rank needs one.");
    }
}
