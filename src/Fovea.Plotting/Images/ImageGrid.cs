using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>A row of a <see cref="ImageGrid"/>.</summary>
/// <param name="Name">The label before the row; may be empty.</param>
/// <param name="Images">Its images; null leaves a cell empty.</param>
public sealed record ImageRow(string Name, IReadOnlyList<PlanarImage?> Images);

/// <summary>Images in rows and columns that have names: heads by block, epochs by block, and the like.</summary>
public sealed record ImageGrid : Figure
{
    private const double Margin = Heading.Margin;
    private const double NoteSize = 13;
    private const double NameSize = 12.5;
    private const double LineHeight = 18;
    private const int LeastWidth = 620;

    /// <inheritdoc/>
    public override int Width =>
        Math.Max(LeastWidth, (int)Math.Ceiling(Left + Across * (CellSize + Gap) - Gap + Margin));

    /// <inheritdoc/>
    public override int Height =>
        (int)Math.Ceiling(Top + Rows.Count * (CellSize + Gap) - Gap + (Scale is null ? 0 : ColorScale.Height + 8)
            + Margin);

    /// <summary>A note below the title; wrapped.</summary>
    public string Note { get; init; } = "";

    /// <summary>The labels above the columns; empty: none.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The rows, from the top down.</summary>
    public IReadOnlyList<ImageRow> Rows { get; init; } = [];

    /// <summary>The longer side of an image as shown, in pixels.</summary>
    public int CellSize { get; init; } = 96;

    /// <summary>Pixels between images.</summary>
    public int Gap { get; init; } = 8;

    /// <summary>The meaning of the colours; null for images that are no heat maps.</summary>
    public ColorScale? Scale { get; init; }

    private int Across => Math.Max(1, Rows.Select(row => row.Images.Count).DefaultIfEmpty().Max());

    private double NameWidth => Rows.Select(row => FigureFont.Width(row.Name, NameSize)).DefaultIfEmpty().Max();

    private double Left => Margin + (NameWidth > 0 ? NameWidth + 10 : 0);

    private double NoteTop => Heading.Bottom(Title.Length > 0);

    private double Top => NoteTop + Lines().Count * LineHeight + (Columns.Count > 0 ? LineHeight + 2 : 0) + 2;

    internal override void Draw(ICanvas canvas)
    {
        Heading.Draw(canvas, Title, Width);
        double y = NoteTop + NoteSize * 0.8;
        foreach (string line in Lines())
        {
            canvas.Text(line, new Point(Margin, y), new TextStyle(NoteSize, Ink.Muted));
            y += LineHeight;
        }

        for (int i = 0; i < Columns.Count; i++)
        {
            string name = FigureFont.Fit(Columns[i], NameSize, CellSize + Gap - 2);
            canvas.Text(name, new Point(Left + i * (CellSize + Gap) + CellSize / 2.0, Top - 7),
                new TextStyle(NameSize, Anchor: Anchor.Middle));
        }

        for (int i = 0; i < Rows.Count; i++) DrawRow(canvas, Rows[i], Top + i * (CellSize + Gap));
        Scale?.Draw(canvas, new Point(Left, Height - Margin - ColorScale.Height));
    }

    private void DrawRow(ICanvas canvas, ImageRow row, double top)
    {
        TextStyle style = new(NameSize, Anchor: Anchor.End);
        canvas.Text(row.Name, new Point(Left - 10, top + CellSize / 2.0 + style.HalfCapital), style);
        for (int i = 0; i < row.Images.Count; i++)
            if (row.Images[i] is { } image) canvas.Image(image,
                TileLayout.Inside(new Box(Left + i * (CellSize + Gap), top, CellSize, CellSize), image));
    }

    /// <summary>The note, word by word, in lines that fit.</summary>
    private List<string> Lines()
    {
        List<string> lines = [];
        foreach (string word in Note.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (lines.Count > 0 && FigureFont.Width($"{lines[^1]} {word}", NoteSize) <= Width - 2 * Margin)
                lines[^1] += $" {word}";
            else lines.Add(word);
        }

        return lines;
    }
}
