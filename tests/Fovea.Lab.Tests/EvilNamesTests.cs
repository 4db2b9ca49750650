using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using Fovea.Lab.Explanations;
using Fovea.Lab.Studies;
using Fovea.Lab.Tests.Support;
using Fovea.Plotting.Charts;

namespace Fovea.Lab.Tests;

/// <summary>Pages and tables with names that would end an element, a cell or a line, run as a formula or steer a
/// terminal.</summary>
public sealed class EvilNamesTests
{
    private const string Evil = "=cmd|<script>\"'&\r\nb\x1b[2J";

    [Fact]
    public void An_explanation_shows_them_as_text()
    {
        ExplainedFigure figure = new("heads", new LineChart { Title = Evil, Series = [new(Evil, [1, 2], [3, 4])] })
        {
            Table = [[Evil, "#" + Evil], [Evil, Evil]],
        };
        string page = ExplanationPage.Render(new(Evil, Evil, [new(Evil, Evil, [figure])], [figure]));
        AssertPage(page, Evil, times: 3);
    }

    [Fact]
    public void Files_of_an_explanation_get_plain_names()
    {
        using TemporaryFolder folder = new();
        ExplainedFigure figure = new("heads", new LineChart());
        ExplanationOutputs.Write(new("t", "", [new("../../" + Evil, "", [figure])], []), folder["out"]);
        Assert.All(Directory.GetFiles(folder["out"]),
            file => Assert.Matches("^[A-Za-z0-9._-]+$", Path.GetFileName(file)));
        Assert.Equal(2, Directory.GetFiles(folder["out"]).Length);
    }

    [Fact]
    public void A_study_writes_them_as_text()
    {
        using TemporaryFolder folder = new();
        string yaml = TinyStudy.Yaml + $"\ndescription: {JsonSerializer.Serialize(Evil)}\n"
            + $"include: [{{ name: {JsonSerializer.Serialize(Evil)}, attention: performer }}]\n";
        StudyResults results = StudyResults.Read(TinyStudy.Plan(folder["study"], yaml));
        string markdown = StudyOutputs.Markdown(results);
        AssertPage(StudyPage.Render(results), Evil, times: 2);

        Assert.Contains("=cmd\\|&lt;script&gt;", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain(markdown, c => c is '\r' or '\x1b');
        string row = StudyOutputs.Csv(results).Split("\"'=cmd")[1];   // neutralised, and in quotes
        Assert.StartsWith("|<script>\"\"'&\r\nb", row, StringComparison.Ordinal);
        string json = JsonSerializer.Serialize(StudyJson.Of(results));
        Assert.DoesNotContain('\x1b', json);
    }

    private static void AssertPage(string page, string name, int times)
    {
        using XmlReader reader = XmlReader.Create(new StringReader(page),
            new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        XElement root = XDocument.Load(reader).Root!;
        Assert.DoesNotContain(root.Descendants(), element => element.Name.LocalName == "script");
        Assert.DoesNotContain('\x1b', page);
        string shown = name[..name.IndexOf('\r')];
        Assert.True(root.Descendants().Count(element => !element.HasElements
            && element.Value.Contains(shown, StringComparison.Ordinal)) >= times);
    }
}
