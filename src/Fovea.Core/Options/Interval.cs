using System.Globalization;

namespace Fovea.Core.Options;

/// <summary>The numbers that a value may have.</summary>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound; infinite numbers are never inside.</param>
/// <param name="WithoutLow">The lower bound itself is outside.</param>
/// <param name="WithoutHigh">The upper bound itself is outside.</param>
public readonly record struct Interval(double Low, double High, bool WithoutLow = false, bool WithoutHigh = false)
{
    /// <summary>All finite numbers.</summary>
    public static Interval All { get; } = new(double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>Numbers above 0.</summary>
    public static Interval Positive { get; } = new(0, double.PositiveInfinity, WithoutLow: true);

    /// <summary>Numbers from 0 to 1, both inside.</summary>
    public static Interval Share { get; } = new(0, 1);

    /// <summary>Numbers from <paramref name="low"/> up.</summary>
    public static Interval AtLeast(double low) => new(low, double.PositiveInfinity);

    /// <summary>True for a number inside.</summary>
    public bool Contains(double value) => double.IsFinite(value) && (WithoutLow ? value > Low : value >= Low)
        && (WithoutHigh ? value < High : value <= High);

    /// <summary>The bounds in words: <c>at least 1</c>, <c>above 0</c>, <c>0 to 1</c>; empty without bounds.</summary>
    public override string ToString()
    {
        if (double.IsInfinity(Low)) return "";
        string low = Text(Low), high = Text(High);
        if (double.IsInfinity(High)) return WithoutLow ? $"above {low}" : $"at least {low}";
        if (WithoutLow) return $"above {low} and {(WithoutHigh ? "below" : "up to")} {high}";
        return WithoutHigh ? $"at least {low} and below {high}" : $"{low} to {high}";
    }

    /// <summary>The bounds behind a noun: <c>a number of at least 1</c>, <c>a number from 0 to 1</c>.</summary>
    public string Behind(string noun)
    {
        string text = ToString();
        if (text.Length == 0) return noun;
        return text[0] != 'a' ? $"{noun} from {text}" : WithoutLow ? $"{noun} {text}" : $"{noun} of {text}";
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
