namespace Fovea.Nn.Optimization;

/// <summary>Parameters that an optimiser treats alike.</summary>
/// <param name="Name">For messages, e.g. <c>decay</c>.</param>
/// <param name="Parameters">The parameters with their dotted names.</param>
/// <param name="WeightDecay">Strength of weight decay, 0 or more.</param>
/// <param name="LearningRateFactor">Factor of the optimiser's learning rate, e.g. below 1 for a pretrained
/// body.</param>
public sealed record ParameterGroup(
    string Name, IReadOnlyList<(string Name, Parameter Parameter)> Parameters, double WeightDecay = 0,
    double LearningRateFactor = 1)
{
    /// <summary>
    /// The usual two groups: weights with decay; biases, norms, tokens and positions without
    /// (<see cref="Parameter.Decay"/>). Frozen parameters are left out, and so is a group without parameters.
    /// </summary>
    /// <param name="module">The model.</param>
    /// <param name="weightDecay">Strength for the first group.</param>
    public static IReadOnlyList<ParameterGroup> Default(Module module, double weightDecay) =>
        Of(module.NamedParameters(), weightDecay, "", 1);

    /// <summary>The same two groups for each rate that parameters learn at, those with the smallest rate
    /// first.</summary>
    /// <param name="module">The model.</param>
    /// <param name="weightDecay">Strength where it applies.</param>
    /// <param name="rate">Factor of the learning rate, by a parameter's dotted name; above 0.</param>
    public static IReadOnlyList<ParameterGroup> ByRate(Module module, double weightDecay, Func<string, double> rate) =>
    [
        .. module.NamedParameters().GroupBy(entry => rate(entry.Name)).OrderBy(group => group.Key)
            .SelectMany(group => Of(group, weightDecay, FormattableString.Invariant($" x{group.Key:G3}"), group.Key)),
    ];

    private static IReadOnlyList<ParameterGroup> Of(
        IEnumerable<(string Name, Parameter Parameter)> parameters, double weightDecay, string suffix, double rate)
    {
        ILookup<bool, (string, Parameter)> byDecay = parameters.Where(entry => entry.Parameter.Trainable)
            .ToLookup(entry => entry.Parameter.Decay);
        return
        [
            .. new ParameterGroup[] { new($"decay{suffix}", [.. byDecay[true]], weightDecay, rate),
                new($"no-decay{suffix}", [.. byDecay[false]], 0, rate) }
                .Where(group => group.Parameters.Count > 0),
        ];
    }
}
