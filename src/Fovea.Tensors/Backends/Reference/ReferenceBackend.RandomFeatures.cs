namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void RandomFeatures(in RandomFeaturesArguments arguments, Storage features)
    {
        RandomFeaturesArguments a = arguments;
        double factor = 1 / Math.Sqrt(a.Features);
        HeadGradient to = new(new(features, 0, a.Heads * a.Features), Accumulate: false);
        for (int index = 0; index < a.Batch * a.Heads; index++)
        {
            double[][] u = [.. Vectors(a.X, index / a.Heads, index % a.Heads, a.Tokens, a.HeadDim)
                .Select(x => Array.ConvertAll(x, e => a.Scale * e))];
            double[][] projected = Array.ConvertAll(u, vector => Project(a, vector));
            double shared = projected.Select(row => row.Max()).DefaultIfEmpty().Max();
            for (int token = 0; token < a.Tokens; token++)
            {
                double[] row = projected[token];
                double shift = Dot(u[token], u[token]) / 2 + (a.SharedMaximum ? shared : row.Max());
                for (int e = 0; e < a.Features; e++)
                    row[e] = a.Kernel == FeatureKernel.Relu
                        ? Math.Max(factor * row[e], 0) + a.Stabilizer
                        : factor * (Math.Exp(row[e] - shift) + a.Stabilizer);
            }

            Put(to, index / a.Heads, index % a.Heads, projected);
        }
    }

    /// <summary>
    /// With u = s·x. Softmax: dt_e = exp(...)_e m^(−1/2) dφ_e and dx = s (Pᵀ dt − (Σ_e dt_e) u). Relu: dt_e = m^(−1/2)
    /// dφ_e where positive and dx = s Pᵀ dt.
    /// </summary>
    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx)
    {
        RandomFeaturesArguments a = arguments;
        double factor = 1 / Math.Sqrt(a.Features), scale = a.Scale;
        HeadView view = new(features, 0, a.Heads * a.Features);
        for (int index = 0; index < a.Batch * a.Heads; index++)
        {
            (int batch, int head) = (index / a.Heads, index % a.Heads);
            double[][] x = Vectors(a.X, batch, head, a.Tokens, a.HeadDim), to = Like(x);
            double[][] values = Vectors(view, batch, head, a.Tokens, a.Features);
            double[][] gradients = Vectors(view with { Storage = dfeatures }, batch, head, a.Tokens, a.Features);
            for (int token = 0; token < a.Tokens; token++)
                for (int e = 0; e < a.Features; e++)
                {
                    bool softmax = a.Kernel == FeatureKernel.Softmax;
                    double slope = softmax ? values[token][e] - factor * a.Stabilizer : values[token][e] > a.Stabilizer
                        ? factor : 0;
                    double dt = slope * gradients[token][e];
                    AddScaled(scale * dt, Values(a.Projection).AsSpan(e * a.HeadDim, a.HeadDim), to[token]);
                    if (softmax) AddScaled(-scale * scale * dt, x[token], to[token]);
                }

            Put(dx, batch, head, to);
        }
    }

    private static double[] Project(RandomFeaturesArguments a, double[] u)
    {
        double[] row = new double[a.Features];
        for (int e = 0; e < row.Length; e++) row[e] = Dot(Values(a.Projection).AsSpan(e * a.HeadDim, a.HeadDim), u);
        return row;
    }
}
