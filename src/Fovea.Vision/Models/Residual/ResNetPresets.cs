namespace Fovea.Vision.Models.Residual;

/// <summary>Residual networks under a name (He et al. 2016, arXiv:1512.03385), as in torchvision.</summary>
internal static class ResNetPresets
{
    public static readonly Preset[] All =
    [
        new("resnet18", Imagenet(ResidualKind.Basic, 2, 2, 2, 2), "ResNet-18"),
        new("resnet34", Imagenet(ResidualKind.Basic, 3, 4, 6, 3), "ResNet-34"),
        new("resnet50", Imagenet(ResidualKind.Bottleneck, 3, 4, 6, 3), "ResNet-50"),
        new("resnet101", Imagenet(ResidualKind.Bottleneck, 3, 4, 23, 3), "ResNet-101"),
        new("resnet152", Imagenet(ResidualKind.Bottleneck, 3, 8, 36, 3), "ResNet-152"),
        new("resnet18-cifar", Imagenet(ResidualKind.Basic, 2, 2, 2, 2) with { ImageSize = 32, Classes = 10,
            SmallStem = true },
            "ResNet-18 for small images: a 3x3 stem without pooling."),
    ];

    private static ResNetConfig Imagenet(ResidualKind block, params int[] layers) =>
        new() { ImageSize = 224, Block = block, Layers = layers };
}
