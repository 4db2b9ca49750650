namespace Fovea.Vision.Embedding;

/// <summary>How an image becomes tokens.</summary>
public enum EmbeddingKind
{
    /// <summary>One linear map per patch; see <see cref="LinearPatchEmbedding"/>.</summary>
    Patch,

    /// <summary>Three 3x3 convolutions; see <see cref="ConvolutionalEmbedding"/>.</summary>
    Convolution,
}
