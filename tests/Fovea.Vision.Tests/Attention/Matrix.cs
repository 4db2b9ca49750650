using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

/// <summary>A matrix in double precision, to write papers' formulas down as they stand there.</summary>
internal sealed record Matrix(int Rows, int Columns, Func<int, int, double> Of)
{
    private readonly double[] _values = [.. from i in Enumerable.Range(0, Rows)
                                            from j in Enumerable.Range(0, Columns)
                                            select Of(i, j)];

    public double this[int row, int column] => _values[row * Columns + column];

    public Matrix Transposed => new(Columns, Rows, (i, j) => this[j, i]);

    public static Matrix operator *(Matrix a, Matrix b) => new(a.Rows, b.Columns,
        (i, j) => Enumerable.Range(0, a.Columns).Sum(k => a[i, k] * b[k, j]));

    public static Matrix operator *(double factor, Matrix a) => a.Map(value => factor * value);

    public static Matrix operator +(Matrix a, Matrix b) => new(a.Rows, a.Columns, (i, j) => a[i, j] + b[i, j]);

    public static Matrix operator -(Matrix a, Matrix b) => new(a.Rows, a.Columns, (i, j) => a[i, j] - b[i, j]);

    public static Matrix Identity(int size) => new(size, size, (i, j) => i == j ? 1 : 0);

    public static Matrix From(Tensor tensor)
    {
        float[] values = tensor.ToArray();
        int columns = tensor.Shape[^1];
        return new(values.Length / columns, columns, (i, j) => values[i * columns + j]);
    }

    /// <summary>Queries (0), keys (1) or values (2) of one head of one sequence.</summary>
    public static Matrix Head(Tensor qkv, int sample, int part, int head, int heads)
    {
        float[] values = qkv.ToArray();
        (int tokens, int width) = (qkv.Shape[1], qkv.Shape[2] / 3);
        int headDim = width / heads;
        return new(tokens, headDim,
            (i, j) => values[((sample * tokens + i) * 3 + part) * width + head * headDim + j]);
    }

    public Matrix Map(Func<double, double> f) => new(Rows, Columns, (i, j) => f(this[i, j]));

    public double RowSum(int row) => Enumerable.Range(0, Columns).Sum(j => this[row, j]);

    public Matrix Softmax()
    {
        Matrix exponentials = Map(Math.Exp);
        return new(Rows, Columns, (i, j) => exponentials[i, j] / exponentials.RowSum(i));
    }

    /// <summary>Depthwise convolution over the grid of patches, zeros around it; 0 for tokens before them.</summary>
    public static Matrix Filtered(Matrix values, TokenGrid grid, int kernel, Func<int, int, double> weight,
        Func<int, double> bias) => new(values.Rows, values.Columns, (token, element) =>
        {
            if (token < grid.Prefix) return 0;
            (int row, int column) = Math.DivRem(token - grid.Prefix, grid.Columns);
            double sum = bias(element);
            for (int tap = 0; tap < kernel * kernel; tap++)
            {
                (int y, int x) = (row + tap / kernel - kernel / 2, column + tap % kernel - kernel / 2);
                if (y >= 0 && y < grid.Rows && x >= 0 && x < grid.Columns)
                    sum += weight(element, tap) * values[grid.Prefix + y * grid.Columns + x, element];
            }

            return sum;
        });

    /// <summary>Heads of all sequences, in the layout of a mechanism's result.</summary>
    public static float[] Merge(int samples, int heads, Func<int, int, Matrix> of)
    {
        Matrix[,] all = new Matrix[samples, heads];
        for (int sample = 0; sample < samples; sample++)
            for (int head = 0; head < heads; head++) all[sample, head] = of(sample, head);
        return [.. from sample in Enumerable.Range(0, samples)
                   from token in Enumerable.Range(0, all[0, 0].Rows)
                   from head in Enumerable.Range(0, heads)
                   from column in Enumerable.Range(0, all[0, 0].Columns)
                   select (float)all[sample, head][token, column]];
    }
}
