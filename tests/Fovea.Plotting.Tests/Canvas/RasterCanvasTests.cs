using Fovea.Plotting.Canvas;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Plotting.Tests.Canvas;

public sealed class RasterCanvasTests
{
    private static readonly Gen<double> Places = Gen.Choose(1200, 2800).Select(i => i / 100.0);

    [Fact]
    public void A_disc_covers_its_area_wherever_it_lies() => FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(
        Arb.From(from x in Places from y in Places from r in Gen.Choose(200, 1100) select (X: x, Y: y, Radius: r / 100.0)),
        disc =>
        {
            double covered = Covered(canvas => canvas.FillDisc(new(disc.X, disc.Y), disc.Radius, Ink.Text));
            double curvature = 0.04 / (disc.Radius * disc.Radius);   // an edge pixel is covered as if the edge were straight
            return IsNear(Math.PI * disc.Radius * disc.Radius, covered, 0.015 + curvature);
        }));

    [Fact]
    public void A_line_covers_its_length_times_its_width_and_round_ends() => FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(
        Arb.From(from a in Places from b in Places from c in Places from d in Places select (From: new Point(a, b), To: new Point(c, d))),
        line =>
        {
            double area = (line.To - line.From).Length * 3 + Math.PI * 1.5 * 1.5;
            return IsNear(area, Covered(canvas => canvas.Line(line.From, line.To, new Stroke(Ink.Text, 3))), 0.04);
        }));

    [Fact]
    public void A_polygon_covers_its_area_in_either_direction()
    {
        Point[] triangle = [new(3, 4), new(33, 9), new(12, 35)];
        double area = Covered(canvas => canvas.FillPolygon(triangle, Ink.Text));
        Assert.True(IsNear(0.5 * (30 * 31 - 5 * 9), area, 0.01));
        Assert.Equal(area, Covered(canvas => canvas.FillPolygon([.. triangle.Reverse()], Ink.Text)), precision: 6);
    }

    [Fact]
    public void A_line_on_whole_pixels_has_no_soft_edge()
    {
        RasterCanvas canvas = new(8, 8, Theme.Light, scale: 1);
        canvas.Line(new(-5, 3.5), new(20, 3.5), new Stroke(Ink.Text, 1));
        for (int y = 0; y < 8; y++) Assert.Equal(y == 3 ? 0x1B1F24 : 0xFFFFFF, Pixel(canvas, 4, y));
    }

    [Fact]
    public void Nothing_is_drawn_outside_the_clip()
    {
        double inside = Covered(canvas => canvas.Clip(new Box(10, 10, 5, 6), () => canvas.Fill(new Box(0, 0, 40, 40), Ink.Text)));
        Assert.Equal(30, inside, precision: 6);
    }

    [Fact]
    public void Overlapping_pieces_of_a_faint_line_do_not_darken()
    {
        Point[] there = [new(5, 20), new(35, 20)], thereAndBack = [new(5, 20), new(35, 20), new(5, 20)];
        Stroke faint = new(new Paint(Ink.Text, 0.4), 3);
        double once = Covered(canvas => canvas.Polyline(there, faint)), twice = Covered(canvas => canvas.Polyline(thereAndBack, faint));
        Assert.Equal(once, twice, precision: 9);
    }

    [Fact]
    public void Dashes_leave_the_gaps_out_and_run_on_around_corners()
    {
        List<(Point From, Point To)> pieces = Dashing.Split([new(0, 0), new(5, 0), new(5, 6)], [4, 3]);
        Assert.Equal([(new(0, 0), new(4, 0)), (new(5, 2), new(5, 6))], pieces);
    }

    [Fact]
    public void An_enlarged_image_keeps_its_pixels_crisp()
    {
        RasterCanvas canvas = new(4, 4, Theme.Light, scale: 1);
        canvas.Image(new PlanarImage(new byte[] { 10, 20, 30, 40 }, 1, 2, 2), new Box(0, 0, 4, 4));
        Assert.Equal([0x0A0A0A, 0x0A0A0A, 0x141414, 0x141414], Enumerable.Range(0, 4).Select(x => Pixel(canvas, x, 1)));
        Assert.Equal([0x1E1E1E, 0x1E1E1E, 0x282828, 0x282828], Enumerable.Range(0, 4).Select(x => Pixel(canvas, x, 2)));
    }

    private static bool IsNear(double expected, double actual, double relative) => Math.Abs(expected - actual) <= relative * expected + 0.2;

    /// <summary>How many pixels' worth of ink a drawing leaves on a 40 by 40 canvas.</summary>
    private static double Covered(Action<RasterCanvas> draw)
    {
        RasterCanvas canvas = new(40, 40, Theme.Light, scale: 1);
        draw(canvas);
        double sum = 0;
        for (int i = 0; i < canvas.Pixels.Length; i += 3) sum += (255.0 - canvas.Pixels[i]) / (255 - 0x1B);
        return sum;
    }

    private static int Pixel(RasterCanvas canvas, int x, int y)
    {
        ReadOnlySpan<byte> pixel = canvas.Pixels.Slice((y * canvas.PixelWidth + x) * 3, 3);
        return pixel[0] << 16 | pixel[1] << 8 | pixel[2];
    }
}
