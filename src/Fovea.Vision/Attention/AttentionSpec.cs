using Fovea.Core.Options;

namespace Fovea.Vision.Attention;

/// <summary>A mechanism with its options, e.g. <c>softmax</c> or <c>softmax:scale=0.1</c>.</summary>
/// <inheritdoc/>
public sealed class AttentionSpec(string text) : Spec<AttentionEntry>(text, "attention", AttentionCatalogue.All)
{
    /// <summary>Reads a text, so that one can stand where a mechanism is wanted.</summary>
    public static implicit operator AttentionSpec(string text) => new(text);
}
