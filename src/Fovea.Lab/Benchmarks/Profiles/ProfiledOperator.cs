namespace Fovea.Lab.Benchmarks.Profiles;

/// <summary>All calls of an operator with the same sizes in a step.</summary>
public sealed record ProfiledOperator
{
    /// <summary>The part of the step: <c>forward</c>, <c>backward</c> or <c>update</c>.</summary>
    public required string Phase { get; init; }

    /// <summary>Name of the primitive.</summary>
    public required string Operator { get; init; }

    /// <summary>Its sizes.</summary>
    public required string Size { get; init; }

    /// <summary>Calls in a step.</summary>
    public required int Calls { get; init; }

    /// <summary>Milliseconds of a step, medians of the calls added up.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>Billions of floating-point operations of a step; products only.</summary>
    public required double Gflop { get; init; }

    /// <summary>Millions of bytes that operands and results have.</summary>
    public required double Megabytes { get; init; }

    /// <summary>Billions of operations per second; 0 where there are none.</summary>
    public double GflopsPerSecond => Milliseconds > 0 ? Gflop / Milliseconds * 1e3 : 0;

    /// <summary>Billions of bytes per second.</summary>
    public double GigabytesPerSecond => Milliseconds > 0 ? Megabytes / Milliseconds : 0;
}
