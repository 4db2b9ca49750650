using System.Xml.Linq;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Plotting.Tests.Charts;

public sealed class LineChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Any_values_make_a_well_formed_figure_with_finite_coordinates()
    {
        Gen<double> value = Gen.OneOf(
            Gen.Choose(-1000, 1000).Select(i => i / 100.0),
            Gen.Elements(double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, 1e-320, 1e300, -1e308,
                double.MaxValue, 1));
        Gen<LineChart> charts =
            from y in Gen.ListOf(value)
            from scale in Gen.Elements(AxisScale.Linear, AxisScale.Logarithmic)
            from format in Gen.Elements(ValueFormat.Number, ValueFormat.Percent)
            from best in Gen.Elements(BestValue.None, BestValue.Lowest, BestValue.Highest)
            from width in Gen.Elements(320, 720)
            select new LineChart
            {
                Title = "Loss",
                YScale = scale,
                YFormat = format,
                Size = (width, 300),
                Series = [new("a", [.. y.Select((_, i) => (double)i)], y) { Best = best },
                    new("b", y, y) { Faint = true }],
            };

        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(charts), chart =>
        {
            string svg = chart.ToSvg();
            XDocument.Parse(svg);
            return !svg.Contains("NaN", StringComparison.Ordinal) && !svg.Contains('∞', StringComparison.Ordinal);
        }));
    }

    [Fact]
    public void Names_may_hold_any_text()
    {
        const string Hostile = "</text><script>alert('1')</script> & \"quotes\" \0\u0001 \uD800 ✓";
        LineChart chart = new()
        {
            Title = Hostile,
            XLabel = Hostile,
            YLabel = Hostile,
            Series = [new(Hostile, [1], [1])],
            Size = (4000, 300)
        };
        XElement root = XDocument.Parse(chart.ToSvg()).Root!;
        Assert.Empty(root.Descendants(Svg + "script"));
        string readable = Hostile.Replace('\0', '\uFFFD').Replace('\u0001', '\uFFFD').Replace('\uD800', '\uFFFD');
        Assert.Equal(4, root.Descendants(Svg + "text").Count(text => text.Value == readable));
    }

    [Fact]
    public void Without_points_it_says_so()
    {
        LineChart chart = new()
        {
            Title = "Loss",
            Series = [new("train", [], []), new("validation", [1], [double.NaN])]
        };
        Assert.Contains("no data yet", Texts(chart));
    }

    [Fact]
    public void A_gap_breaks_the_line()
    {
        Assert.Equal(1, Lines(new("x", [1, 2, 3, 4, 5], [1, 2, 3, 4, 5])));
        Assert.Equal(2, Lines(new("x", [1, 2, 3, 4, 5], [1, 2, double.NaN, 4, 5])));
        static int Lines(Series series) => CurveElements(new() { Series = [series] }).Count();
    }

    [Fact]
    public void A_long_series_is_drawn_with_a_few_points_per_pixel()
    {
        double[] x = [.. Enumerable.Range(0, 50_000).Select(i => (double)i)];
        LineChart chart = new()
        {
            Series = [new("loss", x, [.. x.Select(i => Math.Sin(i) + i * 1e-4)]) { Faint = true }]
        };
        Assert.InRange(CurveElements(chart).Single().Attribute("points")!.Value.Split(' ').Length, 600, 4 * 720);
    }

    [Fact]
    public void The_best_value_is_written_out()
    {
        LineChart chart = new()
        {
            XLabel = "epoch",
            YFormat = ValueFormat.Percent,
            Series = [new("validation", [1, 2, 3], [0.5, 0.7583, 0.7]) { Best = BestValue.Highest }],
        };
        Assert.Contains("best 75.83 % (epoch 2)", Texts(chart));
    }

    [Fact]
    public void Curves_differ_without_colour()
    {
        SeriesStyle[] styles = [.. Enumerable.Range(0, 36).Select(SeriesStyle.Number)];
        Assert.Equal(36, styles.Select(style =>
            (string.Join(' ', style.Dashes ?? []), style.Marker)).Distinct().Count());
    }

    [Fact]
    public void Inline_figures_take_their_colours_from_the_page()
    {
        string svg = new LineChart { Title = "Loss", Series = [new("train", [1, 2], [1, 2])] }.ToInlineSvg();
        Assert.Contains("var(--series1)", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("\"#", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_figure_is_the_same_bytes()
    {
        LineChart chart = new() { Title = "Loss", Size = (320, 200), Series = [new("train", [1, 2], [1, 2])] };
        Assert.Equal(chart.ToPng(), chart.ToPng());
        Assert.Equal(chart.ToSvg(), chart.ToSvg());
    }

    private static string[] Texts(Figure figure) =>
        [.. XDocument.Parse(figure.ToSvg()).Descendants(Svg + "text").Select(text => text.Value)];

    /// <summary>Curves are the only lines inside the clipped part.</summary>
    private static IEnumerable<XElement> CurveElements(LineChart chart) =>
        XDocument.Parse(chart.ToSvg()).Root!.Elements(Svg + "svg").Single().Elements(Svg + "polyline");
}
