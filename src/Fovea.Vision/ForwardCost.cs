namespace Fovea.Vision;

/// <summary>Cost of one image's forward pass by part, in multiply-accumulates (MACs) of matrix products and
/// convolutions; nothing else counts.</summary>
/// <param name="Embedding">MACs from the image to the first block's input.</param>
/// <param name="Blocks">MACs of all blocks.</param>
/// <param name="Head">MACs behind the last block: pooling and classifier heads.</param>
public readonly record struct ForwardCost(double Embedding, double Blocks, double Head)
{
    /// <summary>Exponentials of the attention; see <see cref="Attention.Contract.IAttention.Exponentials"/>.</summary>
    public double Exponentials { get; init; }

    /// <summary>The blocks' products are those of convolutions.</summary>
    public bool IsConvolutional { get; init; }

    /// <summary>MACs of the whole pass: the number that papers call MACs, and often FLOPs.</summary>
    public double Macs => Embedding + Blocks + Head;
}
