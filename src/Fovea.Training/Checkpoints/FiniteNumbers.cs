using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Training.Checkpoints;

/// <summary>Looks for numbers that are infinite or NaN in what a checkpoint holds.</summary>
internal static class FiniteNumbers
{
    /// <summary>The first of all tensors of a checkpoint with a number that is not finite; null where all
    /// are.</summary>
    public static string? FirstBroken(Module module, Optimizer? optimizer = null, WeightAverage? average = null) =>
        module.NamedState().Select(entry => (entry.Name, entry.Tensor.Value))
            .Concat(optimizer?.State().Select(entry => (entry.Name, entry.Value)) ?? [])
            .Concat(average?.State().Select(entry => (entry.Name, entry.Value)) ?? [])
            .Where(entry => !IsFinite(entry.Value)).Select(entry => entry.Name).FirstOrDefault();

    /// <summary>True where all numbers of a tensor are finite. A sum of squares may overflow though each number is
    /// finite, so it only says yes.</summary>
    private static bool IsFinite(Tensor tensor) => double.IsFinite(Update.SumOfSquares(tensor))
        || !tensor.ToArray().Any(value => !float.IsFinite(value));
}
