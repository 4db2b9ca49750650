using Fovea.Plotting.Charts;

namespace Fovea.Plotting.Tests.Charts;

public sealed class SeriesStyleTests
{
    private static readonly SeriesStyle[] Styles = [.. Enumerable.Range(0, 216).Select(SeriesStyle.Number)];

    [Fact]
    public void No_two_styles_are_alike() => Assert.Equal(216,
        Styles.Select(style => (style.Ink, string.Join(' ', style.Dashes ?? []), style.Marker)).Distinct().Count());

    [Fact]
    public void Lines_without_markers_and_curves_without_colour_stay_apart()
    {
        SeriesStyle[] some = Styles[..36];
        Assert.Equal(36, some.Select(style => (style.Ink, string.Join(' ', style.Dashes ?? []))).Distinct().Count());
        Assert.Equal(36, some.Select(style => (string.Join(' ', style.Dashes ?? []), style.Marker)).Distinct()
            .Count());
        Assert.Equal(18, some[..18].Select(style => (style.Ink, style.Marker)).Distinct().Count());
    }

    [Fact]
    public void The_first_six_differ_in_colour_dashes_and_marker_at_once()
    {
        SeriesStyle[] some = Styles[..6];
        Assert.Equal(6, some.Select(style => style.Ink).Distinct().Count());
        Assert.Equal(6, some.Select(style => string.Join(' ', style.Dashes ?? [])).Distinct().Count());
        Assert.Equal(6, some.Select(style => style.Marker).Distinct().Count());
    }
}
