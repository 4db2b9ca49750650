namespace Fovea.Lab.Benchmarks;

/// <summary>Times that ranks take to add vectors; the JSON of <c>fovea bench</c> between ranks.</summary>
public sealed record CollectiveResult
{
    /// <summary>Name and version of the transport.</summary>
    public required string Transport { get; init; }

    /// <summary>Number of ranks.</summary>
    public required int Ranks { get; init; }

    /// <summary>Ranks on the machine of rank 0.</summary>
    public required int RanksOnMachine { get; init; }

    /// <summary>Shards of the sums over a tree.</summary>
    public required int Shards { get; init; }

    /// <summary>One for each size, ascending.</summary>
    public required IReadOnlyList<CollectiveTiming> Sizes { get; init; }
}
