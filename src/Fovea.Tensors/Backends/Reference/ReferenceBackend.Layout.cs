namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y)
    {
        double[] from = Values(x), to = Values(y);
        int[] position = new int[xShape.Rank];
        for (int i = 0; i < xShape.Elements; i++)
        {
            for (int axis = xShape.Rank - 1, rest = i; axis >= 0; rest /= xShape[axis--])
                position[axis] = rest % xShape[axis];
            int target = 0;
            foreach (int axis in order) target = target * xShape[axis] + position[axis];
            Put(ref to[target], from[i], y.Accumulate);
        }
    }

    public override void CopyBlock(
        Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows, int columns)
    {
        double[] from = Values(x), to = Values(y);
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                Put(ref to[yOffset + row * yStride + column], from[xOffset + row * xStride + column], y.Accumulate);
    }

    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns)
    {
        double[] from = Values(x), rows = Values(indices), to = Values(y);
        for (int i = 0; i < count; i++)
            for (int column = 0; column < columns;
                column++) to[i * columns + column] = from[(int)rows[i] * columns + column];
    }

    public override void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns)
    {
        double[] from = Values(dy), targets = Values(indices), to = Values(dx);
        Clear(to, rows * columns, dx.Accumulate);
        for (int i = 0; i < count; i++)
            for (int column = 0; column < columns;
                column++) to[(int)targets[i] * columns + column] += from[i * columns + column];
    }

    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size)
    {
        double[] from = Values(image), to = Values(y);
        for (int i = 0; i < batch * channels * height * width; i++)
            to[PatchPosition(i, channels, height, width, size)] = from[i];
    }

    public override void PatchifyBackward(
        Storage dy, Target image, int batch, int channels, int height, int width, int size)
    {
        double[] from = Values(dy), to = Values(image);
        for (int i = 0; i < batch * channels * height * width; i++)
            Put(ref to[i], from[PatchPosition(i, channels, height, width, size)], image.Accumulate);
    }

    /// <summary>Position of pixel <paramref name="index"/> of <c>[batch, channel, height, width]</c> among the
    /// patches.</summary>
    private static int PatchPosition(int index, int channels, int height, int width, int size)
    {
        int column = index % width, row = index / width % height, channel = index / (width * height) % channels;
        int batch = index / (width * height * channels);
        int patch = (batch * (height / size) + row / size) * (width / size) + column / size;
        return ((patch * channels + channel) * size + row % size) * size + column % size;
    }
}
