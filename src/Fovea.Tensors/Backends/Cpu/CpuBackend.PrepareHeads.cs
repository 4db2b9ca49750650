using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override bool PreparesHeads => true;

    public override void PrepareHeads(in HeadPreparation arguments, Storage y)
    {
        HeadPreparation a = arguments;
        HeadNormPointers queries = PointersOf(a.Queries), keys = PointersOf(a.Keys);
        float* from = Floats(a.Packed), to = Floats(y), cosines = Floats(a.Cosines), sines = Floats(a.Sines);
        int width = a.Width;
        ForRows(a.Rows, 3 * width, (row, count) =>
        {
            HeadPreparer<V> preparer = new(a, cosines, sines);
            for (int r = row; r < row + count; r++)
            {
                float* x = from + (nint)r * 3 * width, result = to + (nint)r * 3 * width;
                preparer.Forward(r, x, queries, result);
                preparer.Forward(r, x + width, keys, result + width);
                new ReadOnlySpan<float>(x + 2 * width, width).CopyTo(new Span<float>(result + 2 * width, width));
            }
        });
    }

    public override void PrepareHeadsBackward(in HeadPreparation arguments, Storage dy, in LinearInputGradients queries,
        in LinearInputGradients keys)
    {
        HeadPreparation a = arguments;
        HeadNormPointers ofQueries = PointersOf(a.Queries), ofKeys = PointersOf(a.Keys);
        float* from = Floats(a.Packed), given = Floats(dy), cosines = Floats(a.Cosines), sines = Floats(a.Sines),
            to = Floats(queries.Dx);
        bool accumulate = queries.Dx is { Accumulate: true };

        // The sums of a norm are those of a block, whoever computes it.
        int width = a.Width, block = Math.Max(1, 4 * ElementsPerPart / Math.Max(1, 3 * width)),
            blocks = Parts(a.Rows, block);
        NormSums querySums = new(this, queries, blocks, a.HeadDim), keySums = new(this, keys, blocks, a.HeadDim);
        _pool.Run(blocks, part =>
        {
            HeadPreparer<V> preparer = new(a, cosines, sines);
            using Scratch scratch = Scratch.Begin();
            float* work = scratch.Floats(width), first = querySums.Part(part), second = keySums.Part(part);
            for (int r = part * block; r < Math.Min(a.Rows, (part + 1) * block); r++)
            {
                nint offset = (nint)r * 3 * width;
                float* x = from + offset, d = given + offset, dx = to == null ? null : to + offset;
                preparer.Backward(r, x, ofQueries, d, dx, accumulate, first, work);
                preparer.Backward(r, x + width, ofKeys, d + width, dx == null ? null : dx + width, accumulate, second,
                    work);
                if (dx != null) HeadPreparer<V>.Put(d + 2 * width, dx + 2 * width, width, accumulate);
            }
        });
        querySums.Finish();
        keySums.Finish();
    }

    private static HeadNormPointers PointersOf(HeadNormArguments? norm) => norm is not { } of ? default
        : new(Floats(of.Gamma), Floats(of.Beta), Floats(of.Mean), Floats(of.Rstd), of.Epsilon);
}
