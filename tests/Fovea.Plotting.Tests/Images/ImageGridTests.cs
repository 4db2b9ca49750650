using System.Xml.Linq;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Images;

namespace Fovea.Plotting.Tests.Images;

public sealed class ImageGridTests
{
    private static readonly PlanarImage Map = HeatMap.Of([0, 1, 2, 3, 4, 5], 2, 3, 0, 5);

    [Fact]
    public void Names_notes_and_places_are_drawn_inside_the_figure()
    {
        ImageGrid grid = new()
        {
            Title = "Maps",
            Note = string.Join(' ', Enumerable.Repeat("several lines of words", 20)),
            Columns = ["first", "second"],
            Rows = [new("a row", [Map, null]), new("another", [Map, Map])],
            Scale = new("0", "1"),
        };
        XDocument svg = XDocument.Parse(grid.ToSvg());
        XElement[] images = [.. svg.Descendants().Where(element => element.Name.LocalName == "image")];
        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text")
            .Select(element => element.Value)];

        Assert.Equal(3 + 1, images.Length);
        Assert.All(images, image => Assert.InRange((double)image.Attribute("y")! + (double)image.Attribute("height")!,
            0, grid.Height));
        Assert.All(images, image => Assert.InRange((double)image.Attribute("x")! + (double)image.Attribute("width")!, 0,
            grid.Width));
        Assert.Superset(new HashSet<string> { "Maps", "first", "second", "a row", "another", "0", "1" },
            texts.ToHashSet());
        Assert.True(texts.Count(text => text.Contains("several", StringComparison.Ordinal)) > 1);
        Assert.NotEmpty(grid.ToPng(Theme.Dark));
        Assert.NotEmpty(new ImageGrid { Title = "Nothing" }.ToPng());
    }

    [Fact]
    public void A_pixel_has_the_colour_of_its_number()
    {
        for (int i = 0; i < 6; i++)
        {
            (byte red, byte green, byte blue) = ColorMap.At(i / 5.0).ToBytes();
            Assert.Equal((red, green, blue), (Map.Samples[i], Map.Samples[6 + i], Map.Samples[12 + i]));
        }

        Assert.Equal(ColorMap.At(0).ToBytes().Red, HeatMap.Of([7], 1, 1, 7, 7).Samples[0]);
    }

    /// <summary>A flat map stays flat, and steps become slopes; the image shows through either.</summary>
    [Fact]
    public void Overlays_are_smooth_and_leave_the_image_visible()
    {
        Assert.All(HeatMap.Smooth([3, 3, 3, 3], 2, 2, 9, 7), value => Assert.Equal(3, value, 1e-5));
        float[] slope = HeatMap.Smooth([0, 1, 0, 1], 2, 2, 4, 16);
        Assert.All(Enumerable.Range(5, 6), x => Assert.True(slope[x] > slope[x - 1] && slope[x] - slope[x - 1] < 0.2));

        PlanarImage image = new(new byte[] { 20, 230, 20, 230 }, 1, 2, 2);
        PlanarImage over = HeatMap.Over(image, [1, 1, 1, 1], 2, 2, 0, 1, 8);
        Assert.Equal((3, 8, 8), (over.Channels, over.Height, over.Width));
        double dark = OkLab.Of(over.Samples[0], over.Samples[64], over.Samples[128]).L;
        double light = OkLab.Of(over.Samples[7], over.Samples[71], over.Samples[135]).L;
        Assert.InRange(light - dark, 0.2, 0.5);
    }

    [Fact]
    public void Places_are_drawn_over_the_image()
    {
        SamplingFigure figure = new(Map,
            [new("one", [new(0.5, 0.5, 1, 0), new(-0.2, 1.4, 0.5, 1)], (0.25, 0.25, 0.5, 0.5)), new("two", [])])
        {
            Title = "Places"
        };
        XDocument svg = XDocument.Parse(figure.ToSvg());
        Assert.Equal(2, svg.Descendants().Count(element => element.Name.LocalName == "image"));
        Assert.Contains(svg.Descendants(), element => element.Name.LocalName == "text" && element.Value == "two");
        Assert.NotEmpty(figure.ToPng());
    }
}
