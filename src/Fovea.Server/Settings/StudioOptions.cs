namespace Fovea.Server.Settings;

/// <summary>Options of a studio.</summary>
public sealed record StudioOptions
{
    /// <summary>Folders of runs and studies. One that is not there yet is looked for again and again.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>Program that trains, with the arguments before those of a command, where pages may start, stop and
    /// resume runs; null: they may not.</summary>
    public IReadOnlyList<string>? Program { get; init; }

    /// <summary>Time between two looks at the files of a run that a page shows. Default 1 s.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);
}
