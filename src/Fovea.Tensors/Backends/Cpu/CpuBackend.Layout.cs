using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    private const int ColumnsPerScatter = 64;   // a few lines of each row
    private const int RowsPerTurn = 64;

    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y)
    {
        if (xShape.Elements == 0) return;
        int rank = xShape.Rank;
        int[] sizes = new int[rank], strides = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            sizes[i] = xShape[order[i]];
            strides[i] = 1;
            for (int j = order[i] + 1; j < rank; j++) strides[i] *= xShape[j];
        }

        // Trailing axes that keep their order move as one run.
        int inner = 1, axis = rank;
        while (axis > 0 && (strides[axis - 1] == inner || sizes[axis - 1] == 1)) inner *= sizes[--axis];
        Shape outerShape = Shape.Create(sizes.AsSpan(0, axis));
        float* xData = Floats(x), yData = Floats(y);
        int across = inner > 1 ? -1 : Array.FindIndex(strides, 0, axis, stride => stride == 1);
        if (across >= 0 && across < axis - 1 && sizes[across] >= V.Count)
        {
            Turn(xData, yData, sizes.AsSpan(0, axis), strides.AsSpan(0, axis), across, y.Accumulate);
            return;
        }

        ForRows(xShape.Elements / inner, inner, (row, rows) =>
        {
            for (int r = row; r < row + rows; r++)
            {
                float* from = xData + Broadcasting.Offset(r, outerShape, strides), to = yData + (nint)r * inner;
                if (inner > 1) ElementKernels<V>.AddScaled(from, to, inner, 1, y.Accumulate);
                else *to = y.Accumulate ? *to + *from : *from;
            }
        });
    }

    /// <summary>Permutes where neighbours in x lie along another axis of y than the last: planes of the two axes are
    /// turned, a square of registers at a time.</summary>
    /// <param name="x">Elements.</param>
    /// <param name="y">Result, with the axes in their order.</param>
    /// <param name="sizes">Of y's axes.</param>
    /// <param name="strides">Elements from one place of each of these axes to the next, in x.</param>
    /// <param name="across">Axis whose stride is 1; not the last.</param>
    /// <param name="accumulate">Add to what is there.</param>
    private void Turn(float* x, float* y, ReadOnlySpan<int> sizes, ReadOnlySpan<int> strides, int across,
        bool accumulate)
    {
        int last = sizes.Length - 1, height = sizes[across], width = sizes[last], xStride = strides[last], yStride = 1;
        List<int> outer = [], xSteps = [], ySteps = [];
        for (int i = last, step = 1; i >= 0; step *= sizes[i--])
        {
            if (i == across) yStride = step;
            if (i == across || i == last) continue;
            outer.Add(sizes[i]);
            xSteps.Add(strides[i]);
            ySteps.Add(step);
        }

        Shape planes = Shape.Create(outer.ToArray());
        int[] xPlanes = [.. xSteps], yPlanes = [.. ySteps];
        int blocks = Parts(height, RowsPerTurn);
        _pool.Run(planes.Elements * blocks, part =>
        {
            int first = part % blocks * RowsPerTurn, count = Math.Min(RowsPerTurn, height - first);
            float* from = x + Broadcasting.Offset(part / blocks, planes, xPlanes) + first,
                to = y + Broadcasting.Offset(part / blocks, planes, yPlanes) + (nint)first * yStride;
            int whole = count / V.Count * V.Count;
            LaneTranspose<V>.Out(from, xStride, whole, width, to, yStride, accumulate);
            for (nint row = whole; row < count; row++)
                for (nint column = 0; column < width; column++)
                {
                    float* place = to + row * yStride + column;
                    float value = from[column * xStride + row];
                    *place = accumulate ? *place + value : value;
                }
        });
    }

    public override void CopyBlock(Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows,
        int columns)
    {
        float* from = Floats(x) + xOffset, to = Floats(y) + yOffset;
        if (rows == 1)
            ForElements(columns, (start, length) => ElementKernels<V>.AddScaled(from + start, to + start, length, 1,
                y.Accumulate));
        else
            ForRows(rows, columns, (row, count) =>
            {
                for (nint r = row; r < row + count; r++)
                    ElementKernels<V>.AddScaled(from + r * xStride, to + r * yStride, columns, 1, y.Accumulate);
            });
    }

    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns)
    {
        float* from = Floats(x), to = Floats(y);
        int* rows = (int*)Floats(indices);
        ForRows(count, columns, (first, some) =>
        {
            for (nint i = first; i < first + some; i++)
                new ReadOnlySpan<float>(from + (nint)rows[i] * columns, columns)
                    .CopyTo(new Span<float>(to + i * columns, columns));
        });
    }

    public override void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns)
    {
        float* from = Floats(dy), to = Floats(dx);
        int* positions = (int*)Floats(indices);
        if (!dx.Accumulate) Fill(dx.Storage, rows * columns, 0);
        // Several rows may go to one, in their order: a part is some columns of all.
        int perPart = (long)count * columns <= ElementsPerPart ? Math.Max(1, columns) : ColumnsPerScatter;
        _pool.Run(Parts(columns, perPart), part =>
        {
            int start = part * perPart, length = Math.Min(perPart, columns - start);
            for (nint i = 0; i < count; i++)
                ElementKernels<V>.AddScaled(from + i * columns + start, to + (nint)positions[i] * columns + start,
                    length, 1, true);
        });
    }

    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size)
    {
        float* pixels = Floats(image), patches = Floats(y);
        ForPatchRows(batch, channels, height, width, size, (pixel, patch) =>
            new ReadOnlySpan<float>(pixels + pixel, size).CopyTo(new Span<float>(patches + patch, size)));
    }

    public override void PatchifyBackward(Storage dy, Target image, int batch, int channels, int height, int width,
        int size)
    {
        float* pixels = Floats(image), patches = Floats(dy);
        ForPatchRows(batch, channels, height, width, size, (pixel, patch) =>
            ElementKernels<V>.AddScaled(patches + patch, pixels + pixel, size, 1, image.Accumulate));
    }

    /// <summary>Offsets of each row of pixels of each patch, in the image and among the patches.</summary>
    private void ForPatchRows(int batch, int channels, int height, int width, int size, Action<nint, nint> body) =>
        _pool.Run(batch * (height / size), part =>
    {
        (int b, int band) = Math.DivRem(part, height / size);
        int columns = width / size;
        nint patchSize = (nint)channels * size * size;
        for (int c = 0; c < channels; c++)
            for (int row = band * size; row < (band + 1) * size; row++)
            {
                nint pixel = (((nint)b * channels + c) * height + row) * width;
                nint patch = ((nint)b * (height / size) + row / size) * columns * patchSize
                    + ((nint)c * size + row % size) * size;
                for (int column = 0; column < columns; column++)
                    body(pixel + column * size, patch + column * patchSize);
            }
    });
}
