namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape)
    {
        double[] left = Values(a), right = Values(b), to = Values(y);
        for (int i = 0; i < shape.Elements; i++)
            to[i] = ScalarFunctions.Value(f, left[Source(i, shape, aShape)], right[Source(i, shape, bShape)]);
    }

    public override void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        double[] from = Values(x), to = Values(y), sums = new double[shape.Elements];
        for (int i = 0; i < xShape.Elements; i++) sums[Source(i, xShape, shape)] += from[i];
        for (int i = 0; i < sums.Length; i++) Put(ref to[i], scale * sums[i], y.Accumulate);
    }

    public override void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < shape.Elements; i++) Put(ref to[i], scale * from[Source(i, shape, xShape)], y.Accumulate);
    }

    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner)
    {
        double[] from = Values(x), to = Values(y), positions = Values(indices);
        for (int o = 0; o < outer; o++)
            for (int i = 0; i < inner; i++)
            {
                int best = 0;
                for (int k = 1; k < axis; k++)
                {
                    double candidate = from[(o * axis + k) * inner + i], largest = from[(o * axis + best) * inner + i];
                    if (candidate > largest || (double.IsNaN(candidate) && !double.IsNaN(largest))) best = k;
                }

                to[o * inner + i] = from[(o * axis + best) * inner + i];
                positions[o * inner + i] = best;
            }
    }

    public override void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner)
    {
        double[] positions = Values(indices), from = Values(dy), to = Values(dx);
        Clear(to, outer * axis * inner, dx.Accumulate);
        for (int o = 0; o < outer; o++)
            for (int i = 0; i < inner; i++)
                to[(o * axis + (int)positions[o * inner + i]) * inner + i] += from[o * inner + i];
    }

    /// <summary>Position of element <paramref name="index"/> of <paramref name="shape"/> in <paramref name="source"/>,
    /// whose axes of size 1 repeat.</summary>
    private static int Source(int index, Shape shape, Shape source)
    {
        int position = 0, stride = 1;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            if (source[axis] != 1) position += index % shape[axis] * stride;
            index /= shape[axis];
            stride *= source[axis];
        }

        return position;
    }
}
