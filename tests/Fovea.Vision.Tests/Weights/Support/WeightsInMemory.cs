using Fovea.Nn;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Support;

/// <summary>Weights as a file would hold them.</summary>
internal sealed class WeightsInMemory(params IReadOnlyList<Weight> weights) : WeightFile
{
    public override string Path => "memory";

    public override string Format => "memory";

    public override IReadOnlyList<Weight> Weights => weights;

    /// <summary>A model's weights under other names.</summary>
    public static WeightsInMemory Of(Module model, Func<Weight, IEnumerable<Weight>> rename,
        params IEnumerable<Weight> more) => new([.. model.NamedState()
            .SelectMany(entry => rename(Weight.Of(entry.Name, entry.Tensor.Value))), .. more]);

    /// <summary>A tensor of its own.</summary>
    public static Weight Tensor(string name, params float[] values) =>
        Weight.Of(name, WeightType.F32, [values.Length], values);

    protected override void Dispose(bool disposing)
    {
    }
}
