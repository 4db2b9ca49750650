using System.Xml.Linq;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Images;

namespace Fovea.Plotting.Tests.Images;

public sealed class ImageFigureTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private static readonly PlanarImage Grey = new(new byte[] { 0, 255, 128, 64 }, 1, 2, 2);

    [Fact]
    public void A_mistake_is_marked_by_frame_shape_and_words()
    {
        string right = Render("cat", "cat"), wrong = Render("cat", "dog");
        Assert.Contains("stroke-width=\"4\"", wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("stroke-width=\"4\"", right, StringComparison.Ordinal);
        Assert.Equal(2, XDocument.Parse(right).Descendants(Svg + "polyline").Count());   // frame and tick
        // frame and the cross's two strokes
        Assert.Equal(3, XDocument.Parse(wrong).Descendants(Svg + "polyline").Count());
        Assert.Contains("true: cat", wrong, StringComparison.Ordinal);
        Assert.Contains("dog 61 %", wrong, StringComparison.Ordinal);

        static string Render(string truth, string predicted) =>
            new PredictionGrid([new(Grey, truth, predicted, 0.61)]).ToSvg();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(17)]
    public void Any_number_of_tiles_fits_into_the_figure(int count)
    {
        ContactSheet sheet = new([.. Enumerable.Range(0, count).Select(i => new CaptionedImage(Grey, $"<{i}>"))])
        {
            Title = "Samples"
        };
        XElement[] images = [.. XDocument.Parse(sheet.ToSvg()).Descendants(Svg + "image")];
        Assert.Equal(count, images.Length);
        Assert.All(images, image => Assert.InRange((double)image.Attribute("x")! + (double)image.Attribute("width")!, 0,
            sheet.Width));
        Assert.All(images, image => Assert.InRange((double)image.Attribute("y")! + (double)image.Attribute("height")!,
            0, sheet.Height));
        Assert.NotEmpty(sheet.ToPng(scale: 1));
    }

    [Fact]
    public void An_image_keeps_its_proportions()
    {
        PlanarImage wide = new(new byte[3 * 10 * 40], 3, 10, 40);
        XElement image = XDocument.Parse(new ContactSheet([new(wide, "")]).ToSvg()).Descendants(Svg + "image").Single();
        Assert.Equal(("112", "28"), (image.Attribute("width")!.Value, image.Attribute("height")!.Value));
    }

    [Fact]
    public void Shrinking_averages_and_growing_repeats()
    {
        Assert.Equal([112], Grey.Resize(1, 1).Samples.ToArray());   // (0 + 255 + 128 + 64) / 4, rounded
        Assert.Equal([0, 0, 255, 255, 128, 128, 64, 64], Grey.Resize(2, 4).Samples.ToArray());
    }

    [Fact]
    public void Samples_must_fill_the_image()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new PlanarImage(new byte[5], 3, 2, 2));
        Assert.StartsWith("A [3, 2, 2] image has 12 samples, not 5.", error.Message, StringComparison.Ordinal);
    }
}
