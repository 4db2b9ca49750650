using System.Globalization;
using System.Xml.Linq;
using Fovea.Plotting.Charts;

namespace Fovea.Plotting.Tests.Charts;

public sealed class FlameChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Parts_lie_under_their_whole_as_wide_as_their_share()
    {
        FlameChart chart = new()
        {
            Title = "A step",
            Root = new("step", 10, [new("forward", 4, [new("Linear", 3, []), new("Attention", 1, [])]),
                new("backward", 6, []) { Note = "6 ms" }, new("nothing", 0, [])]),
        };
        XElement root = XDocument.Parse(chart.ToSvg()).Root!;
        (double X, double Y, double Width)[] boxes = [.. root.Descendants(Svg + "rect").Skip(1)
            .Select(box => (Number(box, "x"), Number(box, "y"), Number(box, "width") + 1))];

        Assert.Equal(5, boxes.Length);
        double whole = boxes[0].Width;
        Assert.Equal([1, 0.4, 0.3, 0.1, 0.6], boxes.Select(box => Math.Round(box.Width / whole, 2)));
        Assert.Equal(boxes[1].X + boxes[1].Width, boxes[4].X, 0.02);
        Assert.Equal(boxes[1].Y, boxes[4].Y);
        Assert.True(boxes[0].Y < boxes[1].Y && boxes[1].Y < boxes[2].Y);
        Assert.Superset(new HashSet<string> { "A step", "step", "forward", "Linear", "Attention", "backward", "6 ms" },
            root.Descendants(Svg + "text").Select(text => text.Value).ToHashSet());
    }

    [Fact]
    public void A_whole_of_nothing_is_drawn()
    {
        string svg = new FlameChart { Root = new("step", 0, [new("forward", 0, [])]) }.ToSvg();
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
    }

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
