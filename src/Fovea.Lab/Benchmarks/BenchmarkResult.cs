using System.Text.Json;
using System.Text.Json.Serialization;
using Fovea.Lab.Benchmarks.Profiles;
using Fovea.Tensors;

namespace Fovea.Lab.Benchmarks;

/// <summary>Speed and memory of whole steps; the JSON of <c>fovea bench</c>.</summary>
public sealed record BenchmarkResult
{
    /// <summary>Preset.</summary>
    public required string Model { get; init; }

    /// <summary>Device.</summary>
    public required string Device { get; init; }

    /// <summary>Precision of products, in JSON as the option names it.</summary>
    [JsonConverter(typeof(PrecisionName))]
    public required Precision Precision { get; init; }

    /// <summary><c>train</c> or <c>infer</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Whether the forward pass was compiled.</summary>
    public required bool Compiled { get; init; }

    /// <summary>Images per step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Threads that computed.</summary>
    public required int Threads { get; init; }

    /// <summary>Their placement, in a sentence; null: nobody asked.</summary>
    public string? Placement { get; init; }

    /// <summary>Measured steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Images per second in the median step.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Images per second in the fastest step.</summary>
    public required double ImagesPerSecondBest { get; init; }

    /// <summary>Milliseconds of the median step.</summary>
    public required double MillisecondsPerStep { get; init; }

    /// <summary>Billions of operations per second in the median step, as <see cref="FlopCount"/> counts them.</summary>
    public required double GflopsPerSecond { get; init; }

    /// <summary>Peak of this machine's processor: a loop of multiplications and additions in registers, measured right
    /// before; null where another device computed.</summary>
    public required double? PeakGflopsPerSecond { get; init; }

    /// <summary>Their quotient; null also where a window leaves products out that are counted.</summary>
    public required double? PeakFraction { get; init; }

    /// <summary>Bytes of activations at the peak of a step: results of operators and their gradients.</summary>
    public required long ActivationBytes { get; init; }

    /// <summary>Largest resident set of the process.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Most bytes that the device held at once; null where it is this machine's processor.</summary>
    public required long? DeviceMemoryBytes { get; init; }

    /// <summary>Account of a step; null where none was asked for.</summary>
    public StepProfile? Profile { get; init; }

    private sealed class PrecisionName() : JsonStringEnumConverter<Precision>(JsonNamingPolicy.CamelCase);
}
