using System.Globalization;

namespace Fovea.Tensors.Backends.Cpu.Placement;

/// <summary>Numbers of processors as Linux writes them: <c>0-3,8,10-11</c>.</summary>
internal static class ProcessorList
{
    private const int Most = 1 << 16;   // processors of a machine

    /// <summary>The numbers, ascending; null where the text is no such list.</summary>
    internal static int[]? Read(string text)
    {
        if (text.AsSpan().Trim().IsEmpty) return [];
        SortedSet<int> numbers = [];
        foreach (string range in text.Trim().Split(','))
        {
            string[] ends = range.Split('-');
            if (ends.Length > 2 || Number(ends[0]) is not int first || Number(ends[^1]) is not int last || first > last)
                return null;
            for (int number = first; number <= last; number++) numbers.Add(number);
        }

        return [.. numbers];
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < Most
            ? number : null;
}
