using System.Xml.Linq;
using Fovea.Plotting.Charts;

namespace Fovea.Plotting.Tests.Charts;

public sealed class ConfusionMatrixTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Shares_are_those_of_the_row()
    {
        ConfusionMatrix matrix = new(["cat", "dog", "none"], new[,] { { 3, 1, 0 }, { 0, 5, 0 }, { 0, 0, 0 } });
        Assert.Equal(4, matrix.Images(0));
        Assert.Equal(0.25, matrix.Share(0, 1));
        Assert.Equal(double.NaN, matrix.Share(2, 2));
        Assert.DoesNotContain("NaN", matrix.ToSvg(), StringComparison.Ordinal);
    }

    [Fact]
    public void Few_classes_show_their_counts()
    {
        string[] texts = Texts(new(["cat", "<dog> & co"], new[,] { { 1234, 7 }, { 0, 5 } }));
        Assert.Contains("1,234", texts);
        Assert.Equal(2, texts.Count(text => text == "<dog> & co"));
    }

    [Fact]
    public void A_hundred_classes_show_shades_and_some_names()
    {
        int[,] counts = new int[100, 100];
        for (int i = 0; i < 100; i++) counts[i, i] = 77;
        ConfusionMatrix matrix = new([.. Enumerable.Range(0, 100).Select(i => $"class {i}")], counts);
        string[] texts = Texts(matrix);
        Assert.DoesNotContain("77", texts);
        Assert.InRange(texts.Count(text => text.StartsWith("class ", StringComparison.Ordinal)), 30, 80);
        Assert.InRange(matrix.Width, 600, 1000);
    }

    [Fact]
    public void Counts_must_be_square_and_as_many_as_the_classes()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            new ConfusionMatrix(["a", "b"], new int[2, 3]));
        Assert.StartsWith("2 classes need counts [2, 2], not [2, 3].", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_are_copied()
    {
        int[,] counts = { { 1 } };
        ConfusionMatrix matrix = new(["a"], counts);
        counts[0, 0] = 9;
        Assert.Equal(1, matrix.Count(0, 0));
    }

    private static string[] Texts(ConfusionMatrix matrix) =>
        [.. XDocument.Parse(matrix.ToSvg()).Descendants(Svg + "text").Select(text => text.Value)];
}
