using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Attention.Kernels;

/// <summary>
/// Directions of random features: blocks of orthogonal rows, each as long as an independent Gaussian vector. A row
/// alone is Gaussian; together they cover the space more evenly than independent ones, which lowers the variance
/// (Choromanski et al. 2021, arXiv:2009.14794, theorem 2).
/// </summary>
public static class OrthogonalFeatures
{
    /// <summary>An <see cref="Initializer"/> for <c>[feature, headDim]</c>: every headDim rows form an orthogonal
    /// block.</summary>
    public static void Draw(float[] values, Shape shape, Philox random)
    {
        (int rows, int width) = (shape[0], shape[1]);
        ulong lengths = (ulong)rows * (ulong)width;   // the draws behind those of the directions
        double[] matrix = new double[values.Length];
        for (int row = 0; row < rows; row++)
        {
            Span<double> direction = matrix.AsSpan(row * width, width);
            for (int e = 0; e < width; e++) direction[e] = random.Normal((ulong)(row * width + e));
            Orthogonalize(matrix, width, row / width * width, row);
            double squares = 0;
            for (int e = 0; e < width; e++) squares += Math.Pow(random.Normal(lengths + (ulong)(row * width + e)), 2);
            for (int e = 0; e < width; e++) values[row * width + e] = (float)(Math.Sqrt(squares) * direction[e]);
        }
    }

    /// <summary>
    /// Gram-Schmidt: row <paramref name="row"/> loses its parts along the block's earlier rows, twice to remove the
    /// rounding, and gets length 1.
    /// </summary>
    private static void Orthogonalize(double[] matrix, int width, int first, int row)
    {
        Span<double> direction = matrix.AsSpan(row * width, width);
        for (int pass = 0; pass < 2; pass++)
            for (int other = first; other < row; other++)
            {
                ReadOnlySpan<double> unit = matrix.AsSpan(other * width, width);
                double along = Dot(direction, unit);
                for (int e = 0; e < width; e++) direction[e] -= along * unit[e];
            }

        double length = Math.Sqrt(Dot(direction, direction));
        for (int e = 0; e < width; e++) direction[e] /= length;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int e = 0; e < a.Length; e++) sum += a[e] * b[e];
        return sum;
    }
}
