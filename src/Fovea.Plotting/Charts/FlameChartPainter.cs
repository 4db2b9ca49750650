using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Lays a <see cref="FlameChart"/> out and draws it.</summary>
internal sealed class FlameChartPainter(FlameChart chart, ICanvas canvas)
{
    private const double Margin = Heading.Margin, RowHeight = 34, TextSize = 12.5, Inset = 6, NarrowestDrawn = 0.4,
        NarrowestWithText = 26;

    public static int HeightOf(FlameChart chart) =>
        (int)Math.Ceiling(Heading.Bottom(chart.Title.Length > 0) + Depth(chart.Root) * RowHeight + Margin);

    public void Draw()
    {
        Heading.Draw(canvas, chart.Title, chart.Width);
        Draw(chart.Root, Margin, chart.Width - 2 * Margin, 0, Ink.Muted);
    }

    private static int Depth(FlamePart part) => 1 + part.Parts.Select(Depth).DefaultIfEmpty().Max();

    /// <summary>Colours are given to the parts of the whole; what those are made of has the same, in two shades in
    /// turn.</summary>
    private void Draw(FlamePart part, double left, double width, int level, Ink ink, int place = 0)
    {
        Box box = new(left, Heading.Bottom(chart.Title.Length > 0) + level * RowHeight, width, RowHeight);
        canvas.Fill(new Box(box.X, box.Y, Math.Max(NarrowestDrawn, box.Width - 1), box.Height - 1),
            new Paint(ink, level == 0 ? 0.18 : place % 2 == 0 ? 0.34 : 0.24));
        if (width >= NarrowestWithText) Label(part, box);
        if (!(part.Value > 0)) return;
        for (int i = 0; i < part.Parts.Count; i++)
        {
            FlamePart inner = part.Parts[i];
            double share = width * inner.Value / part.Value;
            if (share >= NarrowestDrawn)
                Draw(inner, left, share, level + 1, level == 0 ? SeriesStyle.Number(i).Ink : ink, i);
            left += share;
        }
    }

    private void Label(FlamePart part, Box box)
    {
        TextStyle name = new(TextSize), note = new(TextSize, Ink.Muted);
        double room = box.Width - 2 * Inset, noted = FigureFont.Width(part.Note, TextSize),
            named = FigureFont.Width(part.Name, TextSize);
        double baseline = box.Y + box.Height / 2 + name.HalfCapital;
        canvas.Text(FigureFont.Fit(part.Name, TextSize, room), new Point(box.X + Inset, baseline), name);
        if (named + noted + 2 * Inset <= room)
            canvas.Text(part.Note, new Point(box.X + Inset + named + Inset, baseline), note);
    }
}
