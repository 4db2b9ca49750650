using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Objectives;

/// <summary>
/// Mean teacher (Tarvainen and Valpola 2017, arXiv:1703.01780): the moving average of the model, which is evaluated, is
/// to say of one view of an image what the model says of another. The weight rises as exp(−5 (1 − t)²).
/// </summary>
internal sealed class MeanTeacher : SemiSupervised
{
    private readonly double _weight, _rampUp;
    private WeightAverage? _average;

    /// <param name="model">The student.</param>
    /// <param name="unlabelled">Images without labels, two views of each.</param>
    /// <param name="options">Ratio and weight.</param>
    /// <param name="rampUpEpochs">Epochs in which the weight rises.</param>
    /// <param name="device">Device of the model.</param>
    public MeanTeacher(ImageClassifier model, DataLoader unlabelled, SemiSupervisedSection options,
        double rampUpEpochs, Device device) : base(model, unlabelled, options, device)
    {
        (_weight, _rampUp) = (options.UsedWeight, rampUpEpochs * StepsPerEpoch);
    }

    /// <inheritdoc/>
    public override void Follow(WeightAverage? average) => _average = average;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Told(IReadOnlyDictionary<string, double> means)
    {
        Dictionary<string, double> told = base.Told(means).ToDictionary();
        told.Remove(Used);   // all
        return told;
    }

    /// <summary>exp(−5 (1 − t)²), t the share of the steps in which the weight rises.</summary>
    internal static double RampUp(int step, double steps)
    {
        double left = step >= steps ? 0 : 1 - step / steps;
        return Math.Exp(-5 * left * left);
    }

    /// <inheritdoc/>
    protected override Targets TargetsOf(BatchPart part)
    {
        using IDisposable? swap = _average?.SwapIn();
        return Targets.Of(Probabilities(part), 0);
    }

    /// <inheritdoc/>
    protected override Tensor Agreement(Tensor logits, Targets targets) =>
        Losses.Consistency(logits, targets.Probabilities);

    /// <inheritdoc/>
    protected override double Weight(int step) => _weight * RampUp(step, _rampUp);
}
