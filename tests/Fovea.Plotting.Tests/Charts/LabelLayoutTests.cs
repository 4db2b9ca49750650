using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Plotting.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Plotting.Tests.Charts;

/// <summary>Texts of charts at every width from a phone's on: none is cut at an edge, none lies on another.</summary>
public sealed class LabelLayoutTests
{
    private static readonly Gen<double> Value =
        from mantissa in Gen.Choose(1, 999)
        from exponent in Gen.Choose(-6, 8)
        select mantissa * Math.Pow(10, exponent);

    private static readonly Gen<string> Name =
        from length in Gen.Choose(1, 40)
        select string.Concat(Enumerable.Range(0, length).Select(i => "ab cde fgh-i"[i * 7 % 12]));

    private static readonly Gen<LineChart> LineCharts =
        from width in Gen.Elements(360, 480, 720, 880)
        from count in Gen.Choose(1, 5)
        from x in Gen.ListOf(Value, 6)
        from y in Gen.ListOf(Value, 6)
        from names in Gen.ListOf(Name, count)
        from label in Name
        from xScale in Gen.Elements(AxisScale.Linear, AxisScale.Logarithmic)
        from yScale in Gen.Elements(AxisScale.Linear, AxisScale.Logarithmic)
        from format in Gen.Elements(ValueFormat.Number, ValueFormat.Percent)
        from ticks in Gen.Elements(true, false)
        select new LineChart
        {
            Title = label,
            XLabel = label,
            YLabel = label,
            Size = (width, 400),
            XScale = xScale,
            YScale = yScale,
            YFormat = format,
            XTicks = ticks ? [.. x] : null,
            Series = [.. names.Select(name => new Series(name, [.. x.Order()], [.. y]))],
        };

    private static readonly Gen<DotChart> DotCharts =
        from width in Gen.Elements(360, 480, 720, 880)
        from rows in Gen.ListOf(from name in Name
                                from value in Value
                                from spread in Value
                                select new DotRow(name, [value, value + spread])
                                {
                                    Mean = value,
                                    Spread = spread,
                                    Reference = value,
                                    Note = ValueText.Significant(value, 4),
                                })
        where rows.Count > 0
        select new DotChart { Title = "t", Across = width, Rows = [.. rows] };

    [Fact]
    public void No_text_of_a_line_chart_is_cut_or_covered() =>
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(LineCharts), chart => Holds(chart)));

    [Fact]
    public void No_text_of_a_dot_chart_is_cut_or_covered() =>
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(DotCharts), chart => Holds(chart)));

    [Fact]
    public void No_text_of_a_grid_of_images_is_cut_or_covered()
    {
        PlanarImage image = new(new byte[4], 1, 2, 2);
        Gen<ImageGrid> grids =
            from narrow in Gen.Elements(0, 320, 360, 480)
            from rows in Gen.Choose(1, 13)
            from columns in Gen.Choose(1, 17)
            from cell in Gen.Choose(40, 208)
            from note in Name
            select new ImageGrid
            {
                Title = note,
                Note = $"{note} {note} {note}",
                Narrow = narrow,
                CellSize = cell,
                Columns = ["mean", .. Enumerable.Range(1, columns - 1).Select(i => $"head {i}")],
                Rows = [.. Enumerable.Range(1, rows).Select(i => new ImageRow($"block {i}",
                    [.. Enumerable.Repeat(image, columns)]))],
                Scale = new("0", "0.0021 to 0.34: each map's largest"),
            };
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(grids), grid => Holds(grid)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(100)]
    public void No_text_of_a_confusion_matrix_is_cut_at_360_pixels(int classes)
    {
        ConfusionMatrix matrix = new([.. Enumerable.Range(0, classes).Select(i => $"class number {i} of many")],
            new int[classes, classes])
        {
            Across = 360,
        };
        Assert.InRange(matrix.Width, 1, 361);
        RecordingCanvas canvas = new();
        matrix.Draw(canvas);
        Box paper = new(0, 0, matrix.Width, matrix.Height);
        Assert.All(canvas.Texts, text => Assert.True(paper.Contains(text.Box), text.Text));
    }

    [Theory]
    [InlineData(64, 16_384)]
    [InlineData(1e-6, 5e7)]
    [InlineData(3, 4)]
    public void A_logarithmic_axis_ends_next_to_its_data(double low, double high)
    {
        Axis axis = Axis.ForValues([low, high], AxisScale.Logarithmic, ValueFormat.Number, 8);
        double start = axis.Position(low), end = axis.Position(high);
        Assert.InRange(start, 0, 0.5 * Math.Log10(5.0 / 2) / Math.Log10(high / low) + 0.2);
        Assert.True(end - start > 0.6, $"the data fill {end - start:0.00} of the axis");
    }

    [Fact]
    public void Ticks_of_ones_own_stand_where_they_are_asked_for()
    {
        RecordingCanvas canvas = new();
        double[] features = [16, 64, 256, 1024];
        new LineChart
        {
            XScale = AxisScale.Logarithmic,
            XTicks = features,
            Series = [new("", features, [1, 2, 3, 4])],
        }.Draw(canvas);
        Assert.Subset(canvas.Texts.Select(text => text.Text).ToHashSet(), new HashSet<string> { "16", "64", "256",
            "1,024" });
    }

    private static bool Holds(Figure figure)
    {
        RecordingCanvas canvas = new();
        figure.Draw(canvas);
        Box paper = new(0, 0, figure.Width, figure.Height);
        (string Text, Box Box)[] texts = [.. canvas.Texts.Where(text => text.Text.Length > 0)];
        foreach ((string text, Box box) in texts)
            Assert.True(paper.Contains(box), $"'{text}' is cut: {box} in {paper}");
        for (int i = 0; i < texts.Length; i++)
            for (int j = 0; j < i; j++)
                Assert.False(Overlap(texts[i].Box, texts[j].Box), $"'{texts[i].Text}' covers '{texts[j].Text}'");
        return true;
    }

    private static bool Overlap(Box a, Box b) => a.X < b.Right && b.X < a.Right && a.Y < b.Bottom && b.Y < a.Bottom;

    /// <summary>Notes where texts stand: from the top of their capitals to their baseline.</summary>
    private sealed class RecordingCanvas : ICanvas
    {
        public List<(string Text, Box Box)> Texts { get; } = [];

        public void Fill(Box box, Paint paint)
        {
        }

        public void FillPolygon(ReadOnlySpan<Point> corners, Paint paint)
        {
        }

        public void FillDisc(Point centre, double radius, Paint paint)
        {
        }

        public void Polyline(ReadOnlySpan<Point> points, Stroke stroke)
        {
        }

        public void Text(string text, Point position, TextStyle style)
        {
            double width = FigureFont.Advance(text, style.Size, style.Bold);
            double left = position.X - (style.Anchor == Anchor.Start ? 0 : style.Anchor == Anchor.End ? width
                : width / 2);
            Texts.Add((text, new Box(left, position.Y - 2 * style.HalfCapital, width, 2 * style.HalfCapital)));
        }

        public void Image(PlanarImage image, Box box)
        {
        }

        public void Clip(Box box, Action draw) => draw();
    }
}
