namespace Fovea.Vision;

/// <summary>Sizes for listings; null where a family has no such size.</summary>
/// <param name="Dim">Elements of a token.</param>
/// <param name="Depth">Blocks.</param>
/// <param name="Heads">Attention heads of a block.</param>
public readonly record struct ModelSizes(int? Dim = null, int? Depth = null, int? Heads = null);
