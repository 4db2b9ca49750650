namespace Fovea.Lab.Reports;

/// <summary>A column of an HTML table.</summary>
/// <param name="Name">The heading.</param>
/// <param name="IsNumber">True for numbers, which stand at the right.</param>
/// <param name="IsExtra">True for a column that a narrow page leaves out.</param>
internal readonly record struct HtmlColumn(string Name, bool IsNumber = false, bool IsExtra = false)
{
    /// <summary>A column of text.</summary>
    public static HtmlColumn Text(string name) => new(name);

    /// <summary>A column of numbers.</summary>
    public static HtmlColumn Number(string name, bool isExtra = false) => new(name, IsNumber: true, isExtra);

    /// <summary>A column whose heading says by its first character that it holds numbers.</summary>
    /// <param name="heading">The heading, with or without <paramref name="mark"/> before it.</param>
    /// <param name="mark">The character.</param>
    public static HtmlColumn Marked(string heading, char mark) =>
        heading.StartsWith(mark) ? Number(heading[1..]) : Text(heading);
}
