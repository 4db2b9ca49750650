using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Training.Checkpoints;

/// <summary>Looks for numbers that are infinite or NaN in what a checkpoint holds.</summary>
internal static class FiniteNumbers
{
    /// <summary>The first of all tensors of a checkpoint with a number that is not finite; null where all are. Of the
    /// optimiser's state each rank looks at what it has.</summary>
    public static string? FirstBroken(Module module, Optimizer? optimizer = null, WeightAverage? average = null) =>
        module.NamedState().Select(entry => (entry.Name, entry.Tensor.Value))
            .Concat(optimizer?.OwnState().Select(entry => (entry.Name, entry.Value)) ?? [])
            .Concat(average?.State().Select(entry => (entry.Name, entry.Value)) ?? [])
            .Where(entry => !IsFinite(entry.Value)).Select(entry => entry.Name).FirstOrDefault();

    /// <summary>Refuses a model whose answers would be no numbers.</summary>
    /// <param name="model">With the weights of the file.</param>
    /// <param name="path">The file, for the message.</param>
    /// <exception cref="CheckpointException">A tensor, which is named, has numbers that are not finite.</exception>
    public static void Require(Module model, string path)
    {
        if (FirstBroken(model) is string broken)
            throw new CheckpointException(
                $"{path}: '{broken}' has numbers that are not finite (NaN or infinite), so the model has no answers; "
                    + "take an earlier checkpoint or train again with a smaller `lr`.");
    }

    /// <summary>True where all numbers of a tensor are finite. A sum of squares may overflow though each number is
    /// finite, so it only says yes.</summary>
    private static bool IsFinite(Tensor tensor) => double.IsFinite(Update.SumOfSquares(tensor))
        || !tensor.ToArray().Any(value => !float.IsFinite(value));
}
