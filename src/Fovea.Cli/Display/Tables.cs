using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>The one renderer of tables. It chooses columns for the width there is, and says which it left out; numbers
/// and names are never split. Where not even the columns that tell rows apart fit, each row is a block of
/// lines.</summary>
internal sealed class Tables : Renderable
{
    private const int NarrowestProse = 24;
    private readonly Column[] _columns;
    private readonly List<Cell[]> _rows = [];

    private Tables(Column[] columns) => _columns = columns;

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>An empty table with grey lines and headings.</summary>
    /// <param name="headings">One per column; the first is always shown. A mark may stand before: <c>&gt;</c> for
    /// numbers, which stand right, <c>~</c> for text that may be wrapped between words, <c>!</c> for what tells rows
    /// apart and is always shown, <c>?</c> for what is left out first.</param>
    public static Tables Create(params string[] headings) => new([.. headings.Select(Column.Parse)]);

    /// <summary>Adds a row; cells that are missing at its end are empty.</summary>
    public void AddRow(params Cell[] cells) =>
        _rows.Add([.. cells, .. Enumerable.Repeat((Cell)"", _columns.Length - cells.Length)]);

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        List<int> shown = [.. Enumerable.Range(0, _columns.Length)];
        List<int> constant = [], dropped = [];
        foreach (int i in LeavingOrder())
        {
            if (Width(shown, options) <= maxWidth) break;
            shown.Remove(i);
            (IsConstant(i) ? constant : dropped).Add(i);
        }

        if (Width(shown, options) > maxWidth) return ((IRenderable)Blocks(maxWidth)).Render(options, maxWidth);
        List<IRenderable> parts = [Build(shown, options)];
        if (constant.Count > 0)
            parts.Add(Note("in every row: " + string.Join(", ", constant.Order()
                .Select(i => $"{_columns[i].Heading} {_rows[0][i].Text}"))));
        if (dropped.Count > 0)
            parts.Add(Note("left out at this width: "
                + string.Join(", ", dropped.Order().Select(i => _columns[i].Heading))));
        return ((IRenderable)new Rows(parts)).Render(options, maxWidth);
    }

    private static Prose Note(string text) => new(text, new Style(Color.Grey)) { Indent = 2 };

    /// <summary>Columns that may go: those with one value first, it is told below; then the least needed, from the
    /// right.</summary>
    private IEnumerable<int> LeavingOrder()
    {
        int[] all = [.. Enumerable.Range(1, _columns.Length - 1).Reverse()];
        return all.Where(IsConstant)
            .Concat(all.Where(i => !IsConstant(i) && _columns[i].Mark == '?'))
            .Concat(all.Where(i => !IsConstant(i) && _columns[i].Mark is ('>' or ' ')));
    }

    private bool IsConstant(int column) => _rows.Count > 1 && _columns[column].Mark != '~'
        && _rows.All(row => row[column].Text == _rows[0][column].Text);

    private int Width(List<int> shown, RenderOptions options)
    {
        Table table = Build(shown, options);
        int width = ((IRenderable)table).Measure(options, short.MaxValue).Max;
        return width - shown.Where(i => _columns[i].Mark == '~')
            .Sum(i => Natural(i, options) - Math.Min(Natural(i, options), Math.Max(NarrowestProse, LongestWord(i))));
    }

    private int Natural(int column, RenderOptions options) => _rows.Select(row => row[column].Text)
        .Append(_columns[column].Heading)
        .Max(text => ((IRenderable)new Text(text)).Measure(options, short.MaxValue).Max);

    private int LongestWord(int column) => _rows.Select(row => row[column].Text).Append(_columns[column].Heading)
        .Max(WordWrap.Widest);

    private Table Build(List<int> shown, RenderOptions options)
    {
        Table table = new Table().Border(TableBorder.Simple).BorderColor(Color.Grey);
        foreach (int i in shown)
        {
            Style grey = new(Color.Grey);
            TableColumn column = new(_columns[i].Mark == '~' ? new Prose(_columns[i].Heading, grey)
                : new Text(_columns[i].Heading, grey));
            if (_columns[i].IsNumber) column.RightAligned();
            if (_columns[i].Mark != '~') column.NoWrap().Width(Natural(i, options));
            table.AddColumn(column);
        }

        foreach (Cell[] row in _rows)
            table.AddRow(shown.Select(i => row[i].Render(isProse: _columns[i].Mark == '~')));
        return table;
    }

    /// <summary>A line with what names the row, and what belongs to it below, or beside it where that is one value
    /// that fits.</summary>
    private Rows Blocks(int width)
    {
        List<IRenderable> lines = [];
        foreach (Cell[] row in _rows)
        {
            if (_columns.Length == 2 && row[0].Text.Length + row[1].Text.Length + 2 <= width)
            {
                lines.Add(new Prose($"{row[0].Text}  {row[1].Text}")
                {
                    Head = row[0].Text.Length,
                    HeadStyle = row[0].Style,
                });
                continue;
            }

            lines.Add(row[0].Render(isProse: true));
            int[] filled = [.. Enumerable.Range(1, row.Length - 1).Where(i => row[i].Text.Length > 0)];
            string pairs = string.Join("  ", filled.Where(i => _columns[i].Mark != '~')
                .Select(i => _columns.Length == 2 ? row[i].Text : Pair(_columns[i].Heading, row[i].Text, width)));
            if (pairs.Length > 0) lines.Add(new Prose(pairs) { Indent = 2 });
            lines.AddRange(filled.Where(i => _columns[i].Mark == '~').Select(i =>
                new Prose((_columns.Length == 2 ? "" : _columns[i].Heading + " ") + row[i].Text)
                { Indent = 2, Hang = 2 }));
        }

        return new Rows(lines);
    }

    /// <summary>A heading with a value, which stay together where they fit into a line.</summary>
    private static string Pair(string heading, string value, int width)
    {
        string pair = $"{heading} {value}";
        return pair.Length <= width - 4 ? pair.Replace(' ', WordWrap.Firm) : pair;
    }

    private sealed record Column(string Heading, char Mark, bool IsNumber)
    {
        public static Column Parse(string text)
        {
            string heading = Printable.Line(text.TrimStart('>', '~', '!', '?'));
            string marks = text[..(text.Length - text.TrimStart('>', '~', '!', '?').Length)];
            char mark = marks.FirstOrDefault(c => c != '>', marks.Length > 0 ? '>' : ' ');
            return new Column(heading, mark, marks.Contains('>', StringComparison.Ordinal));
        }
    }
}
