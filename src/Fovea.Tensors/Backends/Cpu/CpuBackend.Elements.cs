using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void Unary(UnaryOperator f, Storage x, Storage y, int count)
    {
        float* xData = Floats(x), yData = Floats(y);
        ForElements(count, (start, length) => ElementKernels<V>.Unary(f, xData + start, yData + start, length));
    }

    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count)
    {
        float* xData = Floats(x), dyData = Floats(dy), dxData = Floats(dx);
        ForElements(count, (start, length) => ElementKernels<V>.UnaryBackward(f, xData + start, dyData + start,
            dxData + start, length, dx.Accumulate));
    }

    public override void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns)
    {
        float* xData = Floats(x), yData = Floats(y);
        ForRows(rows, 2 * columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
            {
                float* a = xData + 2 * r * columns;
                GateKernels<V>.Forward(f, a, a + columns, yData + r * columns, columns);
            }
        });
    }

    public override void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns)
    {
        float* xData = Floats(x), dyData = Floats(dy), dxData = Floats(dx);
        ForRows(rows, 2 * columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
            {
                float* a = xData + 2 * r * columns, da = dxData + 2 * r * columns;
                GateKernels<V>.Backward(f, a, a + columns, dyData + r * columns, da, da + columns, columns,
                    dx.Accumulate);
            }
        });
    }

    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape)
    {
        if (shape.Elements == 0) return;
        float* aData = Floats(a), bData = Floats(b), yData = Floats(y);
        (int outer, int inner, bool aRuns, bool bRuns) = InnerRun(aShape, bShape, shape);
        int rowsPerPart = Math.Max(1, ElementsPerPart / inner);
        int[] aStrides = Broadcasting.Strides(aShape, shape), bStrides = Broadcasting.Strides(bShape, shape);
        if (outer == 1)
        {
            ForElements(inner, (start, length) => BinaryKernels<V>.Run(
                f, aData + (aRuns ? start : 0), aRuns, bData + (bRuns ? start : 0), bRuns, yData + start, length));
            return;
        }

        _pool.Run(Parts(outer, rowsPerPart), part =>
        {
            for (int row = part * rowsPerPart; row < Math.Min(outer, (part + 1) * rowsPerPart); row++)
                BinaryKernels<V>.Run(
                    f, aData + Broadcasting.Offset(row * inner, shape, aStrides), aRuns,
                    bData + Broadcasting.Offset(row * inner, shape, bStrides), bRuns,
                    yData + (nint)row * inner, inner);
        });
    }

    /// <summary>The trailing axes along which each side either runs element by element or stands still, as one
    /// run.</summary>
    private static (int Outer, int Inner, bool ARuns, bool BRuns) InnerRun(Shape a, Shape b, Shape shape)
    {
        int inner = 1, axis = shape.Rank - 1;
        bool? aRuns = null, bRuns = null;
        for (; axis >= 0; axis--)
        {
            if (shape[axis] == 1) continue;
            bool aHere = a[axis] != 1, bHere = b[axis] != 1;
            if ((aRuns ?? aHere) != aHere || (bRuns ?? bHere) != bHere) break;
            (aRuns, bRuns) = (aHere, bHere);
            inner *= shape[axis];
        }

        return (shape.Elements / inner, inner, aRuns ?? true, bRuns ?? true);
    }

    public override void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        float* xData = Floats(x), yData = Floats(y);
        (int outer, int summed, int inner) = Broadcasting.Collapse(xShape, shape);
        if (summed >= 0)
        {
            SumMiddle(xData, yData, outer, summed, inner, scale, y.Accumulate);
            return;
        }

        // Summed axes that are not neighbours: the innermost group goes first, into a buffer.
        Shape step = Broadcasting.FirstStep(xShape, shape);
        CpuStorage partial = Borrow(step.Elements);
        SumTo(x, xShape, new(partial), step, 1);
        SumTo(partial, step, y, shape, scale);
        _buffers.Return(partial);
    }

    /// <summary>y[o, i] (+)= scale · Σ_s x[o, s, i].</summary>
    private void SumMiddle(float* x, float* y, int outer, int summed, int inner, float scale, bool accumulate)
    {
        if (outer == 1 && summed > 1024 && inner * (long)summed > ElementsPerPart)
        {
            // One long sum: fixed shares, added up in order.
            int share = Math.Max(256, Parts(summed, 64)), shares = Parts(summed, share);
            CpuStorage partial = Borrow((long)shares * inner);
            float* partials = partial.Pointer;
            _pool.Run(shares, s => BinaryKernels<V>.SumRows(
                x + (nint)s * share * inner, partials + (nint)s * inner, Math.Min(share, summed - s * share), inner, 1,
                false));
            _pool.Run(1, _ => BinaryKernels<V>.SumRows(partials, y, shares, inner, scale, accumulate));
            _buffers.Return(partial);
            return;
        }

        if (inner > V.Count && outer < MinimumParts && (long)summed * inner > ElementsPerPart)
        {
            // Few long sums: each of their columns by itself.
            for (nint o = 0; o < outer; o++)
            {
                float* from = x + o * summed * inner, to = y + o * inner;
                ForElements(inner, (start, length) =>
                    SumColumns(from, to, summed, inner, start, length, scale, accumulate), cost: summed);
            }

            return;
        }

        ForRows(outer, summed * inner, (row, rows) =>
        {
            for (nint o = row; o < row + rows; o++)
                BinaryKernels<V>.SumRows(x + o * summed * inner, y + o * inner, summed, inner, scale, accumulate);
        });
    }

    /// <summary>Some columns of what <see cref="BinaryKernels{V}.SumRows"/> computes, added in its order.</summary>
    private static void SumColumns(float* x, float* y, int rows, int columns, int first, int count, float scale,
        bool accumulate)
    {
        for (int i = first; i < first + count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, first + count - i);
            V sum = V.Zero;
            for (int r = 0; r < rows; r++) sum += V.LoadPartial(x + (nint)r * columns + i, lanes);
            sum *= V.Broadcast(scale);
            V.StorePartial(y + i, accumulate ? sum + V.LoadPartial(y + i, lanes) : sum, lanes);
        }
    }

    public override void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        if (shape.Elements == 0) return;
        float* xData = Floats(x), yData = Floats(y);
        (int outer, int inner, bool runs, _) = InnerRun(xShape, shape, shape);
        int[] strides = Broadcasting.Strides(xShape, shape);
        ForRows(outer, inner, (row, rows) =>
        {
            for (int r = row; r < row + rows; r++)
            {
                float* from = xData + Broadcasting.Offset(r * inner, shape, strides), to = yData + (nint)r * inner;
                if (runs) ElementKernels<V>.AddScaled(from, to, inner, scale, y.Accumulate);
                else BinaryKernels<V>.AddConstant(*from * scale, to, inner, y.Accumulate);
            }
        });
    }

    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner)
    {
        float* xData = Floats(x), yData = Floats(y);
        int* positions = (int*)Floats(indices);
        ForRows(outer, axis * inner, (row, rows) =>
        {
            for (nint o = row; o < row + rows; o++)
                for (int i = 0; i < inner; i++)
                {
                    float* values = xData + o * axis * inner + i;
                    int best = 0;
                    for (int j = 1; j < axis; j++)
                        // NaN counts as largest
                        if (!(values[(nint)j * inner] <= values[(nint)best * inner])
                            && !float.IsNaN(values[(nint)best * inner])) best = j;
                    (yData[o * inner + i], positions[o * inner + i]) = (values[(nint)best * inner], best);
                }
        });
    }

    public override void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner)
    {
        float* dyData = Floats(dy), dxData = Floats(dx);
        int* positions = (int*)Floats(indices);
        if (!dx.Accumulate) Fill(dx.Storage, outer * axis * inner, 0);
        ForRows(outer, inner, (row, rows) =>
        {
            for (nint o = row; o < row + rows; o++)
                for (int i = 0; i < inner; i++)
                    dxData[(o * axis + positions[o * inner + i]) * inner + i] += dyData[o * inner + i];
        });
    }

    public override void AddScaled(Storage x, Target y, int count, float scale)
    {
        float* xData = Floats(x), yData = Floats(y);
        ForElements(count, (start, length) => ElementKernels<V>.AddScaled(xData + start, yData + start, length, scale,
            y.Accumulate));
    }

    public override void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns)
    {
        float* xData = Floats(x), s = Floats(scales), yData = Floats(y);
        ForRows(rows, columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
                ElementKernels<V>.AddScaled(xData + r * columns, yData + r * columns, columns, s[r], y.Accumulate);
        });
    }

    public override void Fill(Storage y, int count, float value)
    {
        float* data = Changed(y);
        ForElements(count, (start, length) => new Span<float>(data + start, length).Fill(value));
    }

    public override void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset)
    {
        float* xData = Floats(x), yData = Floats(y);
        float factor = 1 / (1 - probability);
        (Philox[] streams, int stream) = PassRecording.Current?.Draws(random) ?? ([random], 0);
        ForElements(count, (start, length) =>
        {
            Philox drawn = streams[stream];
            for (int i = start; i < start + length; i++)
            {
                float value = drawn.Uniform(offset + (ulong)i) < probability ? 0 : xData[i] * factor;
                yData[i] = y.Accumulate ? yData[i] + value : value;
            }
        });
    }

    public override void DropFactors(Storage y, int count, float probability, Philox random, ulong offset)
    {
        float* factors = Changed(y);
        (Philox[] streams, int stream) = PassRecording.Current?.Draws(random) ?? ([random], 0);
        _pool.Run(1, _ =>
        {
            for (int i = 0; i < count; i++) factors[i] = DropFactor(probability, streams[stream], offset + (ulong)i);
        });
    }
}
