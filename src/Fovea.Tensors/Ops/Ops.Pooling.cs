
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>Largest element of square windows; the gradient goes to its first occurrence, and NaN counts as
    /// largest.</summary>
    /// <param name="x"><c>[batch, channel, height, width]</c>.</param>
    /// <param name="kernel">Side of a window, pixels.</param>
    /// <param name="stride">Step between windows, pixels; 0: the kernel.</param>
    /// <param name="padding">Pixels on all four sides that never win; at most half the kernel.</param>
    /// <param name="ceiling">Also windows that reach beyond the padded image, if they begin inside it.</param>
    /// <returns><c>[batch, channel, oh, ow]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit, or the window is larger than the padded image.</exception>
    public static Tensor MaxPool(Tensor x, int kernel, int stride = 0, int padding = 0, bool ceiling = false)
    {
        Shape shape = Pooled(x, kernel, ref stride, padding, ceiling, nameof(MaxPool));
        Tensor y = Result(shape, [x]);
        Backend backend = x.Device.Backend;
        MaxPoolArguments arguments = new(x.Shape[0] * x.Shape[1], x.Shape[2], x.Shape[3], shape[2], shape[3], kernel,
            stride, padding);
        backend.MaxPool(arguments, x.Storage, y.Storage);
        return Record(y, [x], output => backend.MaxPoolBackward(
            arguments, x.Storage, output.Storage, GradientOf(output), x.GradientTarget()));
    }

    /// <summary>Mean of square windows.</summary>
    /// <param name="x"><c>[batch, channel, height, width]</c>.</param>
    /// <param name="kernel">Side of a window, pixels.</param>
    /// <param name="stride">Step between windows, pixels; 0: the kernel.</param>
    /// <param name="padding">Zeros on all four sides, pixels; at most half the kernel.</param>
    /// <param name="ceiling">Also windows that reach beyond the padded image, if they begin inside it.</param>
    /// <param name="countPadding">The padding's zeros count as elements of the mean.</param>
    /// <returns><c>[batch, channel, oh, ow]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit, or the window is larger than the padded image.</exception>
    public static Tensor AveragePool(Tensor x, int kernel, int stride = 0, int padding = 0, bool ceiling = false,
        bool countPadding = true)
    {
        Shape shape = Pooled(x, kernel, ref stride, padding, ceiling, nameof(AveragePool));
        return MapAxes(x, AxisMap.Windows(x.Shape[2], shape[2], kernel, stride, padding, countPadding),
            AxisMap.Windows(x.Shape[3], shape[3], kernel, stride, padding, countPadding), nameof(AveragePool));
    }

    /// <summary>Means of <paramref name="rows"/> × <paramref name="columns"/> bins that cover the image; they overlap
    /// where the sizes do not divide.</summary>
    /// <param name="x"><c>[batch, channel, height, width]</c>.</param>
    /// <param name="rows">Output rows.</param>
    /// <param name="columns">Output columns.</param>
    /// <returns><c>[batch, channel, rows, columns]</c>.</returns>
    /// <exception cref="ShapeException">Not an image, or an empty size.</exception>
    public static Tensor AdaptiveAveragePool(Tensor x, int rows, int columns)
    {
        RequireSizes(x, rows, columns, nameof(AdaptiveAveragePool));
        return MapAxes(x, AxisMap.Bins(x.Shape[2], rows), AxisMap.Bins(x.Shape[3], columns),
            nameof(AdaptiveAveragePool));
    }

    /// <summary>Mean over all pixels, <c>[batch, channel, height, width] → [batch, channel]</c>.</summary>
    /// <exception cref="ShapeException">Not an image.</exception>
    public static Tensor GlobalAveragePool(Tensor x)
    {
        RequireRank(x, 4, "input", "[batch, channel, height, width]", nameof(GlobalAveragePool));
        return Mean(x.Reshape(x.Shape[0], x.Shape[1], x.Shape[2] * x.Shape[3]), 2);
    }

    /// <summary>The image in another number of pixels; corners of pixels, not centres, are aligned.</summary>
    /// <param name="x"><c>[batch, channel, height, width]</c>.</param>
    /// <param name="rows">Output rows.</param>
    /// <param name="columns">Output columns.</param>
    /// <param name="resampling">How new pixels are made of old ones.</param>
    /// <param name="antialias">When shrinking, look at all pixels under a new one; nothing to nearest
    /// neighbours.</param>
    /// <returns><c>[batch, channel, rows, columns]</c>.</returns>
    /// <exception cref="ShapeException">Not an image, or an empty size.</exception>
    public static Tensor Resize(Tensor x, int rows, int columns, Resampling resampling = Resampling.Bilinear,
        bool antialias = false)
    {
        RequireSizes(x, rows, columns, nameof(Resize));
        return MapAxes(x, AxisMap.Resized(x.Shape[2], rows, resampling, antialias),
            AxisMap.Resized(x.Shape[3], columns, resampling, antialias), nameof(Resize));
    }

    private static Tensor MapAxes(Tensor x, AxisMap rows, AxisMap columns, string origin)
    {
        Tensor tall = MapAxis(x, 2, rows, origin);
        return MapAxis(tall, 3, columns, origin);
    }

    /// <summary>A linear map along one axis; its transpose brings the gradient back.</summary>
    private static Tensor MapAxis(Tensor x, int axis, AxisMap map, string origin)
    {
        (int outer, _, int inner) = Split(x.Shape, axis);
        Tensor y = Result(x.Shape.With(axis, map.To), [x], origin);
        Backend backend = x.Device.Backend;
        backend.MapAxis(map, x.Storage, new(y.Storage), outer, inner);
        return Record(y, [x], output => backend.MapAxis(map.Transposed(), GradientOf(output), x.GradientTarget(), outer,
            inner));
    }

    private static void RequireSizes(Tensor x, int rows, int columns, string origin)
    {
        RequireRank(x, 4, "input", "[batch, channel, height, width]", origin);
        if (rows < 1 || columns < 1 || x.Shape[2] < 1 || x.Shape[3] < 1)
            throw new ShapeException($"{origin}: {rows} x {columns} of {x.Shape}: all sizes must be at least 1.");
    }

    private static Shape Pooled(Tensor x, int kernel, ref int stride, int padding, bool ceiling, string origin)
    {
        RequireRank(x, 4, "input", "[batch, channel, height, width]", origin);
        if (stride == 0) stride = kernel;
        if (kernel < 1 || stride < 1 || padding < 0 || padding > kernel / 2)
            throw new ShapeException(
                $"{origin}: kernel {kernel} and stride {stride} must be at least 1, padding {padding} 0 to half the "
                    + "kernel.");
        (int rows, int columns) = (Windows(x.Shape[2], kernel, stride, padding, ceiling),
            Windows(x.Shape[3], kernel, stride, padding, ceiling));
        if (rows < 1 || columns < 1)
            throw new ShapeException(
                $"{origin}: windows of {kernel} x {kernel} are larger than the padded image {x.Shape}.");
        return [x.Shape[0], x.Shape[1], rows, columns];
    }

    private static int Windows(int size, int kernel, int stride, int padding, bool ceiling)
    {
        int room = size + 2 * padding - kernel;
        if (room < 0) return 0;
        int windows = (room + (ceiling ? stride - 1 : 0)) / stride + 1;
        return (windows - 1) * stride >= size + padding ? windows - 1 : windows;   // the last one has to begin inside
    }
}
