namespace Fovea.Nn;

/// <summary>Context of a forward pass: everything that a layer depends on besides input and weights.</summary>
/// <remarks>It is a value that does not change; a model holds the current one (<see cref="Module.Context"/>).</remarks>
public sealed record ForwardContext
{
    /// <summary>Epoch 0, no random numbers.</summary>
    public static ForwardContext Default { get; } = new();

    /// <summary>Epoch that is trained, from 0, or in which loaded weights were trained.</summary>
    public int Epoch { get; init; }

    /// <summary>
    /// Random numbers of the training step, e.g. <c>Philox.For(seed, "dropout", step)</c>. Every layer takes its own
    /// stream of them, keyed by the layer's name. Null: nothing may draw.
    /// </summary>
    public Philox? Random { get; init; }

    /// <summary>
    /// Number in its batch of the first sample; 0 unless a batch is computed part by part. Dropout then draws for each
    /// part what it would draw for the whole batch.
    /// </summary>
    public int FirstSample { get; init; }

    /// <summary>False where a batch is computed part by part, and this is not the first part that this process
    /// computes: what a step does once is done then.</summary>
    public bool IsFirstPart { get; init; } = true;
}
