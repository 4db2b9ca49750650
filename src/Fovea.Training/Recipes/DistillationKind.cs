namespace Fovea.Training.Recipes;

/// <summary>Target that a student learns from its teacher (Touvron et al. 2021, arXiv:2012.12877, section 4).</summary>
public enum DistillationKind
{
    /// <summary>The class that the teacher takes an image for, as if it were the label (eq. 3).</summary>
    Hard,

    /// <summary>The teacher's probabilities, softened by a temperature (eq. 2).</summary>
    Soft,

    /// <summary>The teacher's pooled features, by their direction, behind a learned projection of the
    /// student's.</summary>
    Feature,

    /// <summary>The teacher's tokens, patch by patch, behind a learned projection of the student's (Wei et al. 2022,
    /// arXiv:2205.14141, section 3).</summary>
    Token,
}
