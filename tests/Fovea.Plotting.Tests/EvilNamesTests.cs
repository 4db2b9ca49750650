using System.Xml.Linq;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;

namespace Fovea.Plotting.Tests;

/// <summary>Each figure with a name that would end an element, an attribute or a line, or steer a terminal.</summary>
public sealed class EvilNamesTests
{
    private const string Evil = "</text><script>\"'&\n\x1b[2J]]>";
    private static readonly PlanarImage Image = new(new byte[4], 1, 2, 2);

    public static TheoryData<string, Figure> Figures { get; } = new()
    {
        { "lines", new LineChart { Title = Evil, XLabel = Evil, YLabel = Evil, Series = [new(Evil, [1, 2], [3, 4])] } },
        { "dots", new DotChart { Title = Evil, Label = Evil, ReferenceName = Evil, Rows = [new(Evil, [1, 2])
            { Mean = 1.5, Reference = 1, Note = Evil }] } },
        { "confusions", new ConfusionMatrix([Evil, "b"], new[,] { { 1, 2 }, { 3, 4 } }) { Title = Evil } },
        { "sheet", new ContactSheet([new(Image, Evil)]) { Title = Evil, ImageSize = 400 } },
        { "predictions", new PredictionGrid([new(Image, Evil, "b", 0.5), new(Image, "b", Evil, 0.5)])
            { Title = Evil, ImageSize = 400 } },
        { "grid", new ImageGrid { Title = Evil, Note = Evil, Columns = [Evil], Rows = [new(Evil, [Image])],
            CellSize = 400, Scale = new(Evil, Evil) } },
        { "places", new SamplingFigure(Image, [new(Evil, [])]) { Title = Evil, Note = Evil, Groups = [Evil],
            PanelSize = 400 } },
    };

    [Theory]
    [MemberData(nameof(Figures))]
    public void A_figure_shows_them_as_text(string kind, Figure figure)
    {
        foreach (string svg in (string[])[figure.ToSvg(), figure.ToInlineSvg()])
        {
            XElement root = XDocument.Parse(svg).Root!;
            Assert.DoesNotContain(root.Descendants(), element => element.Name.LocalName == "script");
            Assert.DoesNotContain('\x1b', svg);
            Assert.Contains(root.Descendants(),
                element => element.Value.Contains("<script>", StringComparison.Ordinal));
        }

        Assert.True(figure.ToPng().Length > 0, kind);
    }
}
