using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>The gradients that there are at a time, in the order of the groups, and whose they are.</summary>
/// <param name="Tensors">The gradients.</param>
/// <param name="Places">Of each one the number of its group, and its parameter's dotted name.</param>
/// <param name="Groups">Names of all groups.</param>
public sealed record GradientList(IReadOnlyList<Tensor> Tensors, IReadOnlyList<(int Group, string Name)> Places,
    IReadOnlyList<string> Groups)
{
    /// <summary>The gradients of all parameters that have one now.</summary>
    public static GradientList Of(IReadOnlyList<ParameterGroup> groups)
    {
        List<Tensor> tensors = [];
        List<(int, string)> places = [];
        for (int i = 0; i < groups.Count; i++)
            foreach ((string name, Parameter parameter) in groups[i].Parameters)
                if (parameter.Value.Gradient is { } gradient)
                {
                    tensors.Add(gradient);
                    places.Add((i, name));
                }

        return new(tensors, places, [.. groups.Select(group => group.Name)]);
    }
}
