namespace Fovea.Vision.Attention;

/// <summary>A gate between a mechanism and the output projection: o ⊙ σ(W x), with x the normed tokens that attention
/// reads and W learned, without bias (Qiu et al. 2025, "Gated Attention for Large Language Models", arXiv:2505.06708,
/// eq. 5, position G1).</summary>
public enum AttentionGate
{
    /// <summary>No gate.</summary>
    None,

    /// <summary>A factor per token and head.</summary>
    Head,

    /// <summary>A factor per token and element.</summary>
    Element,
}
