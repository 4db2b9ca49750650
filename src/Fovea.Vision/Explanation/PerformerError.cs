namespace Fovea.Vision.Explanation;

/// <summary>Distance of a Performer from the softmax model whose weights it has; see
/// <see cref="PerformerApproximation"/>.</summary>
/// <param name="Features">Random features per head.</param>
/// <param name="Seed">Which draw of them.</param>
/// <param name="Attention">|o' − o| / |o| of what attention mixes, over all tokens, given the same input; mean over the
/// blocks.</param>
/// <param name="Logits">|y' − y| / |y| of the class scores, the errors of all blocks together.</param>
public readonly record struct PerformerError(int Features, ulong Seed, double Attention, double Logits);
