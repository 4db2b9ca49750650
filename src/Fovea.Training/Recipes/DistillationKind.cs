namespace Fovea.Training.Recipes;

/// <summary>Target that a student learns from its teacher (Touvron et al. 2021, arXiv:2012.12877, section 4).</summary>
public enum DistillationKind
{
    /// <summary>The class that the teacher takes an image for, as if it were the label (eq. 3).</summary>
    Hard,

    /// <summary>The teacher's probabilities, softened by a temperature (eq. 2).</summary>
    Soft,
}
