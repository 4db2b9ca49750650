namespace Fovea.Nn.Optimization;

/// <summary>Parameters that an optimiser treats alike.</summary>
/// <param name="Name">For messages, e.g. <c>decay</c>.</param>
/// <param name="Parameters">The parameters with their dotted names.</param>
/// <param name="WeightDecay">Strength of weight decay, 0 or more.</param>
/// <param name="LearningRateFactor">Factor of the optimiser's learning rate, e.g. below 1 for a pretrained body.</param>
public sealed record ParameterGroup(
    string Name, IReadOnlyList<(string Name, Parameter Parameter)> Parameters, double WeightDecay = 0, double LearningRateFactor = 1)
{
    /// <summary>
    /// The usual two groups: weights with decay; biases, norms, tokens and positions without (<see cref="Parameter.Decay"/>). A group
    /// without parameters is left out.
    /// </summary>
    /// <param name="module">The model.</param>
    /// <param name="weightDecay">Strength for the first group.</param>
    public static IReadOnlyList<ParameterGroup> Default(Module module, double weightDecay)
    {
        ILookup<bool, (string, Parameter)> byDecay = module.NamedParameters().ToLookup(entry => entry.Parameter.Decay);
        return
        [
            .. new ParameterGroup[] { new("decay", [.. byDecay[true]], weightDecay), new("no-decay", [.. byDecay[false]]) }
                .Where(group => group.Parameters.Count > 0),
        ];
    }
}
