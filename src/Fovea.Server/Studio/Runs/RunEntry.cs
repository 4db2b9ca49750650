using System.Text.Json.Serialization;

namespace Fovea.Server.Studio.Runs;

/// <summary>A run in the list.</summary>
internal sealed record RunEntry
{
    public required string Id { get; init; }

    /// <summary>The id as it is shown.</summary>
    public required string Name { get; init; }

    [JsonConverter(typeof(JsonStringEnumConverter<RunState>))]
    public required RunState State { get; init; }

    /// <summary>Why it cannot be read.</summary>
    public string? Problem { get; init; }

    /// <summary>Id of the study that it is a cell of.</summary>
    public string? Study { get; init; }

    public string? Model { get; init; }

    public string? Attention { get; init; }

    public string? Dataset { get; init; }

    public string? Seed { get; init; }

    public int? Epochs { get; init; }

    public int? EpochsDone { get; init; }

    public long? Steps { get; init; }

    public double? TrainLoss { get; init; }

    /// <summary>Best of the epochs.</summary>
    public double? ValAccuracy { get; init; }

    public double? TestAccuracy { get; init; }

    public double? Seconds { get; init; }

    public double? ImagesPerSecond { get; init; }

    public DateTime? Changed { get; init; }

    /// <summary>Values of the fields in which the runs of the list differ.</summary>
    public IReadOnlyDictionary<string, string>? Recipe { get; init; }
}

/// <summary>A study in the list.</summary>
internal sealed record StudyEntry(string Id, string Name, string State, int Finished, int Cells, string? Now);

/// <summary>All runs and studies.</summary>
/// <param name="Folders">Folders that are looked through.</param>
/// <param name="Control">Runs may be started, stopped and resumed from pages.</param>
/// <param name="Fields">Fields of recipes in which the runs differ.</param>
/// <param name="Common">Values of the other fields, which all runs that have them share.</param>
/// <param name="Runs">Runs.</param>
/// <param name="Studies">Studies.</param>
internal sealed record RunList(IReadOnlyList<string> Folders, bool Control, IReadOnlyList<string> Fields,
    IReadOnlyDictionary<string, string> Common, IReadOnlyList<RunEntry> Runs, IReadOnlyList<StudyEntry> Studies);
