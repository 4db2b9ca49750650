using System.Globalization;

namespace Fovea.Data.Transforms.Policies;

/// <summary>One operation of a learned policy.</summary>
/// <param name="Op">Which.</param>
/// <param name="Probability">How often.</param>
/// <param name="Level">0 to 9; 0 where the operation has no strength.</param>
internal readonly record struct PolicyStep(AugmentationOp Op, double Probability, int Level)
{
    /// <summary>Reads <c>Rotate .6 9</c>.</summary>
    public static PolicyStep Parse(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double probability = double.Parse(parts[1], CultureInfo.InvariantCulture);
        int level = parts.Length > 2 ? int.Parse(parts[2], CultureInfo.InvariantCulture) : 0;
        return new(Enum.Parse<AugmentationOp>(parts[0]), probability, level);
    }
}
