using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y)
    {
        if (xShape.Elements == 0) return;
        using Aten aten = new(this);
        Span<long> strides = stackalloc long[xShape.Rank], sizes = stackalloc long[xShape.Rank];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            sizes[axis] = xShape[order[axis]];
            strides[axis] = 1;
            for (int inner = order[axis] + 1; inner < xShape.Rank; inner++) strides[axis] *= xShape[inner];
        }

        PutView(aten, aten.Strided(x, sizes, strides), aten.View(y.Storage, sizes), y.Accumulate);
    }

    /// <inheritdoc/>
    public override void CopyBlock(Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows,
        int columns)
    {
        if (rows * columns == 0) return;
        using Aten aten = new(this);
        PutView(aten, aten.Strided(x, [rows, columns], [xStride, 1], xOffset),
            aten.Strided(y.Storage, [rows, columns], [yStride, 1], yOffset), y.Accumulate);
    }

    /// <inheritdoc/>
    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns)
    {
        if (count * columns == 0) return;
        using Aten aten = new(this);
        aten.Put(aten.One("index_select", aten.View(x, x.Capacity / columns, columns), 0L,
            Indices(aten, indices, count)), y, count * columns);
    }

    /// <summary>By <c>index_put</c>, which adds in a fixed order where <c>index_add</c> does not.</summary>
    public override void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns)
    {
        using Aten aten = new(this);
        NativeTensor to = aten.View(dx.Storage, rows, columns);
        if (!dx.Accumulate) aten.Zero(to);
        if (count * columns == 0) return;
        aten.One("index_put_", to, Argument.ListOfOptional(Indices(aten, indices, count)),
            aten.View(dy, count, columns), true);
    }

    /// <inheritdoc/>
    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size)
    {
        using Aten aten = new(this);
        PatchViews(aten, image, y, batch, channels, height, width, size, out NativeTensor pixels,
            out NativeTensor patches);
        aten.Copy(pixels, patches);
    }

    /// <inheritdoc/>
    public override void PatchifyBackward(Storage dy, Target image, int batch, int channels, int height, int width,
        int size)
    {
        using Aten aten = new(this);
        PatchViews(aten, image.Storage, dy, batch, channels, height, width, size, out NativeTensor pixels,
            out NativeTensor patches);
        PutView(aten, patches, pixels, image.Accumulate);
    }

    /// <summary>Image and patches, both as <c>[batch, grid row, grid column, channel, row, column]</c>.</summary>
    private static void PatchViews(in Aten aten, Storage image, Storage rows, int batch, int channels, int height,
        int width, int size, out NativeTensor pixels, out NativeTensor patches)
    {
        (long down, long across) = (height / size, width / size);
        long[] sizes = [batch, down, across, channels, size, size];
        pixels = aten.Strided(image, sizes,
            [(long)channels * height * width, size * width, size, height * width, width, 1]);
        patches = aten.View(rows, sizes);
    }
}
