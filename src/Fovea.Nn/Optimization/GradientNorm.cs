using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>Lengths of the gradients before a step, for clipping and for finding what went wrong first.</summary>
/// <param name="Total">√ Σ g² over all parameters.</param>
/// <param name="Groups">The same within each group.</param>
/// <param name="FirstNonFinite">Dotted name of the first parameter whose gradient holds a NaN or an infinity; null if
/// all is well.</param>
public sealed record GradientNorm(double Total, IReadOnlyList<(string Name, double Norm)> Groups,
    string? FirstNonFinite)
{
    /// <summary>Reads all gradients once; nothing is changed.</summary>
    /// <param name="groups">The optimiser's groups.</param>
    /// <param name="scale">Factor of the gradients, e.g. 1/n after n accumulated batches.</param>
    public static GradientNorm Measure(IReadOnlyList<ParameterGroup> groups, double scale = 1)
    {
        double total = 0;
        string? firstNonFinite = null;
        List<(string, double)> norms = [];
        double[] squares = Update.SumsOfSquares(
            [.. groups.SelectMany(group => group.Parameters).Select(entry => entry.Parameter.Value.Gradient)
                .OfType<Tensor>()]);
        int next = 0;
        foreach (ParameterGroup group in groups)
        {
            double sum = 0;
            foreach ((string name, Parameter parameter) in group.Parameters)
            {
                if (parameter.Value.Gradient is null) continue;
                if (!double.IsFinite(squares[next])) firstNonFinite ??= name;
                sum += squares[next++];
            }

            norms.Add((group.Name, scale * Math.Sqrt(sum)));
            total += sum;
        }

        return new GradientNorm(scale * Math.Sqrt(total), norms, firstNonFinite);
    }

    /// <summary>Factor that brings the total down to <paramref name="maximum"/>, 1 where it is below; as PyTorch, with
    /// 1e-6 in the divisor.</summary>
    /// <remarks>Hand it to <see cref="Optimizer.Step"/>, which applies it without another pass over the
    /// gradients.</remarks>
    public double ClipScale(double maximum) => Math.Min(1, maximum / (Total + 1e-6));
}
