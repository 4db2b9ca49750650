namespace Fovea.Vision.Attention.Contract;

/// <summary>Changes that a model may make to a mechanism's input, beyond projecting the tokens.</summary>
[Flags]
public enum AttentionParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Norm queries and keys head by head: they are packed with the values.</summary>
    QueryKeyNorm = 1,

    /// <summary>Rotate queries and keys: weights depend on products of a query and a key.</summary>
    Rotation = 2,

    /// <summary>Give scores a bias: <see cref="AttentionInput.Bias"/> is read.</summary>
    Bias = 4,
}
