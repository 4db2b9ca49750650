namespace Fovea.Export.Names;

/// <summary>Code bases whose names weights can be written with.</summary>
public enum WeightNames
{
    /// <summary>timm: Vision Transformers, DeiT, DINOv2 and residual networks.</summary>
    Timm,

    /// <summary>torchvision: Vision Transformers and residual networks.</summary>
    Torchvision,

    /// <summary>Hugging Face's transformers: ViT, DeiT, Dinov2 (with registers) and ResNet.</summary>
    Huggingface,

    /// <summary>facebookresearch's dinov2.</summary>
    Dinov2,

    /// <summary>Microsoft's CvT.</summary>
    Cvt,
}
