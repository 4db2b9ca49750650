using Fovea.Tensors;

namespace Fovea.Lab.Probing;

/// <summary>Features that a frozen model computes of a dataset's images.</summary>
/// <param name="Values">Features, <c>[image, dim]</c> row-major.</param>
/// <param name="Dim">Features of an image.</param>
/// <param name="Labels">Class of each image.</param>
/// <param name="Classes">Number of classes.</param>
public sealed record FeatureSet(float[] Values, int Dim, int[] Labels, int Classes)
{
    /// <summary>Number of images.</summary>
    public int Count => Labels.Length;

    /// <summary>Features of one image.</summary>
    public Span<float> Row(int index) => Values.AsSpan(index * Dim, Dim);

    /// <summary>Some images in a row as a tensor, <c>[count, dim]</c>.</summary>
    public Tensor Rows(int first, int count, Device device) =>
        Tensor.From(Values.AsSpan(first * Dim, count * Dim), [count, Dim], device);

    /// <summary>Some images of it.</summary>
    public FeatureSet Take(IReadOnlyList<int> indices)
    {
        FeatureSet taken = this with
        {
            Values = new float[indices.Count * Dim],
            Labels = [.. indices.Select(index => Labels[index])]
        };
        for (int i = 0; i < indices.Count; i++) Row(indices[i]).CopyTo(taken.Row(i));
        return taken;
    }

    /// <summary>Rows scaled to length 1; rows of zeros stay.</summary>
    public FeatureSet Normalised()
    {
        FeatureSet unit = this with { Values = [.. Values] };
        for (int i = 0; i < Count; i++)
        {
            double squares = 0;
            foreach (float value in unit.Row(i)) squares += (double)value * value;
            if (squares == 0) continue;
            float factor = (float)(1 / Math.Sqrt(squares));
            foreach (ref float value in unit.Row(i)) value *= factor;
        }

        return unit;
    }

    /// <summary>(x − mean) / deviation, feature by feature.</summary>
    /// <param name="mean"><c>[dim]</c>.</param>
    /// <param name="deviation"><c>[dim]</c>, above 0.</param>
    public FeatureSet Standardised(double[] mean, double[] deviation)
    {
        FeatureSet standard = this with { Values = new float[Values.Length] };
        for (int i = 0; i < Values.Length; i++)
            standard.Values[i] = (float)((Values[i] - mean[i % Dim]) / deviation[i % Dim]);
        return standard;
    }

    /// <summary>Mean and standard deviation of each feature; a feature that never changes gets the deviation
    /// 1.</summary>
    public (double[] Mean, double[] Std) Statistics()
    {
        double[] mean = new double[Dim];
        double[] squares = new double[Dim];
        for (int i = 0; i < Values.Length; i++) mean[i % Dim] += Values[i];
        for (int d = 0; d < Dim; d++) mean[d] /= Math.Max(1, Count);
        for (int i = 0; i < Values.Length; i++)
            squares[i % Dim] += (Values[i] - mean[i % Dim]) * (Values[i] - mean[i % Dim]);
        return (mean, [.. squares.Select(sum => sum > 1e-12 * Count ? Math.Sqrt(sum / Count) : 1)]);
    }
}
