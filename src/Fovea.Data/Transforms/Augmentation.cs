namespace Fovea.Data.Transforms;

/// <summary>What is usually done to the training pictures of a dataset.</summary>
public static class Augmentation
{
    /// <summary>
    /// For coloured photographs of up to 64 pixels (CIFAR) a shifted crop and a flip, for larger ones a random part and a flip; none
    /// where mirroring or cutting may change the class or adds nothing (digits, clothes, shapes).
    /// </summary>
    public static TransformPipeline Default(DatasetInfo info)
    {
        if (info.Name is "shapes" || info.Channels == 1) return TransformPipeline.None;
        return info.Height <= 64 && info.Height == info.Width
            ? new(new RandomCrop(info.Height, info.Height / 8), new RandomHorizontalFlip())
            : new(new RandomResizedCrop(224), new RandomHorizontalFlip());
    }
}
