using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Fovea.Core;

/// <summary>Checks of settings, each throwing one sentence that names field, value and range.</summary>
public static class Check
{
    /// <summary>A value has a lower bound.</summary>
    /// <exception cref="UsageException">The value is below it, or not a number.</exception>
    public static T AtLeast<T>(T low, T value, string field) where T : INumber<T>
    {
        That(value >= low, $"{field} must be at least {low}, got {value}.");
        return value;
    }

    /// <summary>A value lies between two others, both allowed.</summary>
    /// <exception cref="UsageException">The value is outside, or not a number.</exception>
    public static T Between<T>(T low, T high, T value, string field) where T : INumber<T>
    {
        That(value >= low && value <= high, $"{field} must be {low} to {high}, got {value}.");
        return value;
    }

    /// <summary>A share of what is dropped: at least 0 and below 1.</summary>
    /// <exception cref="UsageException">The value is outside, or not a number.</exception>
    public static float Probability(float value, string field)
    {
        That(value is >= 0 and < 1, $"{field} must be at least 0 and below 1, got {value}.");
        return value;
    }

    /// <summary>Anything else.</summary>
    /// <exception cref="UsageException">The condition does not hold.</exception>
    public static void That([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition) throw new UsageException(message);
    }
}
