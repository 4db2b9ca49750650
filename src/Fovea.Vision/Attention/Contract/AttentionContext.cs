using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Contract;

/// <summary>Knowledge that a mechanism is built with; the same for all, so that none needs a special case.</summary>
public sealed record AttentionContext
{
    /// <summary>Elements of a token.</summary>
    public required int Dim { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Elements of a head's query.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Arrangement of the tokens over an image of the configured size.</summary>
    public required TokenGrid Grid { get; init; }

    /// <summary>Rows and columns of patches that the model was made for, where others are configured; null: those of
    /// <see cref="Grid"/>.</summary>
    public int? PositionGrid { get; init; }

    /// <summary>Index of the block, from 0.</summary>
    public int Block { get; init; }

    /// <summary>Number of blocks.</summary>
    public int Depth { get; init; } = 1;

    /// <summary>Share of attention probabilities dropped while training, at least 0 and below 1.</summary>
    public float Dropout { get; init; }

    /// <summary>The mechanism as it was asked for, for messages.</summary>
    public string Mechanism { get; init; } = "of this model";

    /// <summary>For mechanisms that never store probabilities which could be dropped.</summary>
    /// <exception cref="UsageException">Dropout is asked for.</exception>
    internal void RequireNoDropout(string mechanism) => Check.That(
        Dropout == 0,
        $"AttentionDropout: '{mechanism}' has no probabilities to drop; set it to 0, or use plain 'softmax'.");
}
