using System.Xml.Linq;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Tests.Charts;

public sealed class DotChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static DotChart Chart { get; } = new()
    {
        Title = "Test accuracy",
        Format = ValueFormat.Percent,
        Rows =
        [
            new("softmax", [0.5, 0.6]) { Mean = 0.55, Spread = 0.07, Reference = 0.62, Note = "55 %" },
            new("linear", [0.4]) { Mean = 0.4 },
            new("not yet", []),
        ],
    };

    [Fact]
    public void Rows_have_their_names_notes_and_dots_in_the_order_of_their_values()
    {
        XElement root = XDocument.Parse(Chart.ToSvg()).Root!;
        string[] texts = [.. root.Descendants(Svg + "text").Select(text => text.Value)];
        Assert.Superset(new HashSet<string> { "softmax", "linear", "not yet", "55 %", "no result", "mean", "± spread",
            "each seed", "published" }, texts.ToHashSet());
        double[] rings = [.. root.Descendants(Svg + "circle").Where(circle => circle.Attribute("r")!.Value == "1.8")
            .Select(circle => (double)circle.Attribute("cx")!)];
        Assert.Equal([.. rings.Skip(1).Take(2).Order()], rings.Skip(1).Take(2));   // the first is the legend's
        Assert.DoesNotContain("NaN", Chart.ToSvg(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_narrow_chart_has_names_above_its_dots_and_ticks_that_do_not_touch()
    {
        XElement root = XDocument.Parse((Chart with { Across = 360 }).ToSvg()).Root!;
        XElement[] texts = [.. root.Descendants(Svg + "text")];
        double[] ticks = [.. texts
            .Where(text => text.Value.EndsWith(" %", StringComparison.Ordinal)
                && (string?)text.Attribute("text-anchor") == "middle").Select(text => (double)text.Attribute("x")!)];
        Assert.True(ticks.Length >= 3);
        Assert.All(ticks.Zip(ticks.Skip(1)), pair => Assert.True(pair.Second - pair.First > 45));
        Assert.All(Chart.Rows, row => Assert.Equal(16,
            (double)texts.Single(text => text.Value == row.Name).Attribute("x")!));
    }

    [Fact]
    public void Without_values_it_says_so() =>
        Assert.Contains("no data yet", (Chart with { Rows = [new("a", [])] }).ToSvg(), StringComparison.Ordinal);

    [Fact]
    public void Bands_and_bars_show_spreads_and_leave_out_what_is_not_finite()
    {
        Series line = new("a", [1, 2, 3],
            [0.1, 0.2, 0.3])
        { Spread = [(0.05, 0.15), (0.1, 0.3), (double.NaN, double.NaN)] };
        XElement band = XDocument.Parse(new LineChart { Series = [line] }.ToSvg()).Root!;
        Assert.Single(band.Descendants(Svg + "polygon"), polygon => polygon.Attribute("fill-opacity") is not null);
        string bars = new LineChart
        {
            Scattered = true,
            Series = [line with { X = [1], Y = [0.1], Spread = [(0.05, 0.15)] }]
        }.ToSvg();
        Assert.DoesNotContain("fill-opacity", bars, StringComparison.Ordinal);
        Assert.True(new LineChart { Series = [line] }.ToPng().Length > 0);
        Assert.Throws<ArgumentException>(() => new LineChart { Series = [line with { Spread = [(0, 1)] }] }.ToSvg());
    }
}
