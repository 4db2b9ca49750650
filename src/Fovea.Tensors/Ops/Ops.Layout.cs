
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>The same elements under another shape; shares the memory. One size may be -1 and is then
    /// inferred.</summary>
    /// <exception cref="ShapeException">The element counts differ.</exception>
    public static Tensor Reshape(Tensor x, params ReadOnlySpan<int> sizes)
    {
        Shape shape = Inferred(x, sizes);
        Tensor y = x.Share(shape, nameof(Reshape));
        return Record(y, [x], output => x.TakeGradient(output));
    }

    /// <summary>Axes in another order: axis i of the result is axis <c>order[i]</c> of <paramref name="x"/>.</summary>
    /// <exception cref="ShapeException">The order is not a permutation of the axes.</exception>
    public static Tensor Permute(Tensor x, params int[] order)
    {
        int rank = x.Shape.Rank;
        int[] inverse = new int[rank], sizes = new int[rank];
        Array.Fill(inverse, -1);
        for (int i = 0; i < order.Length && order.Length == rank; i++)
            if ((uint)order[i] < (uint)rank) (inverse[order[i]], sizes[i]) = (i, x.Shape[order[i]]);
        if (order.Length != rank || inverse.Contains(-1))
            throw new ShapeException(
                $"Permute: [{string.Join(", ", order)}] must name each of the {rank} axes of {x.Shape} once.");

        Shape shape = Shape.Create(sizes);
        Tensor y = Result(shape, [x]);
        Backend backend = x.Device.Backend;
        backend.Permute(x.Storage, x.Shape, order, new(y.Storage));
        return Record(y, [x], output => backend.Permute(GradientOf(output), shape, inverse, x.GradientTarget()));
    }

    /// <summary><paramref name="length"/> positions from <paramref name="start"/> along one axis.</summary>
    /// <exception cref="ShapeException">The range is outside the axis.</exception>
    public static Tensor Slice(Tensor x, int axis, int start, int length)
    {
        int resolved = Axis(x, axis, nameof(Slice));
        (int outer, int size, int inner) = Split(x.Shape, resolved);
        if (start < 0 || length < 0 || length > size - start)
            throw new ShapeException($"Slice: {start} to {start + length} is outside axis {axis} of {x.Shape}.");
        Tensor y = Result(x.Shape.With(resolved, length), [x]);
        Backend backend = x.Device.Backend;
        backend.CopyBlock(x.Storage, start * inner, size * inner, new(y.Storage), 0, length * inner, outer,
            length * inner);
        return Record(y, [x], output =>
        {
            Target dx = x.GradientTarget();
            if (!dx.Accumulate) backend.Fill(dx.Storage, x.Shape.Elements, 0);
            backend.CopyBlock(
                GradientOf(output), 0, length * inner, dx with { Accumulate = true }, start * inner, size * inner,
                outer, length * inner);
        });
    }

    /// <summary>Joins tensors along one axis; the other sizes must be equal.</summary>
    /// <exception cref="ShapeException">No inputs, or sizes that differ elsewhere.</exception>
    public static Tensor Concat(int axis, params Tensor[] inputs)
    {
        if (inputs.Length == 0) throw new ShapeException("Concat: needs at least one input.");
        int resolved = Axis(inputs[0], axis, nameof(Concat));
        Shape first = inputs[0].Shape;
        int total = 0;
        foreach (Tensor input in inputs)
        {
            if (input.Shape.Rank != first.Rank || input.Shape.With(resolved, first[resolved]) != first)
                throw new ShapeException(
                    $"Concat: inputs may differ only in axis {axis}, got {first} and {input.Shape}.");
            total += input.Shape[resolved];
        }

        Shape shape = first.With(resolved, total);
        (int outer, _, int inner) = Split(shape, resolved);
        Tensor y = Result(shape, inputs);
        Backend backend = y.Device.Backend;
        int offset = 0;
        foreach (Tensor input in inputs)
        {
            int width = input.Shape[resolved] * inner;
            backend.CopyBlock(input.Storage, 0, width, new(y.Storage), offset, total * inner, outer, width);
            offset += width;
        }

        return Record(y, inputs, output =>
        {
            int from = 0;
            foreach (Tensor input in inputs)
            {
                int width = input.Shape[resolved] * inner;
                if (input.RequiresGradient)
                    backend.CopyBlock(GradientOf(output), from, total * inner, input.GradientTarget(), 0, width, outer,
                        width);
                from += width;
            }
        });
    }

    /// <summary>Repeats axes of size 1 to the sizes given.</summary>
    /// <exception cref="ShapeException">Ranks differ, or an axis other than of size 1 would change.</exception>
    public static Tensor Expand(Tensor x, params ReadOnlySpan<int> sizes)
    {
        Shape shape = Shape.Create(sizes);
        for (int i = 0; i < shape.Rank || i < x.Shape.Rank; i++)
            if (shape.Rank != x.Shape.Rank || (x.Shape[i] != 1 && x.Shape[i] != shape[i]))
                throw new ShapeException($"Expand: {x.Shape} does not expand to {shape}; only axes of size 1 repeat.");
        Tensor y = Result(shape, [x]);
        Backend backend = x.Device.Backend;
        backend.BroadcastTo(x.Storage, x.Shape, new(y.Storage), shape, 1);
        return Record(y, [x], output => backend.SumTo(GradientOf(output), shape, x.GradientTarget(), x.Shape, 1));
    }

    /// <summary>Rows of <paramref name="x"/> <c>[rows, dim]</c> picked by integer indices <c>[n]</c>.</summary>
    /// <returns><c>[n, dim]</c>.</returns>
    /// <exception cref="ShapeException">Ranks do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index outside the rows.</exception>
    public static Tensor Gather(Tensor x, Tensor indices)
    {
        RequireRank(x, 2, "x", "[rows, dim]", nameof(Gather));
        RequireRank(indices, 1, "indices", "[n]", nameof(Gather));
        if (indices.ElementType != ElementType.Int32)
            throw new ArgumentException("Gather: indices must be integers.", nameof(indices));
        (int rows, int columns) = (x.Shape[0], x.Shape[1]);
        RequireIndices(indices, rows, nameof(Gather));
        int count = indices.Shape[0];
        Tensor y = Result([count, columns], [x, indices], integers: indices);
        Backend backend = x.Device.Backend;
        backend.Gather(x.Storage, indices.Storage, y.Storage, count, columns);
        return Record(y, [x], output => backend.GatherBackward(
            GradientOf(output), indices.Storage, x.GradientTarget(), count, rows, columns));
    }

    /// <summary>Non-overlapping square patches as rows, each ordered (channel, row, column) like a convolution
    /// weight.</summary>
    /// <param name="image"><c>[batch, channel, height, width]</c>.</param>
    /// <param name="size">Pixels along a patch's side; divides height and width.</param>
    /// <returns><c>[batch, gridRow · gridColumn, channel · size · size]</c>.</returns>
    /// <exception cref="ShapeException">The patch does not divide the image.</exception>
    public static Tensor Patchify(Tensor image, int size)
    {
        RequireRank(image, 4, "image", "[batch, channel, height, width]", nameof(Patchify));
        (int batch, int channels, int height, int width) = (image.Shape[0], image.Shape[1], image.Shape[2],
            image.Shape[3]);
        if (size <= 0 || height % size != 0 || width % size != 0)
            throw new ShapeException($"Patchify: patches of {size}x{size} do not divide an image of {height}x{width}.");
        Tensor y = Result([batch, height / size * (width / size), channels * size * size], [image]);
        Backend backend = image.Device.Backend;
        backend.Patchify(image.Storage, y.Storage, batch, channels, height, width, size);
        return Record(y, [image], output => backend.PatchifyBackward(
            GradientOf(output), image.GradientTarget(), batch, channels, height, width, size));
    }

    private static Shape Inferred(Tensor x, ReadOnlySpan<int> sizes)
    {
        int known = 1, open = -1;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] == -1 && open < 0) open = i;
            else known *= sizes[i];
        }

        Shape shape = Shape.Create(open < 0 ? sizes : Replace(sizes, open, known == 0 ? 0 : x.Shape.Elements / known));
        if (shape.Elements != x.Shape.Elements)
            throw new ShapeException(
                $"Reshape: {x.Shape} has {x.Shape.Elements} elements, "
                    + $"[{string.Join(", ", sizes.ToArray())}] does not.");
        return shape;
    }

    private static int[] Replace(ReadOnlySpan<int> sizes, int position, int size)
    {
        int[] copy = sizes.ToArray();
        copy[position] = size;
        return copy;
    }
}
