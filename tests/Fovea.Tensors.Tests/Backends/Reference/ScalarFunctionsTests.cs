using Fovea.Tensors.Backends.Reference;

namespace Fovea.Tensors.Tests.Backends.Reference;

public sealed class ScalarFunctionsTests
{
    [Theory]   // expected values: erfc of the C library, correct to the last digit or two
    [InlineData(-6.0, 2.0)]
    [InlineData(-2.5, 1.999593047982555)]
    [InlineData(-1.0, 1.842700792949715)]
    [InlineData(-0.1, 1.1124629160182848)]
    [InlineData(0.0, 1.0)]
    [InlineData(1e-08, 0.9999999887162083)]
    [InlineData(0.3, 0.6713732405408726)]
    [InlineData(1.0, 0.15729920705028513)]
    [InlineData(1.999999, 0.004677755648073953)]
    [InlineData(2.0, 0.004677734981047265)]
    [InlineData(2.5, 0.0004069520174449589)]
    [InlineData(4.0, 1.541725790028002e-08)]
    [InlineData(8.0, 1.1224297172982928e-29)]
    [InlineData(20.0, 5.3958656116079005e-176)]
    public void Erfc_agrees_with_the_c_library(double x, double expected)
    {
        double actual = ScalarFunctions.Erfc(x);
        Assert.True(Math.Abs(actual - expected) <= 1e-13 * expected, $"erfc({x}) = {actual:R}, expected {expected:R}");
        Assert.True(Math.Abs(actual - expected) <= 1e-15, $"erfc({x}) = {actual:R}, expected {expected:R}");
    }

    [Fact]
    public void Erfc_joins_its_two_formulas_smoothly() =>
        Assert.Equal(ScalarFunctions.Erfc(2), ScalarFunctions.Erfc(Math.BitDecrement(2.0)), 5e-16);

    [Theory]
    [InlineData(UnaryOperator.Gelu, -9.0, -1.015729565358458e-18)]   // x Φ(x): the tail keeps its digits
    [InlineData(UnaryOperator.Softplus, 1000.0, 1000.0)]              // no overflow
    [InlineData(UnaryOperator.Softplus, -50.0, 1.9287498479639178e-22)]
    [InlineData(UnaryOperator.Elu, -1e-12, -9.999999999995e-13)]      // no cancellation
    [InlineData(UnaryOperator.Sigmoid, -1000.0, 0.0)]
    public void Values_are_accurate_where_the_textbook_formula_is_not(UnaryOperator f, double x, double expected) =>
        Assert.Equal(expected, ScalarFunctions.Value(f, x), 1e-14 * Math.Abs(expected));

    [Fact]
    public void Every_derivative_matches_the_central_difference()
    {
        foreach (UnaryOperator f in Enum.GetValues<UnaryOperator>())
            foreach (double x in (double[])[0.01, 0.5, 1.7, 3.1, 6, -0.01, -0.5, -1.7, -3.1, -6])
            {
                if (x < 0 && f is UnaryOperator.Log or UnaryOperator.Sqrt) continue;
                double h = 1e-5 * Math.Min(1, Math.Abs(x)), slope = ScalarFunctions.Derivative(f, x);
                double difference = (ScalarFunctions.Value(f, x + h) - ScalarFunctions.Value(f, x - h)) / (2 * h);
                Assert.True(Math.Abs(slope - difference) < 1e-8 * Math.Max(1, Math.Abs(slope)),
                    $"{f}'({x}) = {slope}, difference {difference}");
            }
    }
}
