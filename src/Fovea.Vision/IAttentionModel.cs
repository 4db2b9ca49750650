
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision;

/// <summary>A model of tokens that attend to each other: its attention can be recorded and explained.</summary>
public interface IAttentionModel
{
    /// <summary>The attention mechanism of each block, first to last.</summary>
    IReadOnlyList<IAttention> Mechanisms { get; }

    /// <summary>Names of the tokens that the classifier head reads, for captions: <c>the class token</c>.</summary>
    string ReadTokens { get; }

    /// <summary>Names of the tokens before the patches, first to last, for captions: <c>class token</c>.</summary>
    IReadOnlyList<string> PrefixNames { get; }

    /// <summary>Arrangement of the tokens over an image of this size.</summary>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    TokenGrid GridOf(int height, int width);

    /// <summary>Class scores of images, recorded on the way.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="recorder">Hears what each block attends to, or null.</param>
    /// <returns>Logits <c>[batch, class]</c>; pooled features <c>[batch, dim]</c> if the model has no classifier
    /// head.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    Tensor Forward(Tensor images, IAttentionRecorder? recorder);

    /// <summary>Weight of each token in the input of the classifier head; they sum to 1.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="pooling">Recorded weights of the patches where pooling is learned; else null.</param>
    float[] Readout(TokenGrid grid, float[]? pooling);

    /// <summary>Positions of the patches on a grid, resampled where it is not the configured one; null where the model
    /// has none.</summary>
    /// <returns><c>[patch, dim]</c>.</returns>
    Tensor? PatchPositions(TokenGrid grid);

    /// <inheritdoc cref="Module.NamedParameters"/>
    IEnumerable<(string Name, Parameter Parameter)> NamedParameters();
}
