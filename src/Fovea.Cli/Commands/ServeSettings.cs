using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary>Settings of <c>fovea serve</c>, in units of its options and without types of the server, whose assembly is
/// loaded late.</summary>
internal sealed record ServeSettings
{
    public required IReadOnlyList<string> Models { get; init; }

    public required Func<string, TrainedModel> Load { get; init; }

    public required string Listen { get; init; }

    public required int Port { get; init; }

    public required IReadOnlyList<string> Hosts { get; init; }

    public required string? Token { get; init; }

    public required int MaxBatch { get; init; }

    /// <summary>Milliseconds.</summary>
    public required double MaxWait { get; init; }

    public required int Queue { get; init; }

    /// <summary>Seconds.</summary>
    public required double TimeLimit { get; init; }

    /// <summary>MiB.</summary>
    public required int MaxBody { get; init; }

    public required int? MaxPixels { get; init; }

    public required int MaxConnections { get; init; }
}
