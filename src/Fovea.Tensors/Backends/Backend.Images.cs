namespace Fovea.Tensors;

/// <summary>Statistics and parameters of a batch norm, each <c>[channel]</c>: x̂ = (x − mean) / √(variance + ε), result
/// x̂ · gamma + beta.</summary>
/// <param name="Mean">Mean of each channel.</param>
/// <param name="Variance">Biased variance of each channel, or a running one.</param>
/// <param name="Gamma">Scale, or null for 1.</param>
/// <param name="Beta">Shift, or null for 0.</param>
/// <param name="Epsilon">Keeps the quotient finite.</param>
public readonly record struct ChannelNorm(Storage Mean, Storage Variance, Storage? Gamma, Storage? Beta, float Epsilon);

/// <summary>Steps after the sums of a convolution: + bias, norm, + residual, ReLU, in this order.</summary>
/// <param name="Bias"><c>[out]</c>, or null.</param>
/// <param name="Norm">A batch norm with fixed statistics, or null.</param>
/// <param name="Residual"><c>[batch, out, oh, ow]</c>, or null.</param>
/// <param name="Relu">max(…, 0) at the end.</param>
public readonly record struct Conv2dEpilogue(Storage? Bias, ChannelNorm? Norm = null, Storage? Residual = null,
    bool Relu = false);

/// <summary>A batch norm of <c>x [batch, channel, pixel]</c>, + residual, ReLU, in this order.</summary>
/// <param name="X">The input.</param>
/// <param name="Norm">Statistics and parameters.</param>
/// <param name="Residual">Added to the result, in x's shape, or null.</param>
/// <param name="Relu">max(…, 0) at the end.</param>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Pixels">Elements of one channel of one image.</param>
public readonly record struct BatchNormArguments(Storage X, ChannelNorm Norm, Storage? Residual, bool Relu, int Batch,
    int Channels, int Pixels);

/// <summary>Destinations of the gradients of a batch norm; null where nobody wants one.</summary>
/// <param name="Dx">Gradient of x.</param>
/// <param name="Dgamma">Gradient of the scale.</param>
/// <param name="Dbeta">Gradient of the shift.</param>
/// <param name="Dresidual">Gradient of the residual.</param>
public readonly record struct BatchNormGradients(Target? Dx, Target? Dgamma, Target? Dbeta, Target? Dresidual);

/// <summary>Sizes of a max pooling of square windows; what lies in the padding is smaller than every number.</summary>
/// <param name="Planes">Channels of all images.</param>
/// <param name="Height">Input rows.</param>
/// <param name="Width">Input columns.</param>
/// <param name="OutHeight">Output rows.</param>
/// <param name="OutWidth">Output columns.</param>
/// <param name="Kernel">Side of a window.</param>
/// <param name="Stride">Step between windows.</param>
/// <param name="Padding">Rows and columns around the image.</param>
public readonly record struct MaxPoolArguments(int Planes, int Height, int Width, int OutHeight, int OutWidth,
    int Kernel, int Stride, int Padding);

/// <content>Primitives of convolutional networks.</content>
public abstract partial class Backend
{
    /// <summary>Mean and biased variance of each channel of <c>x [batch, channel, pixel]</c>.</summary>
    public abstract void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels);

    /// <summary>y = relu?(norm(x) + residual).</summary>
    public abstract void BatchNorm(in BatchNormArguments arguments, Storage y);

    /// <summary>
    /// Gradients of <see cref="BatchNorm"/> from its result y. With g = dy, or 0 where a ReLU cut off: dbeta = Σ g,
    /// dgamma = Σ g x̂, and dx = gamma / √(variance + ε) · (g − dbeta/n − x̂ · dgamma/n), the last two terms where the
    /// statistics are those of x itself.
    /// </summary>
    public abstract void BatchNormBackward(in BatchNormArguments arguments, Storage y, Storage dy,
        bool statisticsOfInput, in BatchNormGradients gradients);

    /// <summary>y = largest element of each window of <c>x [plane, height, width]</c>; NaN counts as largest.</summary>
    public abstract void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y);

    /// <summary>dx (+)= dy at the first position of a window that holds its result y, row by row.</summary>
    public abstract void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx);

    /// <summary>y[o, j, i] (+)= Σ_k map[j, k] · x[o, k, i] along the middle axis of <c>x [outer, map.From,
    /// inner]</c>.</summary>
    public abstract void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner);
}
