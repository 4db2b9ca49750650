using Fovea.Plotting.Text;

namespace Fovea.Plotting.Tests.Text;

public sealed class ValueTextTests
{
    [Theory]
    [InlineData(0.75831, "0.7583")]
    [InlineData(12.3456, "12.35")]
    [InlineData(829322, "829,322")]
    [InlineData(0, "0")]
    [InlineData(-2.5, "−2.5")]
    [InlineData(0.0000312, "3.12e−5")]
    [InlineData(double.NaN, "–")]
    public void Numbers_have_four_digits(double value, string expected) =>
        Assert.Equal(expected, ValueText.Significant(value, 4));

    [Theory]
    [InlineData(-0.00001, "0.00 %")]
    [InlineData(-0.0001, "−0.01 %")]
    public void What_rounds_to_zero_has_no_sign(double share, string expected) =>
        Assert.Equal(expected, ValueText.Percent(share));

    [Theory]
    [InlineData(8.254, "8.25 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(7620, "2 h 07 min")]
    [InlineData(59.999, "60 s")]
    [InlineData(double.NaN, "–")]
    public void Times_are_as_fine_as_they_matter(double seconds, string expected) =>
        Assert.Equal(expected, ValueText.Duration(seconds));

    [Theory]
    [InlineData(ValueFormat.Number, "0|0.0005|0.0010", 0, 5e-4, 1e-3)]
    [InlineData(ValueFormat.Number, "0|2e−5|4e−5", 0, 2e-5, 4e-5)]
    [InlineData(ValueFormat.Number, "0.99998|1.00000|1.00002", 0.99998, 1, 1.00002)]
    [InlineData(ValueFormat.Percent, "97.5 %|98.0 %|98.5 %", 0.975, 0.98, 0.985)]
    [InlineData(ValueFormat.Number, "0|5,000|10,000", 0, 5000, 10000)]
    [InlineData(ValueFormat.Number, "−1|0|1", -1, 0, 1)]
    public void Labels_of_an_axis_share_their_decimals(ValueFormat format, string expected, double first, double second,
        double third) =>
        Assert.Equal(expected, string.Join('|', ValueText.Labels([first, second, third], format)));
}
