namespace Fovea.Vision.Position;

/// <summary>Position embeddings.</summary>
public enum PositionKind
{
    /// <summary>A learned vector per token; see <see cref="LearnedPosition"/>.</summary>
    Learned,

    /// <summary>Fixed sines and cosines of row and column; see <see cref="FixedPosition.Grid"/>.</summary>
    SinCos2d,

    /// <summary>Fixed sines and cosines of the index in the sequence; see
    /// <see cref="FixedPosition.Sequence"/>.</summary>
    SinCos1d,

    /// <summary>None: the model sees a set of patches.</summary>
    None,
}
