using Fovea.Tensors;
using Fovea.Training.Recipes;

namespace Fovea.Lab.Benchmarks;

/// <summary>Model, sizes and length of a measurement.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Preset.</summary>
    public required string Model { get; init; }

    /// <summary>Training steps; otherwise forward passes.</summary>
    public bool IsTraining { get; init; }

    /// <summary>Optimiser of training steps; AdamW.</summary>
    public OptimisationSection Optimisation { get; init; } = new();

    /// <summary>Images per step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Height and width; null: the preset's.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Attention mechanism with options; null: the preset's.</summary>
    public string? Attention { get; init; }

    /// <summary>Blocks are computed again in the backward pass.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary><c>cpu</c> or <c>reference</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision of products on the device.</summary>
    public Precision Precision { get; init; }

    /// <summary>Threads; null: all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>Pinning of them to processors of their own; null: as the device does.</summary>
    public Pinning? Pinning { get; init; }

    /// <summary>Compile passes first; see <see cref="CompiledPass"/> and <see cref="CompiledGradients"/>.</summary>
    public bool IsCompiled { get; init; }

    /// <summary>Steps are accounted for operator by operator, too.</summary>
    public bool IsProfiled { get; init; }

    /// <summary>Measured steps; null: as many as fit in <see cref="Seconds"/>.</summary>
    public int? Steps { get; init; }

    /// <summary>Seconds of measuring, warm-up not counted.</summary>
    public double Seconds { get; init; } = 10;
}
