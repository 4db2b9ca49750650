using Fovea.Plotting.Images;

namespace Fovea.Plotting.Tests.Images;

public sealed class ColorMapTests
{
    private static readonly OkLab[] Colours = [.. Enumerable.Range(0, 256).Select(i => ColorMap.At(i / 255.0))];

    [Fact]
    public void Lightness_rises_all_the_way_so_that_the_order_is_the_same_without_colour()
    {
        Assert.All(Colours.Zip(Colours.Skip(1)), pair => Assert.True(pair.Second.L > pair.First.L));
        int[] luma = [.. Colours.Select(colour => colour.ToBytes())
            .Select(c => (int)Math.Round(0.2126 * c.Red + 0.7152 * c.Green + 0.0722 * c.Blue))];
        Assert.All(luma.Zip(luma.Skip(1)), pair => Assert.True(pair.Second >= pair.First - 1));   // bytes are rounded
        Assert.True(luma[^1] - luma[0] > 200);
    }

    /// <summary>On screens colours are rounded to bytes, of which a step of 16 colours takes many.</summary>
    [Fact]
    public void Equal_steps_look_equal()
    {
        double[] exact = [.. Colours.Zip(Colours.Skip(1), (a, b) => a.DistanceTo(b))];
        Assert.InRange(exact.Max() / exact.Min(), 1, 1.1);
        OkLab[] shown = [.. Colours.Where((_, i) => i % 15 == 0).Select(colour => colour.ToBytes())
            .Select(c => OkLab.Of(c.Red, c.Green, c.Blue))];
        double[] steps = [.. shown.Zip(shown.Skip(1), (a, b) => a.DistanceTo(b))];
        Assert.InRange(steps.Max() / steps.Min(), 1, 1.3);
        Assert.All(Colours, colour => Assert.True(colour.IsShown));
    }

    [Fact]
    public void Numbers_beyond_the_ends_get_the_ends()
    {
        Assert.Equal(Colours[0], ColorMap.At(-3));
        Assert.Equal(Colours[0], ColorMap.At(double.NaN));
        Assert.Equal(Colours[^1], ColorMap.At(2));
    }

    /// <summary>White, black and grey by definition; red as its author gives it.</summary>
    [Fact]
    public void Colours_go_there_and_back()
    {
        Assert.Equal(1, OkLab.Of(255, 255, 255).L, 1e-6);
        Assert.Equal(0, OkLab.Of(0, 0, 0).L, 1e-6);
        OkLab red = OkLab.Of(255, 0, 0);
        Assert.Equal((0.628, 0.225, 0.126), (Math.Round(red.L, 3), Math.Round(red.A, 3), Math.Round(red.B, 3)));
        for (int i = 0; i < 4096; i++)
        {
            (byte, byte, byte) colour = ((byte)(i % 16 * 17), (byte)(i / 16 % 16 * 17), (byte)(i / 256 * 17));
            Assert.Equal(colour, OkLab.Of(colour.Item1, colour.Item2, colour.Item3).ToBytes());
        }
    }
}
