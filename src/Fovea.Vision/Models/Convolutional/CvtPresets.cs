namespace Fovea.Vision.Models.Convolutional;

/// <summary>Convolutional vision transformers under a name (Wu et al. 2021, arXiv:2103.15808, table 2). Their
/// stochastic depth is that of the authors' training on ImageNet-1k.</summary>
internal static class CvtPresets
{
    public static readonly Preset[] All =
    [
        // A relative for small images, whose stages have 16 x 16, 8 x 8 and 4 x 4 tokens.
        new("cvt-nano", new CvtConfig
        {
            ImageSize = 32,
            Classes = 10,
            Kernels = [3, 3, 3],
            Strides = [2, 2, 2],
            Paddings = [1, 1, 1],
            Dims = [48, 96, 192],
            Heads = [1, 2, 4],
            Depths = [1, 2, 3],
        }, "CvT for small images: 256 tokens become 64 and 16.", "cvt-cifar"),
        new("cvt_13", new CvtConfig { ImageSize = 224, DropPath = 0.1f },
            "CvT-13: convolutions make tokens, queries, keys and values", "cvt-13"),
        new("cvt_21", new CvtConfig { ImageSize = 224, DropPath = 0.1f, Depths = [1, 4, 16] }, "CvT-21", "cvt-21"),
    ];
}
