using System.Globalization;

namespace Fovea.Plotting.Canvas;

/// <summary>
/// The letters of raster figures: a single-stroke sans serif of our own (no font file to ship or to find), with widths close to
/// those of common system fonts, so that one layout serves both canvases.
/// </summary>
/// <remarks>
/// A glyph's strokes are separated by <c>;</c>, its points are <c>x,y</c> in units: baseline at 0, x-height 10, capitals 14,
/// descenders -4. A point with <c>~</c> is the corner of a quarter ellipse from the point before it to the point after it.
/// </remarks>
internal static partial class StrokeFont
{
    private const double UnitsPerEm = 14 / 0.72, Spacing = 3.1;

    /// <summary>Straight pieces per quarter ellipse: at 20 px and a scale of 2 they stray by less than a tenth of a pixel.</summary>
    private const int PiecesPerArc = 8;

    /// <summary>Letters that are drawn as the first of their family; string normalisation needs culture data, which is left out.</summary>
    private static readonly string[] Accented =
    [
        "aàáâãäåāăąæ", "cçćčċ", "dďđð", "eèéêëēėęě", "gğģ", "iìíîïīįı", "kķ", "lĺļľł", "nñńņň", "oòóôõöōőøœ", "rŕř", "sśşšșß",
        "tťţț", "uùúûüūůűų", "yýÿ", "zźżž", "AÀÁÂÃÄÅĀĂĄÆ", "CÇĆČĊ", "DĎĐÐ", "EÈÉÊËĒĖĘĚ", "GĞĢ", "IÌÍÎÏĪĮİ", "KĶ", "LĹĻĽŁ", "NÑŃŅŇ",
        "OÒÓÔÕÖŌŐØŒ", "RŔŘ", "SŚŞŠȘ", "TŤŢȚ", "UÙÚÛÜŪŮŰŲ", "YÝŸ", "ZŹŻŽ", "'’‘", "\"“”",
    ];

    private static readonly Dictionary<char, (double Width, Point[][] Strokes)> Glyphs = Parse(Data);

    /// <summary>How thick the pen is, in pixels.</summary>
    public static double StrokeWidth(TextStyle style) => style.Size * (style.Bold ? 0.12 : 0.085);

    /// <summary>
    /// The room a text needs, in pixels, on either canvas: a tenth more than its strokes, as the system fonts of SVG readers may run
    /// wider.
    /// </summary>
    public static double Width(string text, double size) => 1.1 * text.Sum(Advance) * size / UnitsPerEm;

    /// <summary>The text, shortened to end in an ellipsis where it is wider than <paramref name="room"/> pixels.</summary>
    public static string Fit(string text, double size, double room)
    {
        if (Width(text, size) <= room) return text;
        int length = text.Length;
        while (length > 0 && Width(text[..length] + '…', size) > room) length--;
        if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length].TrimEnd() + '…';
    }

    /// <summary>The pen's straight moves, in pixels of the figure.</summary>
    public static List<(Point From, Point To)> Strokes(string text, Point position, TextStyle style)
    {
        double scale = style.Size / UnitsPerEm;
        (double sine, double cosine) = Math.SinCos(style.Angle * Math.PI / 180);
        double pen = Spacing / 2 - style.Anchor switch { Anchor.Start => 0, Anchor.Middle => 0.5, _ => 1 } * text.Sum(Advance);
        List<(Point, Point)> moves = [];
        foreach (char letter in text)
        {
            foreach (Point[] stroke in Find(letter).Strokes)
                for (int i = 0; i < stroke.Length; i++) moves.Add((Place(stroke[Math.Max(0, i - 1)]), Place(stroke[i])));
            pen += Advance(letter);
        }

        return moves;

        Point Place(Point unit)
        {
            Point flat = new Point(unit.X + pen, -unit.Y) * scale;
            return position + new Point(flat.X * cosine - flat.Y * sine, flat.X * sine + flat.Y * cosine);
        }
    }

    private static double Advance(char letter) => Find(letter).Width + Spacing;

    /// <summary>A letter that the font lacks is drawn without its accent, or as an empty frame.</summary>
    private static (double Width, Point[][] Strokes) Find(char letter)
    {
        if (Glyphs.TryGetValue(letter, out (double, Point[][]) glyph)) return glyph;
        string? family = Array.Find(Accented, family => family.Contains(letter));
        return Glyphs[family?[0] ?? '□'];
    }

    private static Dictionary<char, (double, Point[][])> Parse(string data)
    {
        Dictionary<char, (double, Point[][])> glyphs = [];
        foreach (string line in data.Split('\n'))
        {
            string[] parts = line[2..].Split('|');
            Point[][] strokes = [.. parts[1].Split(';', StringSplitOptions.RemoveEmptyEntries).Select(ParseStroke)];
            glyphs.Add(line[0], (double.Parse(parts[0], CultureInfo.InvariantCulture), strokes));
        }

        return glyphs;
    }

    private static Point[] ParseStroke(string stroke)
    {
        List<Point> points = [];
        Point? corner = null;
        foreach (string word in stroke.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            double[] numbers = [.. word.TrimStart('~').Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
            Point point = new(numbers[0], numbers[1]);
            if (word[0] == '~')
            {
                corner = point;
                continue;
            }

            if (corner is Point bend) AddArc(points, bend, point);
            points.Add(point);
            corner = null;
        }

        return [.. points];
    }

    /// <summary>A quarter ellipse is the rational quadratic curve whose middle control point weighs √½.</summary>
    private static void AddArc(List<Point> points, Point corner, Point end)
    {
        Point start = points[^1];
        for (int i = 1; i < PiecesPerArc; i++)
        {
            double t = (double)i / PiecesPerArc;
            double a = (1 - t) * (1 - t), b = 2 * t * (1 - t) * Math.Sqrt(0.5), c = t * t;
            points.Add((start * a + corner * b + end * c) * (1 / (a + b + c)));
        }
    }
}
