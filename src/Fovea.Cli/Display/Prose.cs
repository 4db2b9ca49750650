using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>A text that is wrapped as <see cref="WordWrap"/> says.</summary>
/// <param name="text">The text; line breaks stand for themselves.</param>
/// <param name="style">Its colour.</param>
internal sealed class Prose(string text, Style? style = null) : Renderable
{
    /// <summary>Columns in front of every line.</summary>
    public int Indent { get; init; }

    /// <summary>Columns more in front of lines that go on.</summary>
    public int Hang { get; init; }

    /// <summary>Columns of text that are <see cref="HeadStyle"/>.</summary>
    public int Head { get; init; }

    /// <summary>Colour of the first columns.</summary>
    public Style? HeadStyle { get; init; }

    /// <inheritdoc/>
    protected override Measurement Measure(RenderOptions options, int maxWidth)
    {
        int full = text.Split('\n').Max(line => new Segment(line).CellCount()) + Indent;
        return new(Math.Min(maxWidth, Math.Min(full, WordWrap.Widest(text) + Indent + Hang)),
            Math.Min(maxWidth, full));
    }

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        bool isFirst = true;
        foreach ((int start, int length) in WordWrap.Lines(text, Math.Max(1, maxWidth - Indent), Hang))
        {
            if (!isFirst) yield return Segment.LineBreak;
            isFirst = false;
            bool goesOn = start > 0 && text[start - 1] != '\n';
            int indent = Indent + (goesOn ? Hang : 0);
            if (indent > 0) yield return Segment.Padding(indent);
            int head = Math.Clamp(Head - start, 0, length);
            if (head > 0) yield return Part(start, head, HeadStyle);
            if (head < length) yield return Part(start + head, length - head, style);
        }
    }

    private Segment Part(int start, int length, Style? colour) =>
        new(text.Substring(start, length).Replace(WordWrap.Firm, ' '), colour ?? Style.Plain);
}
