using Fovea.Tensors;

namespace Fovea.Vision.Explanation;

/// <summary>Similarity of the positions of patches: the cosine of the angle between their vectors (Dosovitskiy et al.
/// 2021, figure 7).</summary>
public static class PositionSimilarity
{
    /// <summary>Compares every position with every other.</summary>
    /// <param name="positions"><c>[patch, dim]</c>.</param>
    /// <returns><c>[patch, patch]</c>, −1 to 1; 0 where a vector is 0.</returns>
    public static float[] Of(Tensor positions)
    {
        (int patches, int dim) = (positions.Shape[0], positions.Shape[1]);
        float[] values = positions.ToArray(), cosines = new float[patches * patches];
        double[] lengths = [.. Enumerable.Range(0, patches).Select(i => Math.Sqrt(Dot(i, i)))];
        for (int i = 0; i < patches; i++)
            for (int j = 0; j <= i; j++)
            {
                double product = lengths[i] * lengths[j];
                cosines[i * patches + j] = cosines[j * patches + i] = product == 0 ? 0
                    : (float)Math.Clamp(Dot(i, j) / product, -1, 1);
            }

        return cosines;

        double Dot(int i, int j)
        {
            double sum = 0;
            for (int k = 0; k < dim; k++) sum += (double)values[i * dim + k] * values[j * dim + k];
            return sum;
        }
    }
}
