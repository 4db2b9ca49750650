using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Objectives;

/// <summary>
/// FixMatch (Sohn et al. 2020, arXiv:2001.07685): where the model is sure of a weakly changed image, its most likely
/// class is the label of the strongly changed one. Loss of the others is 0, and the mean goes over all.
/// </summary>
/// <inheritdoc/>
internal sealed class FixMatch(ImageClassifier model, DataLoader unlabelled, SemiSupervisedSection options,
    Device device) : SemiSupervised(model, unlabelled, options, device)
{
    private readonly double _threshold = options.Threshold, _weight = options.UsedWeight;

    /// <inheritdoc/>
    protected override Targets TargetsOf(BatchPart part) => Targets.Of(Probabilities(part), _threshold);

    /// <inheritdoc/>
    protected override Tensor Agreement(Tensor logits, Targets targets) => Losses.WeightedCrossEntropy(logits,
        Tensor.From(targets.Classes, [targets.Classes.Length], logits.Device),
        Tensor.From(Array.ConvertAll(targets.IsUsed, used => used ? 1f : 0), [targets.IsUsed.Length], logits.Device));

    /// <inheritdoc/>
    protected override double Weight(int step) => _weight;
}
