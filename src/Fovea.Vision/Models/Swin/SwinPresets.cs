using Fovea.Vision.Position;

namespace Fovea.Vision.Models.Swin;

/// <summary>Swin Transformers under a name (Liu et al. 2021, arXiv:2103.14030, section 3.3), as in timm. Their
/// stochastic depth is that of the paper's training on ImageNet-1k (appendix A2.1).</summary>
internal static class SwinPresets
{
    public static readonly Preset[] All =
    [
        // A relative for small images, whose last stage has 4 x 4 tokens of 8 x 8 pixels.
        new("swin-nano", Of(imageSize: 32, patch: 2, window: 4, dim: 48, heads: 3) with { Depths = [2, 2, 2],
            Classes = 10 },
            "Windows for small images: 256 tokens become 64 and 16.", "swin-cifar"),
        new("swin_tiny_patch4_window7_224", Imagenet(96, 3, 0.2f), "Swin-T: windows of 7 x 7, four stages",
            "swin-tiny", "swin_t"),
        new("swin_small_patch4_window7_224", Imagenet(96, 3, 0.3f) with { Depths = [2, 2, 18, 2] }, "Swin-S",
            "swin-small", "swin_s"),
        new("swin_base_patch4_window7_224", Imagenet(128, 4, 0.5f) with { Depths = [2, 2, 18, 2] }, "Swin-B",
            "swin-base", "swin_b"),
        new("swin_large_patch4_window7_224", Imagenet(192, 6, 0.2f) with { Depths = [2, 2, 18, 2] }, "Swin-L",
            "swin-large", "swin_l"),
    ];

    private static SwinConfig Imagenet(int dim, int heads, float dropPath) => Of(224, 4, 7, dim, heads, dropPath);

    private static SwinConfig Of(int imageSize, int patch, int window, int dim, int heads, float dropPath = 0) => new()
    {
        ImageSize = imageSize,
        FirstStage = new()
        {
            ImageSize = imageSize,
            PatchSize = patch,
            Dim = dim,
            Depth = 1,
            Heads = heads,
            NormEpsilon = 1e-5f,
            ClassToken = false,
            Pooling = Pooling.Mean,
            Position = PositionKind.None,
            Attention = $"swin:{window}",
            DropPath = dropPath,
        },
    };
}
