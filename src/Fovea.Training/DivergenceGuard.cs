using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Training;

/// <summary>Finds where numbers became infinite or NaN first. The weights are still those before the step.</summary>
internal static class DivergenceGuard
{
    /// <summary>Explains a loss that is not finite: by a weight that is not, or else by the group with the largest
    /// weights.</summary>
    public static string ExplainLoss(double loss, IReadOnlyList<ParameterGroup> groups)
    {
        if (First(groups, parameter => !double.IsFinite(Update.SumOfSquares(parameter.Value))) is (string broken,
            string brokenGroup))
            return $"the loss is {Name(loss)}; parameter group '{brokenGroup}' went first: the weights of '{broken}' "
                + "are not finite";
        (string largest, string largestGroup, double size) = groups
            .SelectMany(group => group.Parameters.Select(entry =>
                (entry.Name, Group: group.Name, Size: RootMeanSquare(entry.Parameter))))
            .MaxBy(entry => entry.Size);
        return $"the loss is {Name(loss)} though all weights are finite; parameter group '{largestGroup}' has the "
            + "largest weights, "
            + FormattableString.Invariant($"'{largest}' with a root mean square of {size:G3}");
    }

    /// <summary>
    /// Explains a gradient that is not finite. The backward pass runs from the loss to the input, so it is the last one
    /// in the order of the model.
    /// </summary>
    /// <param name="module">Gives the order.</param>
    /// <param name="groups">Give the group's name.</param>
    /// <param name="norm">What was measured.</param>
    public static string ExplainGradient(Module module, IReadOnlyList<ParameterGroup> groups, GradientNorm norm)
    {
        string first = module.NamedParameters().Last(entry => norm.NonFinite.Contains(entry.Name)).Name;
        string group = groups.First(group => group.Parameters.Any(entry => entry.Name == first)).Name;
        return $"the loss is finite but its gradient is not; parameter group '{group}' went first, at '{first}'";
    }

    private static (string Name, string Group)? First(IReadOnlyList<ParameterGroup> groups,
        Func<Parameter, bool> isBroken)
    {
        foreach (ParameterGroup group in groups)
            foreach ((string name, Parameter parameter) in group.Parameters)
                if (isBroken(parameter)) return (name, group.Name);
        return null;
    }

    private static double RootMeanSquare(Parameter parameter) =>
        Math.Sqrt(Update.SumOfSquares(parameter.Value) / Math.Max(1, parameter.Shape.Elements));

    private static string Name(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "infinite" : "minus infinity";
}
