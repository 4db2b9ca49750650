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

    private static Text Note(string text) => new($"  {text}", new Style(Color.Grey));

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

    private int LongestWord(int column) => _rows.SelectMany(row => row[column].Text.Split(' ', '\n'))
        .Append("").Max(word => word.Length);

    private Table Build(List<int> shown, RenderOptions options)
    {
        Table table = new Table().Border(TableBorder.Simple).BorderColor(Color.Grey);
        foreach (int i in shown)
        {
            TableColumn column = new(new Text(_columns[i].Heading, new Style(Color.Grey)));
            if (_columns[i].IsNumber) column.RightAligned();
            if (_columns[i].Mark != '~') column.NoWrap().Width(Natural(i, options));
            table.AddColumn(column);
        }

        foreach (Cell[] row in _rows) table.AddRow(shown.Select(i => row[i].Render()));
        return table;
    }

    private Rows Blocks(int width)
    {
        List<IRenderable> lines = [];
        foreach (Cell[] row in _rows)
        {
            lines.Add(row[0].Render());
            string line = "";
            for (int i = 1; i < row.Length; i++)
            {
                if (row[i].Text.Length == 0) continue;
                string pair = $"  {_columns[i].Heading} {row[i].Text}";
                if (line.Length + pair.Length > width && line.Length > 0)
                {
                    lines.Add(new Text(line));
                    line = "";
                }

                line += pair;
            }

            if (line.Length > 0) lines.Add(new Text(line));
        }

        return new Rows(lines);
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
