namespace Fovea.Training.Recipes;

/// <summary>Ways to learn from images without their classes.</summary>
public enum PretrainingMethod
{
    /// <summary>None: classes are learned.</summary>
    None,

    /// <summary>Masked autoencoder: hidden patches are predicted from the others (He et al. 2022,
    /// arXiv:2111.06377).</summary>
    Mae,

    /// <summary>Self-distillation: views of an image agree with those that an average of the model sees (Caron et al.
    /// 2021, arXiv:2104.14294).</summary>
    Dino,
}
