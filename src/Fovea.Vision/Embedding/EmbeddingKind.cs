namespace Fovea.Vision.Embedding;

/// <summary>Ways from an image to tokens.</summary>
public enum EmbeddingKind
{
    /// <summary>One linear map per patch; see <see cref="LinearPatchEmbedding"/>.</summary>
    Patch,

    /// <summary>Three 3x3 convolutions; see <see cref="ConvolutionalEmbedding"/>.</summary>
    Convolution,

    /// <summary>As many 3x3 convolutions as the patch size has halvings, each with max pooling; see
    /// <see cref="ConvolutionalEmbedding"/>.</summary>
    Tokenizer,
}
