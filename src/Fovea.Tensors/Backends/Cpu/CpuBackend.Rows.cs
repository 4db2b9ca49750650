using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    private const int CrossEntropyCost = 16;   // of an element, against a usual one

    public override void ColumnSums(Storage x, Target y, int rows, int columns)
    {
        const int RowsPerPart = 512;
        int parts = Parts(rows, RowsPerPart);
        CpuStorage partial = Borrow((long)parts * columns);
        float* partials = partial.Pointer, data = Floats(x);
        _pool.Run(parts, part =>
        {
            float* sums = partials + (nint)part * columns;
            int row = part * RowsPerPart;
            new Span<float>(sums, columns).Clear();
            RowKernels<V>.AddColumns(data + (nint)row * columns, columns, sums, Math.Min(RowsPerPart, rows - row),
                columns);
        });
        AddUp(partials, parts, columns, Floats(y), y.Accumulate);
        _buffers.Return(partial);
    }

    public override void LayerNorm(Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd,
        int rows, int columns, float epsilon)
    {
        float* xData = Floats(x), g = Floats(gamma), b = Floats(beta), yData = Floats(y), m = Floats(mean),
            s = Floats(rstd);
        ForRows(rows, columns, (row, count) => RowKernels<V>.Norm(xData + (nint)row * columns, g, b,
            yData + (nint)row * columns, m == null ? null : m + row, s + row, count, columns, epsilon));
    }

    public override void LayerNormBackward(
        Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows, int columns,
        in LinearInputGradients gradients)
    {
        LinearInputGradients g = gradients;
        float* xData = Floats(x), scale = Floats(gamma), m = Floats(mean), s = Floats(rstd), d = Floats(dy),
            dx = Floats(g.Dx);
        int block = Math.Max(1, 4 * ElementsPerPart / Math.Max(1, columns)), blocks = Parts(rows, block);
        NormSums sums = new(this, g, blocks, columns);
        _pool.Run(blocks, part =>
        {
            nint row = (nint)part * block, offset = row * columns;
            float* partial = sums.Part(part);
            RowKernels<V>.LayerNormBackward(
                xData + offset, scale, m == null ? null : m + row, s + row, d + offset, dx == null ? null : dx + offset,
                g.Dx is { Accumulate: true },
                partial, partial == null ? null : partial + columns, (int)Math.Min(block, rows - row), columns);
        });
        sums.Finish();
    }

    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm)
    {
        float* xData = Floats(x), yData = Floats(y);
        ForRows(rows, columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
                RowKernels<V>.Softmax(xData + r * columns, yData + r * columns, columns, logarithm);
        });
    }

    public override void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm)
    {
        float* yData = Floats(y), d = Floats(dy), dxData = Floats(dx);
        ForRows(rows, columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
                RowKernels<V>.SoftmaxBackward(yData + r * columns, d + r * columns, dxData + r * columns, columns,
                    logarithm, dx.Accumulate);
        });
    }

    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses)
    {
        CrossEntropyArguments a = arguments;
        float* x = Floats(logits), loss = Floats(losses), targets = Floats(a.Targets), weights = Floats(a.ClassWeights);
        int* labels = (int*)Floats(a.Labels);
        ForRows(a.Rows, CrossEntropyCost * a.Columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
            {
                float* values = x + r * a.Columns;
                (float max, float logSum) = RowKernels<V>.LogSumExp(values, a.Columns);
                double sum = 0;   // log-probabilities that the target does not touch must not enter: 0 · −∞ is NaN
                for (int c = 0; c < a.Columns; c++)
                {
                    float target = Target(a, labels, targets, weights, r, c);
                    if (target != 0) sum -= (double)target * (values[c] - max - logSum);
                }

                loss[r] = (float)sum;
            }
        });
    }

    public override void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses,
        Target dlogits)
    {
        CrossEntropyArguments a = arguments;
        float* x = Floats(logits), d = Floats(dlosses), dx = Floats(dlogits), targets = Floats(a.Targets),
            weights = Floats(a.ClassWeights);
        int* labels = (int*)Floats(a.Labels);
        ForRows(a.Rows, CrossEntropyCost * a.Columns, (row, count) =>
        {
            for (nint r = row; r < row + count; r++)
            {
                float* values = x + r * a.Columns, gradient = dx + r * a.Columns;
                (float max, float logSum) = RowKernels<V>.LogSumExp(values, a.Columns);
                double total = 0;
                for (int c = 0; c < a.Columns; c++) total += Target(a, labels, targets, weights, r, c);
                for (int c = 0; c < a.Columns; c++)
                {
                    float local = d[r] * ((float)total * MathF.Exp(values[c] - max - logSum)
                        - Target(a, labels, targets, weights, r, c));
                    gradient[c] = dlogits.Accumulate ? gradient[c] + local : local;
                }
            }
        });
    }

    /// <summary>Weight of class c in row r's target distribution, times the class weight.</summary>
    private static float Target(in CrossEntropyArguments a, int* labels, float* targets, float* weights, nint r, int c)
    {
        float target = targets != null ? targets[r * a.Columns + c]
            : a.Smoothing / a.Columns + (labels[r] == c ? 1 - a.Smoothing : 0);
        return weights == null ? target : target * weights[c];
    }
}
