using System.Globalization;

namespace Fovea.Plotting.Text;

/// <summary>Numbers as people read them, the same in every culture.</summary>
internal static class ValueText
{
    /// <summary>The text of a missing value.</summary>
    public const string Missing = "–";

    /// <summary>A measured value: 75.83 % (to a hundredth) or four significant digits.</summary>
    public static string Value(double value, ValueFormat format) =>
        format == ValueFormat.Percent ? Percent(value) : Significant(value, 4);

    /// <summary>0.7583 as 75.83 %.</summary>
    public static string Percent(double share) => double.IsFinite(share) ? Text(share * 100, "0.00") + " %" : Missing;

    /// <summary>A whole number with thousands separated: 829,322.</summary>
    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A number to so many digits, without trailing zeros: 0.4187, 12.5, 3e-5.</summary>
    public static string Significant(double value, int digits)
    {
        if (!double.IsFinite(value)) return Missing;
        double size = Math.Abs(value);
        if (size is 0) return "0";
        if (size < 1e-4 || size >= 1e6) return Text(value, "0." + new string('#', digits - 1) + "e0");
        int decimals = Math.Max(0, digits - 1 - (int)Math.Floor(Math.Log10(size)));
        return Text(value, "#,0." + new string('#', decimals));
    }

    /// <summary>A number to four decimals, as columns of a table want it; very large ones to four digits.</summary>
    public static string Fixed(double value) => Math.Abs(value) < 1e4 ? Text(value, "0.0000") : Significant(value, 4);

    /// <summary>A stretch of time: 8.25 s, 3 min 05 s, 2 h 07 min.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds)) return Missing;
        if (seconds < 60) return Significant(seconds, 3) + " s";
        TimeSpan time = TimeSpan.FromSeconds(Math.Round(Math.Min(seconds, 1e10)));
        return time.TotalHours < 1 ? $"{time.Minutes} min {time.Seconds:00} s"
            : $"{Count((long)time.TotalHours)} h {time.Minutes:00} min";
    }

    /// <summary>The labels of an axis, all with as many decimals as tell neighbours apart.</summary>
    public static string[] Labels(IReadOnlyList<double> ticks, ValueFormat format)
    {
        if (ticks.Count == 0) return [];
        double factor = format == ValueFormat.Percent ? 100 : 1;
        string unit = format == ValueFormat.Percent ? " %" : "";
        double largest = ticks.Max(Math.Abs) * factor;
        double step = ticks.Count > 1 ? ticks.Zip(ticks.Skip(1), (a, b) => b - a).Min() * factor : largest;
        string pattern = Pattern(largest, step);
        return [.. ticks.Select(tick => (tick == 0 ? "0" : Text(tick * factor, pattern)) + unit)];
    }

    /// <summary>The labels of a logarithmic axis, each as short as it can be.</summary>
    public static string[] LogarithmicLabels(IReadOnlyList<double> ticks, ValueFormat format) =>
        format == ValueFormat.Percent
        ? [.. ticks.Select(tick => Significant(tick * 100, 3) + " %")]
        : [.. ticks.Select(tick => Significant(tick, 3))];

    private static string Pattern(double largest, double step)
    {
        int stepPlace = Place(step), largestPlace = Place(largest);
        // 1.00002 beside 0.99998
        bool isShortWithoutExponent = largest < 1e6 && (stepPlace >= -4 || (largest >= 0.1 && stepPlace >= -8));
        if (!isShortWithoutExponent) return "0." + new string('0', Math.Clamp(largestPlace - stepPlace, 0, 12)) + "e0";
        return "#,0." + new string('0', Math.Max(0, -stepPlace));
    }

    /// <summary>The power of ten of a number's first digit.</summary>
    private static int Place(double value) => value > 0 ? (int)Math.Floor(Math.Log10(value) + 1e-9) : 0;

    private static string Text(double value, string pattern)
    {
        string text = value.ToString(pattern, CultureInfo.InvariantCulture);
        bool isZero = !text.AsSpan().ContainsAnyInRange('1', '9');
        return isZero ? text.TrimStart('-') : text.Replace('-', '−');
    }
}
