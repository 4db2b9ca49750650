using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <content>What evaluation does not use.</content>
internal sealed partial class TracingBackend
{
    /// <inheritdoc/>
    public override void AttentionBackward(in AttentionArguments arguments, Storage y, Storage logSums, Storage dy,
        in AttentionGradients gradients) =>
        throw Trains(nameof(AttentionBackward));

    /// <inheritdoc/>
    public override void SinkhornAttentionBackward(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials, Storage dy, in AttentionGradients gradients) =>
        throw Trains(nameof(SinkhornAttentionBackward));

    /// <inheritdoc/>
    public override void DeformableSampleBackward(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage dy, in DeformableGradients gradients) =>
        throw Trains(nameof(DeformableSampleBackward));

    /// <inheritdoc/>
    public override void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx) =>
        throw Trains(nameof(PoolGridBackward));

    /// <inheritdoc/>
    public override void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx) =>
        throw Trains(nameof(GridConvolutionBackwardInput));

    /// <inheritdoc/>
    public override void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw) =>
        throw Trains(nameof(GridConvolutionBackwardWeight));

    /// <inheritdoc/>
    public override void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels) =>
        throw Trains(nameof(ChannelStatistics));

    /// <inheritdoc/>
    public override void BatchNormBackward(in BatchNormArguments arguments, Storage y, Storage dy,
        bool statisticsOfInput, in BatchNormGradients gradients) =>
        throw Trains(nameof(BatchNormBackward));

    /// <inheritdoc/>
    public override void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx) =>
        throw Trains(nameof(MaxPoolBackward));

    /// <inheritdoc/>
    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv) =>
        throw Trains(nameof(NeighborhoodAttentionBackward));

    /// <inheritdoc/>
    public override void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy,
        in DeltaRuleGradients gradients) => throw Trains(nameof(DeltaRuleBackward));

    /// <inheritdoc/>
    public override void KernelAttentionBackward(in KernelAttentionArguments arguments, Storage y, Storage normalizers,
        Storage dy, in KernelAttentionGradients gradients) =>
        throw Trains(nameof(KernelAttentionBackward));

    /// <inheritdoc/>
    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx) =>
        throw Trains(nameof(RandomFeaturesBackward));

    /// <inheritdoc/>
    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients) =>
        throw Trains(nameof(LinearBackwardInput));

    /// <inheritdoc/>
    public override void LinearBackwardWeight(in LinearArguments arguments, Storage dy, Target dw, Target? dbias) =>
        throw Trains(nameof(LinearBackwardWeight));

    /// <inheritdoc/>
    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx) =>
        throw Trains(nameof(Conv2dBackwardInput));

    /// <inheritdoc/>
    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw) =>
        throw Trains(nameof(Conv2dBackwardWeight));

    /// <inheritdoc/>
    public override void LayerNormBackward(Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows,
        int columns, in LinearInputGradients gradients) =>
        throw Trains(nameof(LayerNormBackward));

    /// <inheritdoc/>
    public override void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm) =>
        throw Trains(nameof(SoftmaxBackward));

    /// <inheritdoc/>
    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses) =>
        throw Trains(nameof(CrossEntropy));

    /// <inheritdoc/>
    public override void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses,
        Target dlogits) =>
        throw Trains(nameof(CrossEntropyBackward));

    /// <inheritdoc/>
    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count) =>
        throw Trains(nameof(UnaryBackward));

    /// <inheritdoc/>
    public override void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns) =>
        throw Trains(nameof(GateBackward));

    /// <inheritdoc/>
    public override void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner) =>
        throw Trains(nameof(MaxBackward));

    /// <inheritdoc/>
    public override void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset) =>
        throw Trains(nameof(Dropout));

    /// <inheritdoc/>
    public override void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns) =>
        throw Trains(nameof(GatherBackward));

    /// <inheritdoc/>
    public override void PatchifyBackward(Storage dy, Target image, int batch, int channels, int height, int width,
        int size) =>
        throw Trains(nameof(PatchifyBackward));

    /// <inheritdoc/>
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors) =>
        throw Trains(nameof(SumsOfSquares));

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Sgd));

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Adam));

    /// <inheritdoc/>
    public override void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Lamb));

    /// <inheritdoc/>
    public override void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Lars));

    /// <inheritdoc/>
    public override void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Lion));

    /// <inheritdoc/>
    public override void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Adan));

    /// <inheritdoc/>
    public override void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(ScheduleFree));

    /// <inheritdoc/>
    public override void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard) =>
        throw Trains(nameof(Cautious));

    /// <inheritdoc/>
    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight) =>
        throw Trains(nameof(Lerp));

    private static NotSupportedException Trains(string primitive) => new($"{primitive}, which belongs to training");
}
