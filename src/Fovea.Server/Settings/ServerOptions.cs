using System.Net;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Server.Settings;

/// <summary>Options of a server of models.</summary>
public sealed record ServerOptions
{
    /// <summary>Address to listen on. Default 127.0.0.1: this machine alone.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port to listen on; 0: one that is free. Default 8000.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>Names by which clients may call this server, besides <c>localhost</c> and addresses.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Secret that clients have to send as a bearer token; null: none.</summary>
    public string? Token { get; init; }

    /// <summary>Most images in one forward pass. Default 32.</summary>
    public int MaxBatch { get; init; } = 32;

    /// <summary>Longest time that an image waits for others to be computed with. Default 5 ms.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Images that a model has at most in hand: being decoded, waiting and being computed. Default
    /// 256.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Time for a request, from its headers to its answer. Default 30 s.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of a request's body. Default 32 MiB.</summary>
    public long MaxBody { get; init; } = 32 << 20;

    /// <summary>Bytes of the bodies of all requests together. Default 512 MiB, or one body.</summary>
    public long MaxBodies { get; init; } = 512 << 20;

    /// <summary>Limits on the cost of an image. Default 50 million pixels.</summary>
    public DecodeLimits Image { get; init; } = DecodeLimits.Of(50_000_000);

    /// <summary>Connections at a time. Default 1,000.</summary>
    public int MaxConnections { get; init; } = 1_000;

    /// <summary>Time between two looks at the checkpoints. Default 2 s.</summary>
    public TimeSpan ReloadEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Version that the server says it has.</summary>
    public string Version { get; init; } = "0";
}
