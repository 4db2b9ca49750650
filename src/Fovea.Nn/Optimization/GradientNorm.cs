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
    /// <summary>Names of all whose gradients are not finite.</summary>
    public IReadOnlyList<string> NonFinite { get; init; } = [];

    /// <summary>Reads all gradients once; nothing is changed.</summary>
    /// <param name="groups">The optimiser's groups.</param>
    /// <param name="scale">Factor of the gradients, e.g. 1/n after n accumulated batches.</param>
    public static GradientNorm Measure(IReadOnlyList<ParameterGroup> groups, double scale = 1)
    {
        GradientList gradients = GradientList.Of(groups);
        return Of(Update.SumsOfSquares(gradients.Tensors), gradients, scale);
    }

    /// <summary>The lengths, from the sums of squares of all gradients.</summary>
    /// <param name="squares">The sums, in the order of the list.</param>
    /// <param name="gradients">Whose they are.</param>
    /// <param name="scale">Factor of the gradients.</param>
    public static GradientNorm Of(ReadOnlySpan<double> squares, GradientList gradients, double scale = 1)
    {
        double[] sums = new double[gradients.Groups.Count];
        double total = 0;
        List<string> broken = [];
        for (int i = 0; i < squares.Length; i++)
        {
            (int group, string name) = gradients.Places[i];
            if (!double.IsFinite(squares[i])) broken.Add(name);
            sums[group] += squares[i];
        }

        foreach (double sum in sums) total += sum;
        return new GradientNorm(scale * Math.Sqrt(total),
            [.. gradients.Groups.Select((name, i) => (name, scale * Math.Sqrt(sums[i])))], broken.FirstOrDefault())
        {
            NonFinite = broken,
        };
    }

    /// <summary>Factor that brings the total down to <paramref name="maximum"/>, 1 where it is below; as PyTorch, with
    /// 1e-6 in the divisor.</summary>
    /// <remarks>Hand it to <see cref="Optimizer.Step(double)"/>, which applies it without another pass over the
    /// gradients.</remarks>
    public double ClipScale(double maximum) => Math.Min(1, maximum / (Total + 1e-6));
}
