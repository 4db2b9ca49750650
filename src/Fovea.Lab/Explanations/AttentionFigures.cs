using Fovea.Plotting;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Images;
using Fovea.Plotting.Text;
using Fovea.Vision.Explanation;

namespace Fovea.Lab.Explanations;

/// <summary>Figures of attention: where a model looks in an image.</summary>
internal static class AttentionFigures
{
    private const int OverlaySize = 416;
    private const int OverlayCell = 208;
    private const int SheetWidth = 880;
    private const int LargestMap = 128;

    /// <summary>Overlays of the whole model, then maps by block and head.</summary>
    /// <param name="trace">The image's way through the model.</param>
    /// <param name="seen">The image as the model takes it.</param>
    /// <param name="readers">Names of the tokens that the classifier head reads.</param>
    /// <param name="target">Name of the explained class.</param>
    public static IEnumerable<ExplainedFigure> Of(AttentionTrace trace, PlanarImage seen, string readers, string target)
    {
        int last = trace.Blocks.Count - 1;
        PatchMap[] shown = [trace.Attention(last), trace.Rollout, trace.Relevance];
        yield return new("overview", new ImageGrid
        {
            Title = "Where the model looks",
            Note = $"The image as the model sees it; attention of {readers} in the last block (mean of its heads); "
                + "attention rollout through all blocks; and "
                + $"relevance, attention weighted by its gradient, for '{target}'.",
            Columns = ["image", "last block", "rollout", $"relevance for '{target}'"],
            Rows = [new("", [HeatMap.Enlarge(seen, OverlaySize), .. shown.Select(map => Over(seen, map))])],
            CellSize = OverlayCell,
            Scale = Scale(shown.Select(map => (double)map.Range.High)),
        });
        yield return ByHead("heads", trace, "Attention by block and head",
            $"Of {readers}, to the patches of the image.",
            (block, head) => Heat(trace.Attention(block, head)));
        yield return ByHead("maps", trace, "Whole attention maps",
            $"Row: the token that looks; column: the token that it looks at. {Order(trace.PrefixNames)}",
            (block, head) => Whole(trace.Map(block, head), trace.Grid.Tokens));
    }

    /// <summary>The overlay of a residual network.</summary>
    public static ExplainedFigure Of(GradCam cam, PlanarImage seen, string target) => new("overview", new ImageGrid
    {
        Title = "Where the model looks",
        Note = $"The image as the model sees it, and Grad-CAM: where the last map of features speaks for '{target}'.",
        Columns = ["image", $"Grad-CAM for '{target}'"],
        Rows = [new("", [HeatMap.Enlarge(seen, OverlaySize), Over(seen, cam.Map)])],
        CellSize = OverlayCell,
        Scale = Scale([cam.Map.Range.High]),
    });

    /// <summary>The image beside one map over it.</summary>
    public static Figure Of(PlanarImage seen, PatchMap map, string name) => new ImageGrid
    {
        Title = name,
        Columns = ["image", "map"],
        Rows = [new("", [HeatMap.Enlarge(seen, OverlaySize), Over(seen, map)])],
        CellSize = OverlayCell,
        Scale = Scale([map.Range.High]),
    };

    private static ExplainedFigure ByHead(string name, AttentionTrace trace, string title, string note,
        Func<int, int?, (PlanarImage Image, double High)> map)
    {
        int heads = Enumerable.Range(0, trace.Blocks.Count).Max(trace.HeadCount);
        (PlanarImage Image, double High)[][] maps = [.. Enumerable.Range(0, trace.Blocks.Count).Select(block =>
            new[] { map(block, null) }.Concat(Enumerable.Range(0, trace.HeadCount(block))
                .Select(head => map(block, head)))
                .ToArray())];
        return new(name, new ImageGrid
        {
            Title = title,
            Note = note,
            Columns = ["mean", .. Enumerable.Range(1, heads).Select(head => heads > 8 ? $"{head}" : $"head {head}")],
            Rows = [.. maps.Select((row, block) =>
                new ImageRow($"block {block + 1}", [.. row.Select(one => one.Image)]))],
            CellSize = Math.Clamp(SheetWidth / (heads + 1) - 8, 40, 120),
            Scale = Scale(maps.SelectMany(row => row.Select(one => one.High))),
        });
    }

    /// <summary>A map over the image.</summary>
    public static PlanarImage Over(PlanarImage seen, PatchMap map) =>
        HeatMap.Over(seen, map.Values, map.Rows, map.Columns, 0, map.Range.High, OverlaySize);

    /// <summary>The numbers at the ends of the colours. Maps with largest values of their own give the range of
    /// those.</summary>
    internal static ColorScale Scale(IEnumerable<double> largest)
    {
        double[] all = [.. largest];
        (string least, string most) = (ValueText.Significant(all.Min(), 2), ValueText.Significant(all.Max(), 2));
        return least == most ? new("0", most) : new("0", $"{least} to {most}: each map's largest");
    }

    private static (PlanarImage, double) Heat(PatchMap map) =>
        (HeatMap.Of(map.Values, map.Rows, map.Columns, 0, map.Range.High), map.Range.High);

    private static (PlanarImage, double) Whole(float[] map, int tokens) =>
        (HeatMap.Of(map, tokens, tokens, 0, map.Max()).Shrink(LargestMap), map.Max());

    private static string Order(IReadOnlyList<string> prefix) => prefix switch
    {
        [] => "Tokens are the patches, row by row.",
        [var one] => $"The first token is no patch ({one}), then the patches row by row.",
        [var first, ..] =>
            $"The first {prefix.Count} tokens are no patches ({first} first), then the patches row by row.",
    };
}
