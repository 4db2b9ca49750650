namespace Fovea.Vision.Weights.Loading;

/// <summary>A tensor that had another shape and was made to fit.</summary>
/// <param name="Name">timm's.</param>
/// <param name="From">Sizes in the file.</param>
/// <param name="To">Sizes in the model.</param>
public sealed record ResizedWeight(string Name, string From, string To)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} {From} to {To}";
}
