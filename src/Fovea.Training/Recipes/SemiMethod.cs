namespace Fovea.Training.Recipes;

/// <summary>Ways to learn from images without labels beside those that have them.</summary>
public enum SemiMethod
{
    /// <summary>None: labelled images alone.</summary>
    None,

    /// <summary>Pseudo-labels that the model is sure of in a weakly changed image, learned from a strongly changed one
    /// (Sohn et al. 2020, arXiv:2001.07685).</summary>
    FixMatch,

    /// <summary>Agreement with an average of the model that sees another view (Tarvainen and Valpola 2017,
    /// arXiv:1703.01780).</summary>
    MeanTeacher,
}
