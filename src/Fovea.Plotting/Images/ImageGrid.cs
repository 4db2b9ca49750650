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
    private const int LeastCell = 34;
    private const int LeastAlone = 130;

    /// <inheritdoc/>
    public override int Width => Narrow > 0 ? Narrow
        : Math.Max(LeastWidth, (int)Math.Ceiling(Left + Across * (CellSize + Gap) - Gap + Margin));

    /// <inheritdoc/>
    public override int Height =>
        (int)Math.Ceiling(Top + Bands * BandHeight - Gap + (Scale is null ? 0 : ColorScale.Height + 8) + Margin);

    /// <summary>Pixels across that are there, on a telephone for example: images shrink, and columns that find no room
    /// go on below; 0: as many as the images take.</summary>
    public int Narrow { get; init; }

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

    private double Top => NoteTop + Lines().Count * LineHeight + LabelHeight + 2;

    private double LabelHeight => Columns.Count > 0 ? LineHeight + 2 : 0;

    /// <summary>Columns in a band; a grid has one band, or several where it is narrow.</summary>
    private int PerBand
    {
        get
        {
            if (Narrow == 0) return Across;
            int least = Math.Min(CellSize, Rows.Count == 1 ? LeastAlone : LeastCell);
            return Math.Clamp((int)((Narrow - Left - Margin + Gap) / (least + Gap)), 1, Across);
        }
    }

    private int Bands => (Across + PerBand - 1) / PerBand;

    /// <summary>The side of an image as drawn.</summary>
    private double Cell => Narrow == 0 ? CellSize
        : Math.Max(1, Math.Min(CellSize, Math.Floor((Narrow - Left - Margin + Gap) / PerBand) - Gap));

    private double BandHeight => Rows.Count * (Cell + Gap) + (Bands > 1 ? LabelHeight : 0);

    internal override void Draw(ICanvas canvas)
    {
        Heading.Draw(canvas, Title, Width);
        double y = NoteTop + NoteSize * 0.8;
        foreach (string line in Lines())
        {
            canvas.Text(line, new Point(Margin, y), new TextStyle(NoteSize, Ink.Muted));
            y += LineHeight;
        }

        for (int band = 0; band < Bands; band++)
        {
            int first = band * PerBand;
            double top = Top + band * BandHeight;
            DrawLabels(canvas, first, top);
            for (int i = 0; i < Rows.Count; i++) DrawRow(canvas, Rows[i], first, top + i * (Cell + Gap));
        }

        double left = Narrow > 0 ? Margin : Left;
        Scale?.Draw(canvas, new Point(left, Height - Margin - ColorScale.Height), Width - left - Margin);
    }

    private void DrawLabels(ICanvas canvas, int first, double top)
    {
        double room = Cell + Gap - 2;
        bool isShort = Columns.Any(name => FigureFont.Width(name, NameSize) > room);
        for (int i = first; i < Math.Min(Columns.Count, first + PerBand); i++)
        {
            string name = isShort ? Shortened(Columns[i]) : Columns[i];
            canvas.Text(FigureFont.Fit(name, NameSize, room),
                new Point(Left + (i - first) * (Cell + Gap) + Cell / 2, top - 7),
                new TextStyle(NameSize, Anchor: Anchor.Middle));
        }
    }

    /// <summary>The number of a name that ends in one: <c>head 3</c> is <c>3</c>.</summary>
    private static string Shortened(string name)
    {
        string last = name[(name.LastIndexOf(' ') + 1)..];
        return int.TryParse(last, out _) ? last : name;
    }

    private void DrawRow(ICanvas canvas, ImageRow row, int first, double top)
    {
        TextStyle style = new(NameSize, Anchor: Anchor.End);
        canvas.Text(row.Name, new Point(Left - 10, top + Cell / 2 + style.HalfCapital), style);
        for (int i = first; i < Math.Min(row.Images.Count, first + PerBand); i++)
        {
            if (row.Images[i] is not { } image) continue;
            Box cell = new(Left + (i - first) * (Cell + Gap), top, Cell, Cell);
            canvas.Image(image, TileLayout.Inside(cell, image));
        }
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
