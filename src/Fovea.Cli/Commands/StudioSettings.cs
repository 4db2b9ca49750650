namespace Fovea.Cli.Commands;

/// <summary>Settings of <c>fovea studio</c>, without types of the server, whose assembly is loaded late.</summary>
internal sealed record StudioSettings
{
    public required IReadOnlyList<string> Folders { get; init; }

    public required string Listen { get; init; }

    public required int Port { get; init; }

    public required IReadOnlyList<string> Hosts { get; init; }

    public required string? Token { get; init; }

    /// <summary>Pages may start, stop and resume runs.</summary>
    public required bool AllowControl { get; init; }

    public required string Device { get; init; }

    public required int? Threads { get; init; }
}
