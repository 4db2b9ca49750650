using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>Usual transforms of the images of a dataset.</summary>
public static class Augmentation
{
    private const int SmallImage = 64, UsualSize = 224;

    // torchvision and timm evaluate on the middle 7/8 of an image: resized to 256 pixels for a model of 224 (rounded
    // down, as timm does).
    private const double CentralShare = 0.875;

    /// <summary>
    /// For training: coloured photographs of up to 64 pixels (CIFAR) get a shifted crop and a flip, larger ones a
    /// random part and a flip; none where mirroring or cutting may change the class or adds nothing (digits, clothes,
    /// shapes).
    /// </summary>
    /// <param name="info">What the images are.</param>
    /// <param name="size">Side in pixels that the model takes.</param>
    /// <param name="interpolation">How parts are resized.</param>
    public static TransformPipeline Default(DatasetInfo info, int size = UsualSize,
        Interpolation interpolation = Interpolation.Bilinear)
    {
        if (info.Name is "shapes" || (info.Channels == 1 && IsSmall(info))) return TransformPipeline.None;
        return IsSmall(info)
            ? new(new RandomCrop(info.Height, info.Height / 8), new RandomHorizontalFlip())
            : new(new RandomResizedCrop(size) { Interpolation = interpolation }, new RandomHorizontalFlip());
    }

    /// <summary>For validation and test: large images, which differ in size, keep their proportions and give their
    /// middle; small ones stay.</summary>
    /// <param name="info">What the images are.</param>
    /// <param name="size">Side in pixels that the model takes.</param>
    /// <param name="share">Share of the resized image's side that is cut from its middle, above 0 to 1; null:
    /// <see cref="UsualShare"/>.</param>
    /// <param name="interpolation">How images are resized.</param>
    public static TransformPipeline Evaluation(DatasetInfo info, int size, double? share = null,
        Interpolation interpolation = Interpolation.Bilinear) =>
        (share ?? UsualShare(info)) is var part && part == 1 && IsSmall(info) ? TransformPipeline.None
            : new(new Resize(ShorterSide(info, size, part), Interpolation: interpolation), new CenterCrop(size));

    /// <summary>Shorter side, pixels, that an image is resized to before its middle is cut out.</summary>
    /// <inheritdoc cref="Evaluation"/>
    public static int ShorterSide(DatasetInfo info, int size, double? share = null) =>
        (int)(size / (share ?? UsualShare(info)));

    /// <summary>Share of the resized image's side that is usually cut from its middle: all of a small one.</summary>
    public static double UsualShare(DatasetInfo info) => IsSmall(info) ? 1 : CentralShare;

    private static bool IsSmall(DatasetInfo info) => info.Height <= SmallImage && info.Height == info.Width;
}
