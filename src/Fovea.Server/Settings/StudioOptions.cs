using Fovea.Training.Models;

namespace Fovea.Server.Settings;

/// <summary>Options of a studio.</summary>
public sealed record StudioOptions
{
    /// <summary>Folders of runs and studies. One that is not there yet is looked for again and again.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>Commands where pages may start, stop and resume runs; null: they may not.</summary>
    public RunCommands? Commands { get; init; }

    /// <summary>Loads the model of a checkpoint; null: on the CPU.</summary>
    public Func<string, TrainedModel>? Load { get; init; }

    /// <summary>Time between two looks at the files of a run that a page shows. Default 1 s.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);
}
