using Fovea.Training.Tracking;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Training.Tests.Tracking;

public class HistogramTests
{
    [Fact]
    public void CountsEveryFiniteValueOnce() => Prop.ForAll<float[]>(values =>
    {
        Histogram histogram = Histogram.Of(values);
        float[] finite = [.. values.Where(float.IsFinite)];
        Assert.Equal(finite.Length, histogram.Count);
        Assert.Equal(histogram.Counts.Count + 1, histogram.Edges.Count);
        Assert.Equal(histogram.Edges.Order(), histogram.Edges);
        Assert.Equal(finite.Sum(value => (double)value), histogram.Sum);
        if (finite.Length > 0)
            Assert.Equal((finite.Min(), finite.Max()), ((float)histogram.Edges[0], (float)histogram.Edges[^1]));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void PutsValuesIntoTheBinsThatHoldThem()
    {
        float[] values = [.. Enumerable.Range(0, 1000).Select(i => i / 999f * 6.4f - 3.2f)];   // bins of width 0.1
        Histogram histogram = Histogram.Of(values);
        for (int bin = 0; bin < Histogram.Bins; bin++)
        {
            (double low, double high) = (histogram.Edges[bin] - 1e-6, histogram.Edges[bin + 1] + 1e-6);
            Assert.InRange(histogram.Counts[bin], 14, 17);
            Assert.InRange(histogram.Counts[bin], 0, values.Count(value => value >= low && value <= high));
        }
    }

    [Fact]
    public void EqualValuesShareOneBin() => Assert.Equal([3], Histogram.Of([2, 2, 2]).Counts);

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(100)]
    public void TheRangeIsThatOfTheFiniteValuesWhereverTheyStand(int length)
    {
        for (int place = 0; place < length; place++)
        {
            float[] values = [.. Enumerable.Repeat(float.NaN, length)];
            (values[place], values[(place + 7) % length]) = (-3, 5);
            values[(place + 3) % length] = float.NegativeInfinity;
            Histogram histogram = Histogram.Of(values);
            Assert.Equal((-3, 5, 2L), (histogram.Edges[0], histogram.Edges[^1], histogram.Count));
        }
    }

    [Fact]
    public void WhatIsNotFiniteIsLeftOut() =>
        Assert.Equal(2, Histogram.Of([1, float.NaN, float.PositiveInfinity, 2]).Count);
}
