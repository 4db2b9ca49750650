using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y)
    {
        DeformableArguments a = arguments;
        float* valueData = Floats(values.Storage) + values.Offset, locationData = Floats(locations),
            weightData = Floats(weights), yData = Floats(y);
        if (a.Batch == 0 || a.Queries == 0) return;
        int perPart = Parts(a.Queries, Parts(2 * WantedParts, a.Batch)), blocks = Parts(a.Queries, perPart);
        _pool.Run(a.Batch * blocks, part =>
        {
            int first = part % blocks * perPart;
            new DeformableSampler<V>(a, valueData, values.Stride, locationData, weightData, part / blocks)
                .Forward(yData, first, Math.Min(perPart, a.Queries - first));
        });
    }

    /// <summary>One head of one sequence is the smallest part: its queries add to the same gradients of values, one
    /// after another.</summary>
    public override void DeformableSampleBackward(
        in DeformableArguments arguments, HeadView values, Storage locations, Storage weights, Storage dy,
        in DeformableGradients gradients)
    {
        DeformableArguments a = arguments;
        DeformableGradients g = gradients;
        float* valueData = Floats(values.Storage) + values.Offset, locationData = Floats(locations),
            weightData = Floats(weights), dyData = Floats(dy);
        float* dvalues = g.Values is { } target ? Floats(target.View.Storage) + target.View.Offset : null;
        float* dlocations = Floats(g.Locations), dweights = Floats(g.Weights);
        int dstride = g.Values?.View.Stride ?? 0, heads = a.Batch * a.Heads,
            perPart = Math.Max(1, heads / (2 * WantedParts));
        _pool.Run(Parts(heads, perPart), part =>
        {
            for (int index = part * perPart; index < Math.Min(heads, (part + 1) * perPart); index++)
                new DeformableSampler<V>(a, valueData, values.Stride, locationData, weightData, index / a.Heads)
                    .Backward(index % a.Heads, dyData, dvalues, dstride, dlocations, dweights, g);
        });
    }

    public override void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y)
    {
        PoolGridArguments a = arguments;
        (GridLevel grid, GridLevel half) = (a.Grid, a.Grid.Halved());
        float* from = Floats(x), to = Floats(y);
        ForRows(a.Batch * half.Count, 4 * a.Width, (first, count) =>
        {
            for (int mean = first; mean < first + count; mean++)
            {
                (int row, int column) = Math.DivRem(mean % half.Count, half.Columns);
                int rows = Math.Min(2, grid.Rows - 2 * row), columns = Math.Min(2, grid.Columns - 2 * column);
                nint token = (nint)(mean / half.Count) * (a.Prefix + grid.Count) + a.Prefix + 2 * row * grid.Columns
                    + 2 * column;
                for (int i = 0; i < rows * columns; i++)
                {
                    nint offset = (token + i / columns * grid.Columns + i % columns) * a.Width;
                    ElementKernels<V>.AddScaled(from + offset, to + (nint)mean * a.Width, a.Width,
                        1f / (rows * columns), i > 0);
                }
            }
        });
    }

    public override void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx)
    {
        PoolGridArguments a = arguments;
        (GridLevel grid, GridLevel half) = (a.Grid, a.Grid.Halved());
        float* from = Floats(dy), to = Floats(dx);
        int tokens = a.Prefix + grid.Count;
        ForRows(a.Batch * tokens, a.Width, (first, count) =>
        {
            for (int token = first; token < first + count; token++)
            {
                float* target = to + (nint)token * a.Width;
                (int row, int column) = Math.DivRem(token % tokens - a.Prefix, grid.Columns);
                if (token % tokens < a.Prefix)
                {
                    if (!dx.Accumulate) new Span<float>(target, a.Width).Clear();
                    continue;
                }

                nint mean = (nint)(token / tokens) * half.Count + row / 2 * half.Columns + column / 2;
                int shared = Math.Min(2, grid.Rows - row / 2 * 2) * Math.Min(2, grid.Columns - column / 2 * 2);
                ElementKernels<V>.AddScaled(from + mean * a.Width, target, a.Width, 1f / shared, dx.Accumulate);
            }
        });
    }
}
