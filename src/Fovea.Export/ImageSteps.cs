using Fovea.Export.Graphs;
using Fovea.Export.Tracing;

namespace Fovea.Export;

/// <summary>
/// From the bytes of images <c>[batch, height, width, channel]</c> of any size to a model's input, as evaluation
/// prepares them: resized with a filter against aliasing (the shorter side, or the whole image), the middle cut out,
/// normalised. Resized samples are rounded to bytes, as image libraries do.
/// </summary>
internal static class ImageSteps
{
    /// <summary>Operator set whose resizing has a filter against aliasing.</summary>
    private const int AntialiasOpset = 18;

    /// <summary>Adds the steps to a graph.</summary>
    /// <returns>The model's input, <c>[batch, channel, size, size]</c>.</returns>
    public static GraphValue Add(Trace trace, GraphValue bytes, Preprocessing steps, int size)
    {
        if (trace.Opset < AntialiasOpset)
            throw new UsageException(
                $"resizing inside the graph needs operator set {AntialiasOpset} or newer, got {trace.Opset}.")
            { Field = "opset" };
        (int batch, int channels) = (bytes.Sizes[0], bytes.Sizes[3]);
        int[] image = [batch, channels, size, size];
        GraphValue numbers = trace.Add("Cast", bytes.Sizes, [bytes], ("to", (long)OnnxType.Float32));
        GraphValue planes = trace.Transpose(numbers, 0, 3, 1, 2);
        GraphValue sides = Whole("Shape", 2, [bytes], ("start", 1L), ("end", 3L));
        GraphValue wanted = steps.ShorterSide is int shorter ? Scaled(sides, shorter) : trace.Whole([size, size]);
        // rows first and then columns, each rounded to bytes
        GraphValue tall = Whole("Slice", 1, [sides, trace.Whole([0]), trace.Whole([1]), trace.Whole([0])]);
        GraphValue wide = Whole("Slice", 1, [wanted, trace.Whole([1]), trace.Whole([2]), trace.Whole([0])]);
        GraphValue rows = Resized(planes, Whole("Concat", 2, [tall, wide], ("axis", 0L)));
        GraphValue resized = Resized(rows, wanted);
        GraphValue cut = steps.ShorterSide is null ? resized : Middle(resized, wanted);
        float[] scale = [.. steps.Std.Select(std => 1 / (255 * std))],
            shift = [.. steps.Mean.Zip(steps.Std, (mean, std) => -mean / std)];
        GraphValue scaled = trace.Add("Mul", image, cut, trace.Numbers(scale, channels, 1, 1));
        return trace.Add("Add", image, scaled, trace.Numbers(shift, channels, 1, 1));

        GraphValue Whole(string kind, int count, GraphValue[] inputs, params GraphAttribute[] attributes) =>
            trace.Add(kind, OnnxType.Int64, [count], inputs, attributes);

        GraphValue Resized(GraphValue from, GraphValue sizes)
        {
            GraphValue shape = Whole("Concat", 4,
                [Whole("Shape", 2, [planes], ("start", 0L), ("end", 2L)), sizes], ("axis", 0L));
            GraphValue samples = trace.Add("Resize", image, [from, null, null, shape],
                ("mode", steps.IsBicubic ? "cubic" : "linear"), ("antialias", 1L), ("cubic_coeff_a", -0.5f),
                ("exclude_outside", 1L), ("coordinate_transformation_mode", "half_pixel"));
            return trace.Add("Clip", image, trace.Add("Floor", image, trace.Add(samples, 0.5f)), trace.Number(0),
                trace.Number(255));
        }

        // the shorter side's pixels times side / shorter side, rounded down
        GraphValue Scaled(GraphValue both, int pixels)
        {
            GraphValue least = Whole("ReduceMin", 1, [both], ("keepdims", 1L));
            return Whole("Div", 2, [Whole("Mul", 2, [both, trace.Whole([pixels])]), least]);
        }

        // half of what is left over, a half rounded to even: (left + (left / 2 mod 2)) / 2
        GraphValue Middle(GraphValue from, GraphValue both)
        {
            GraphValue left = Whole("Sub", 2, [both, trace.Whole([size])]);
            GraphValue odd = Whole("Mod", 2, [Whole("Div", 2, [left, trace.Whole([2])]), trace.Whole([2])]);
            GraphValue first = Whole("Div", 2, [Whole("Add", 2, [left, odd]), trace.Whole([2])]);
            GraphValue end = Whole("Add", 2, [first, trace.Whole([size])]);
            return trace.Add("Slice", image, [from, first, end, trace.Whole([2, 3])]);
        }
    }
}
