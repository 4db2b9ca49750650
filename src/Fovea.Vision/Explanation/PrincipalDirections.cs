namespace Fovea.Vision.Explanation;

/// <summary>The directions along which rows of a matrix are largest: its right singular vectors, by orthogonal
/// iteration on WᵀW.</summary>
public static class PrincipalDirections
{
    private const int MostIterations = 300;
    private const double Settled = 1e-12;   // of the lengths, whose error is the square of that of the directions

    /// <summary>The first directions.</summary>
    /// <param name="rows">W <c>[row, column]</c>.</param>
    /// <param name="count">Rows.</param>
    /// <param name="size">Columns.</param>
    /// <param name="wanted">How many directions, at most as many as columns.</param>
    /// <returns>Unit vectors at right angles, those with the largest |W v| first; the largest element of each is
    /// positive.</returns>
    public static float[][] Of(ReadOnlySpan<float> rows, int count, int size, int wanted)
    {
        double[] matrix = new double[count * size];
        for (int i = 0; i < matrix.Length; i++) matrix[i] = rows[i];
        // keeps directions that W does not know from vanishing
        double energy = Dot(matrix, matrix), shift = energy == 0 ? 1 : 1e-9 * energy;
        Philox random = Philox.For(0, "principal directions");
        // a few more than wanted: the last ones settle slowly
        double[][] basis = [.. Enumerable.Range(0, Math.Min(size, wanted + 8)).Select(k =>
            Enumerable.Range(0, size).Select(i => (double)random.Normal((ulong)(k * size + i))).ToArray())];
        Orthonormalize(basis);
        double[] before = [];
        for (int iteration = 0; iteration < MostIterations; iteration++)
        {
            Parallel.For(0, basis.Length, k => basis[k] = Apply(matrix, size, basis[k], shift));
            double[] stretch = Orthonormalize(basis);
            bool settled = before.Length > 0
                && Enumerable.Range(0, wanted).All(k => Math.Abs(stretch[k] - before[k]) <= Settled * stretch[0]);
            before = stretch;
            if (settled) break;
        }

        return [.. basis.Zip(before).OrderByDescending(pair => pair.Second).Take(wanted)
            .Select(pair => Signed(pair.First))];
    }

    /// <summary>Wᵀ W v + shift · v.</summary>
    private static double[] Apply(double[] matrix, int size, double[] v, double shift)
    {
        double[] result = Array.ConvertAll(v, value => shift * value);
        for (int start = 0; start < matrix.Length; start += size)
        {
            double along = 0;
            for (int i = 0; i < size; i++) along += matrix[start + i] * v[i];
            for (int i = 0; i < size; i++) result[i] += along * matrix[start + i];
        }

        return result;
    }

    /// <summary>Gram-Schmidt, twice for accuracy, in place.</summary>
    /// <returns>The lengths that were left of the vectors.</returns>
    private static double[] Orthonormalize(double[][] basis)
    {
        double[] lengths = new double[basis.Length];
        for (int k = 0; k < basis.Length; k++)
        {
            double[] v = basis[k];
            for (int round = 0; round < 2; round++)
                for (int other = 0; other < k; other++) AddScaled(v, basis[other], -Dot(v, basis[other]));
            double length = lengths[k] = Math.Sqrt(Dot(v, v));
            for (int i = 0; length > 0 && i < v.Length; i++) v[i] /= length;
        }

        return lengths;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void AddScaled(double[] a, double[] b, double factor)
    {
        for (int i = 0; i < a.Length; i++) a[i] += factor * b[i];
    }

    private static float[] Signed(double[] v)
    {
        double sign = v.MaxBy(Math.Abs) < 0 ? -1 : 1;
        return Array.ConvertAll(v, value => (float)(sign * value));
    }
}
