namespace Fovea.Vision.Position;

/// <summary>Ways by which tokens know where they are: vectors added to them (the first three), or a part of attention
/// (the others).</summary>
public enum PositionKind
{
    /// <summary>A learned vector per token; see <see cref="LearnedPosition"/>.</summary>
    Learned,

    /// <summary>Fixed sines and cosines of row and column; see <see cref="FixedPosition.Grid"/>.</summary>
    SinCos2d,

    /// <summary>Fixed sines and cosines of the index in the sequence; see
    /// <see cref="FixedPosition.Sequence"/>.</summary>
    SinCos1d,

    /// <summary>Queries and keys rotated by row and column; see <see cref="RotaryPosition"/>.</summary>
    Rope,

    /// <summary>The same by learned frequencies of row and column together; see
    /// <see cref="MixedRotaryPosition"/>.</summary>
    RopeMixed,

    /// <summary>A learned bias of the scores per offset; see <see cref="RelativePosition"/>.</summary>
    Relative,

    /// <summary>A bias of the scores that falls with the distance; see <see cref="AlibiPosition"/>.</summary>
    Alibi,

    /// <summary>None: the model sees a set of patches.</summary>
    None,
}
