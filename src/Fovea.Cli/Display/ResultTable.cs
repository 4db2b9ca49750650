using Fovea.Lab.Reports;

namespace Fovea.Cli.Display;

/// <summary>Train, validation and test results side by side, as the end of a run shows them.</summary>
internal static class ResultTable
{
    /// <summary>The table for a terminal; null where there is nothing to set side by side.</summary>
    public static Tables? Of(IReadOnlyList<PartResult> parts)
    {
        if (parts.Count < 2) return null;
        Tables table = Tables.Create("images", ">loss", ">accuracy", ">number");
        foreach (PartResult part in parts)
            table.AddRow(new Cell(part.Part), new Cell(Phrases.Loss(Known(part.Loss))),
                new Cell(Phrases.Percent(Known(part.Accuracy))),
                new Cell(part.Images is int images ? Phrases.Count(images) : ""));
        return table;
    }

    /// <summary>The same as lines of one width.</summary>
    public static IEnumerable<(string Subject, string Text)> Lines(IReadOnlyList<PartResult> parts)
    {
        if (parts.Count < 2) yield break;
        yield return ("results", $"{"",-10} {"loss",8} {"accuracy",9} {"images",8}");
        foreach (PartResult part in parts)
            yield return ("", $"{part.Part,-10} {Phrases.Loss(Known(part.Loss)),8} "
                + $"{Phrases.Percent(Known(part.Accuracy)),9} "
                + $"{(part.Images is int images ? Phrases.Count(images) : ""),8}".TrimEnd());
    }

    private static double? Known(double value) => double.IsFinite(value) ? value : null;
}
