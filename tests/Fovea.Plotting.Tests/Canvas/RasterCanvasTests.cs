using Fovea.Plotting.Canvas;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Plotting.Tests.Canvas;

public sealed class RasterCanvasTests
{
    private static readonly Gen<double> Places = Gen.Choose(1200, 2800).Select(i => i / 100.0);

    [Fact]
    public void A_disc_covers_its_area_wherever_it_lies() => FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(
        Arb.From(from x in Places
                 from y in Places
                 from r in Gen.Choose(200, 1100)
                 select (X: x, Y: y, Radius: r / 100.0)),
        disc =>
        {
            double covered = Covered(canvas => canvas.FillDisc(new(disc.X, disc.Y), disc.Radius, Ink.Text));
            // an edge pixel is covered as if the edge were straight
            double curvature = 0.04 / (disc.Radius * disc.Radius);
            return IsNear(Math.PI * disc.Radius * disc.Radius, covered, 0.015 + curvature);
        }));

    [Fact]
    public void A_line_covers_its_length_times_its_width_and_round_ends() =>
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(
        Arb.From(from a in Places
                 from b in Places
                 from c in Places
                 from d in Places
                 select (From: new Point(a, b), To: new Point(c, d))),
        line =>
        {
            double area = (line.To - line.From).Length * 3 + Math.PI * 1.5 * 1.5;
            return IsNear(area, Covered(canvas => canvas.Line(line.From, line.To, new Stroke(Ink.Text, 3))), 0.04);
        }));

    [Fact]
    public void A_canvas_without_memory_is_no_defect()
    {
        Assert.ThrowsAny<OutOfMemoryException>(() => new RasterCanvas(100_000, 100_000, Theme.Light, scale: 4));
        Assert.ThrowsAny<OutOfMemoryException>(() => new RasterCanvas(int.MaxValue, 1, Theme.Light, scale: 1));
    }

    [Fact]
    public void A_polygon_covers_its_area_in_either_direction()
    {
        Point[] triangle = [new(3, 4), new(33, 9), new(12, 35)];
        double area = Covered(canvas => canvas.FillPolygon(triangle, Ink.Text));
        Assert.True(IsNear(0.5 * (30 * 31 - 5 * 9), area, 0.01));
        Assert.Equal(area, Covered(canvas => canvas.FillPolygon([.. triangle.Reverse()], Ink.Text)), precision: 6);
    }

    [Fact]
    public void A_band_covers_what_lies_between_its_lines()
    {
        using RasterCanvas canvas = new(24, 24, Theme.Light, scale: 1);
        canvas.FillBand([new(0, 10), new(10, 0), new(20, 10)], [new(0, 20), new(10, 20), new(20, 20)], Ink.Text);
        Assert.Equal(0x1B1F24, Pixel(canvas, 10, 5));
        Assert.Equal(0xFFFFFF, Pixel(canvas, 2, 5));
        Assert.Equal(0x1B1F24, Pixel(canvas, 2, 12));
        Assert.Equal(0xFFFFFF, Pixel(canvas, 21, 15));
        Assert.Equal(0xFFFFFF, Pixel(canvas, 10, 20));
        double area = Covered(lines =>
            lines.FillBand([new(0, 10), new(10, 0), new(20, 10)], [new(0, 20), new(20, 20)], Ink.Text));
        Assert.Equal(300, area, tolerance: 1);
    }

    [Fact]
    public void Letters_are_drawn_where_the_style_puts_them()
    {
        TextStyle style = new(12);
        foreach ((Anchor anchor, double from) in new[] { (Anchor.Start, 20.0), (Anchor.Middle, 10), (Anchor.End, 0) })
        {
            using RasterCanvas canvas = new(40, 40, Theme.Light, scale: 1);
            canvas.Text("ili", new Point(20, 20), style with { Anchor = anchor });
            int[] columns = [.. Enumerable.Range(0, 40)
                .Where(x => Enumerable.Range(0, 40).Any(y => Pixel(canvas, x, y) != 0xFFFFFF))];
            Assert.InRange(columns[0], from, from + 20);
            Assert.InRange(columns[^1], from, from + 20);
        }

        double upright = Covered(canvas => canvas.Text("ili", new Point(20, 20), style));
        double turned = Covered(canvas => canvas.Text("ili", new Point(20, 20), style with { Angle = 90 }));
        Assert.Equal(upright, turned, tolerance: 0.15 * upright);
        Assert.True(Covered(canvas =>
            canvas.Text("ili", new Point(20, 20), style with { Bold = true })) > 1.1 * upright);
    }

    [Fact]
    public void A_line_on_whole_pixels_has_no_soft_edge()
    {
        using RasterCanvas canvas = new(8, 8, Theme.Light, scale: 1);
        canvas.Line(new(-5, 3.5), new(20, 3.5), new Stroke(Ink.Text, 1));
        for (int y = 0; y < 8; y++) Assert.Equal(y == 3 ? 0x1B1F24 : 0xFFFFFF, Pixel(canvas, 4, y));
    }

    [Fact]
    public void Nothing_is_drawn_outside_the_clip()
    {
        double inside = Covered(canvas =>
            canvas.Clip(new Box(10, 10, 5, 6), () => canvas.Fill(new Box(0, 0, 40, 40), Ink.Text)));
        Assert.Equal(30, inside, precision: 6);
    }

    [Fact]
    public void Overlapping_pieces_of_a_faint_line_do_not_darken()
    {
        Point[] there = [new(5, 20), new(35, 20)], thereAndBack = [new(5, 20), new(35, 20), new(5, 20)];
        Stroke faint = new(new Paint(Ink.Text, 0.4), 3);
        double once = Covered(canvas => canvas.Polyline(there, faint));
        double twice = Covered(canvas => canvas.Polyline(thereAndBack, faint));
        Assert.Equal(once, twice, precision: 9);
    }

    [Fact]
    public void Dashes_leave_the_gaps_out_and_run_on_around_corners()
    {
        Stroke stroke = new(Ink.Text, 1, [4, 3]);
        Point[] corner = [new(10, 10), new(15, 10), new(15, 16)], first = [new(10, 10), new(14, 10)];
        Point[] second = [new(15, 12), new(15, 16)];
        double dashed = Covered(canvas => canvas.Polyline(corner, stroke));
        double pieces = Covered(canvas =>
        {
            canvas.Polyline(first, stroke with { Dashes = null });
            canvas.Polyline(second, stroke with { Dashes = null });
        });
        Assert.Equal(2 * (4 + Math.PI / 4), dashed, tolerance: 0.4);   // round ends
        Assert.Equal(pieces, dashed, tolerance: 0.05);
    }

    [Fact]
    public void An_enlarged_image_keeps_its_pixels_crisp()
    {
        using RasterCanvas canvas = new(4, 4, Theme.Light, scale: 1);
        canvas.Image(new PlanarImage(new byte[] { 10, 20, 30, 40 }, 1, 2, 2), new Box(0, 0, 4, 4));
        Assert.Equal([0x0A0A0A, 0x0A0A0A, 0x141414, 0x141414], Enumerable.Range(0, 4).Select(x => Pixel(canvas, x, 1)));
        Assert.Equal([0x1E1E1E, 0x1E1E1E, 0x282828, 0x282828], Enumerable.Range(0, 4).Select(x => Pixel(canvas, x, 2)));
    }

    private static bool IsNear(double expected, double actual, double relative) =>
        Math.Abs(expected - actual) <= relative * expected + 0.2;

    /// <summary>How many pixels' worth of ink a drawing leaves on a 40 by 40 canvas.</summary>
    private static double Covered(Action<RasterCanvas> draw)
    {
        using RasterCanvas canvas = new(40, 40, Theme.Light, scale: 1);
        draw(canvas);
        double sum = 0;
        for (int i = 0; i < canvas.Pixels.Length; i += 4) sum += (255.0 - canvas.Pixels[i]) / (255 - 0x1B);
        return sum;
    }

    private static int Pixel(RasterCanvas canvas, int x, int y)
    {
        ReadOnlySpan<byte> pixel = canvas.Pixels.Slice((y * canvas.PixelWidth + x) * 4, 3);
        return pixel[0] << 16 | pixel[1] << 8 | pixel[2];
    }
}
