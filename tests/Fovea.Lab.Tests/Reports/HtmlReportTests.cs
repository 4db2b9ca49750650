using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Fovea.Lab.Reports;
using Fovea.Plotting.Charts;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Lab.Tests.Reports;

public sealed class HtmlReportTests
{
    [Fact]
    public void A_report_with_everything_is_well_formed_and_asks_for_nothing()
    {
        string html = HtmlReport.Render(Samples.Run());
        XElement page = Parse(html);
        Assert.DoesNotContain(page.Descendants(),
            element => element.Name.LocalName is "script" or "link" or "iframe" or "object");
        foreach (XAttribute address in page.Descendants().Attributes().Where(a => a.Name.LocalName is "src" or "href"))
            Assert.StartsWith("data:image/png;base64,", address.Value, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex(@"url\(|@import"), html);
        Assert.Contains("content=\"default-src 'none';", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_stays_text()
    {
        string[] pieces = ["<script>", "</pre>", "\"", "'", "&", "&amp;", "]]>", "<!--", "\0", "\uDC00", "é", "漢", " ",
            "a"];
        Gen<string> hostile = Gen.ListOf(Gen.Elements(pieces)).Select(parts => string.Concat(parts));
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(hostile), text =>
        {
            XElement page = Parse(HtmlReport.Render(Samples.Run(text)));
            string shown = text.Replace('\0', '\uFFFD').Replace('\uDC00', '\uFFFD');
            return page.Descendants("h1").Single().Value == shown && !page.Descendants("script").Any()
                && (text.Length == 0 || page.Descendants("pre").Single().Value == shown);
        }));
    }

    [Fact]
    public void The_figures_of_the_summary_are_there()
    {
        XElement table = Parse(HtmlReport.Render(Samples.Run())).Descendants("table").First();
        Dictionary<string, string> facts = table.Descendants("tr")
            .ToDictionary(row => row.Element("th")!.Value, row => row.Element("td")!.Value);
        Assert.Equal("829,322", facts["Parameters"]);
        Assert.Equal("62.50 % after epoch 2", facts["Best validation accuracy"]);
        Assert.Equal("60.00 %", facts["Test accuracy"]);
        Assert.Equal("1.15 GiB", facts["Peak memory"]);
        Assert.Equal("42", facts["Seed"]);
    }

    [Theory]
    [InlineData("softmax", "softmax")]
    [InlineData("performer:features=64", "performer:<wbr/>features=<wbr/>64")]
    [InlineData("a rather long <name> & more", "a rather long &lt;name&gt; &amp; more")]
    [InlineData("runs/a_b/c.png: it's", "runs/<wbr/>a_<wbr/>b/<wbr/>c.png: it&#39;s")]
    public void Long_names_may_be_broken_behind_their_signs(string name, string expected) =>
        Assert.Equal(expected, HtmlTable.Breakable(name));

    [Fact]
    public void A_single_logged_step_is_no_curve()
    {
        ReportContent run = Samples.Run();
        Assert.Single(RunCharts.LearningRate(run with { Steps = [run.Steps[0]] }).Series,
            series => series.X.Count == 3);
        Assert.Equal(2, RunCharts.Loss(run with { Steps = [run.Steps[0]] }).Series.Count);
        Assert.Equal(3, RunCharts.Loss(run).Series.Count);
    }

    [Fact]
    public void What_is_not_known_is_left_out()
    {
        XElement page = Parse(HtmlReport.Render(new ReportContent { Title = "new", Model = "vit" }));
        Assert.Equal(["Summary", "Training"], page.Descendants("h2").Select(heading => heading.Value));
        Assert.Equal(["Model", "Epochs"], page.Descendants("th").Select(name => name.Value));
    }

    [Fact]
    public void Errors_are_counted_and_shown_with_both_classes()
    {
        XElement page = Parse(HtmlReport.Render(Samples.Run()));
        Assert.Contains("Errors: 1 of 9 test images", page.Descendants("h2").Select(heading => heading.Value));
        XElement wrong = page.Descendants("figure").Single(figure => (string?)figure.Attribute("class") == "wrong");
        Assert.Equal("dog 60\u00A0%true: cat", wrong.Element("figcaption")!.Value);
    }

    [Fact]
    public void A_test_without_errors_says_so()
    {
        ReportContent run = Samples.Run();
        run = run with
        {
            Predictions = [run.Predictions[0]],
            Confusion = new ConfusionMatrix(["cat", "dog"], new[,] { { 4, 0 }, { 0, 5 } }),
        };
        XElement page = Parse(HtmlReport.Render(run));
        Assert.Contains("Errors: none in 9 test images", page.Descendants("h2").Select(heading => heading.Value));
    }

    [Fact]
    public void Setup_command_and_date_are_there()
    {
        ReportContent run = Samples.Run() with
        {
            Setup = [new("Teacher", "runs/big"), new("Weights", "")],
            Date = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.FromHours(2)),
        };
        XElement table = Parse(HtmlReport.Render(run)).Descendants("table").First();
        Dictionary<string, string> facts = table.Descendants("tr")
            .ToDictionary(row => row.Element("th")!.Value, row => row.Element("td")!.Value);
        Assert.Equal("runs/big", facts["Teacher"]);
        Assert.Equal("fovea train", facts["Command"]);
        Assert.Equal("2026-03-04 05:06:07 +02:00", facts["Date"]);
        Assert.DoesNotContain("Weights", facts.Keys);
    }

    [Fact]
    public void Charts_of_a_run_begin_at_the_same_place()
    {
        ReportContent run = Samples.Run();
        (double Low, double High)?[] spans =
            [RunCharts.Loss(run).XSpan, RunCharts.Accuracy(run).XSpan, RunCharts.LearningRate(run).XSpan];
        Assert.All(spans, span => Assert.Equal((0, 3), span));
    }

    [Fact]
    public void Classes_are_listed_with_their_worst_confusion()
    {
        XElement page = Parse(HtmlReport.Render(Samples.Run()));
        string[] rows = [.. page.Descendants("tr")
            .Select(row => string.Join('|', row.Elements().Select(cell => cell.Value)))];
        Assert.Contains("cat|4|3|75.00 %||dog (1)", rows);
        Assert.Contains("dog|5|5|100.00 %||–", rows);
    }

    private static XElement Parse(string html)
    {
        using XmlReader reader = XmlReader.Create(new StringReader(html),
            new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader).Root!;
    }
}
