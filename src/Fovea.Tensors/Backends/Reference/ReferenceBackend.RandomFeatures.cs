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
            double[][] projected = Project(a, index / a.Heads, index % a.Heads);
            if (a.Kernel == FeatureKernel.Relu)
            {
                foreach (double[] row in projected)
                    for (int e = 0; e < row.Length; e++) row[e] = Math.Max(factor * row[e], 0) + a.Stabilizer;
            }
            else if (projected.Length > 0)
            {
                double shared = projected.Max(row => row.Max());
                foreach (double[] row in projected)
                {
                    double largest = a.SharedMaximum ? shared : row.Max();
                    for (int e = 0; e < row.Length; e++) row[e] = factor * (Math.Exp(row[e] - largest) + a.Stabilizer);
                }
            }

            Put(to, index / a.Heads, index % a.Heads, projected);
        }
    }

    /// <summary>
    /// With u = s·x. Softmax: dt_e = exp(...)_e m^(−1/2) dφ_e and dx = s (Pᵀ dt − (Σ_e dt_e) u). Relu: dt_e = m^(−1/2) dφ_e where positive, dx = s Pᵀ dt.
    /// </summary>
    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features, Storage dfeatures, in HeadGradient dx)
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
                    double slope = softmax ? values[token][e] - factor * a.Stabilizer : values[token][e] > a.Stabilizer ? factor : 0;
                    double dt = slope * gradients[token][e];
                    AddScaled(scale * dt, Values(a.Projection).AsSpan(e * a.HeadDim, a.HeadDim), to[token]);
                    if (softmax) AddScaled(-scale * scale * dt, x[token], to[token]);
                }

            Put(dx, batch, head, to);
        }
    }

    /// <summary>Pu, for the softmax kernel less |u|²/2, per token.</summary>
    private static double[][] Project(RandomFeaturesArguments a, int batch, int head)
    {
        double[] projection = Values(a.Projection);
        return Array.ConvertAll(Vectors(a.X, batch, head, a.Tokens, a.HeadDim), x =>
        {
            double[] u = Array.ConvertAll(x, value => a.Scale * value), row = new double[a.Features];
            double half = a.Kernel == FeatureKernel.Softmax ? Dot(u, u) / 2 : 0;
            for (int e = 0; e < row.Length; e++) row[e] = Dot(projection.AsSpan(e * a.HeadDim, a.HeadDim), u) - half;
            return row;
        });
    }
}
