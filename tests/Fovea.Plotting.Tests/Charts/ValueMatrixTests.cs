using System.Xml.Linq;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Tests.Charts;

public sealed class ValueMatrixTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Cells_show_their_values_with_as_many_decimals_and_none_where_there_is_none()
    {
        string[] texts = Texts(new(["1", "2"], ["a", "b"], new[,] { { 0.5, -0.2501 }, { double.NaN, -0.0001 } }));
        Assert.Contains("0.50", texts);
        Assert.Contains("−0.25", texts);
        Assert.Contains("0.00", texts);
        Assert.DoesNotContain(texts, text => text.Contains("NaN", StringComparison.Ordinal));
        Assert.Contains("−4.0 %",
            Texts(new(["1"], ["a"], new[,] { { -0.04 } }) { Format = ValueFormat.Percent }));
    }

    [Fact]
    public void Zeros_alone_and_values_that_are_none_can_be_drawn()
    {
        Assert.Contains("0.0000", Texts(new(["1"], ["a"], new double[1, 1])));
        Assert.NotEmpty(new ValueMatrix(["1"], ["a"], new[,] { { double.NaN } }).ToPng());
    }

    [Fact]
    public void Many_columns_stay_within_the_width_of_a_page()
    {
        ValueMatrix matrix = new([.. Enumerable.Range(1, 24).Select(i => $"{i}")],
            [.. Enumerable.Range(1, 40).Select(i => $"block {i}")], new double[24, 40]);
        Assert.InRange(matrix.Width, 600, 1000);
        Assert.Equal(matrix.ToSvg(), matrix.ToSvg());
    }

    [Fact]
    public void Names_and_values_must_fit()
    {
        Assert.Throws<ArgumentException>(() => new ValueMatrix(["1"], ["a"], new double[2, 1]));
        Assert.Throws<ArgumentException>(() => new ValueMatrix([], ["a"], new double[0, 1]));
    }

    private static string[] Texts(ValueMatrix matrix) => [.. XDocument.Parse(matrix.ToSvg())
        .Descendants(Svg + "text").Select(text => text.Value)];
}
