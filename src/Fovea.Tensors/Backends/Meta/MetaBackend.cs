namespace Fovea.Tensors.Backends.Meta;

/// <summary>
/// Computes nothing and holds nothing: tensors have sizes only, all values read as zero. A model that runs on it shows
/// in milliseconds how much memory the same step takes elsewhere (<see cref="PeakBytes"/>) and how much of it is read
/// and written (<see cref="MovedBytes"/>), whatever it is made of.
/// </summary>
public sealed class MetaBackend : Backend
{
    /// <summary>Bytes of the tensors that are alive.</summary>
    public override long AllocatedBytes => _allocated;

    /// <summary>The most that were alive at once since <see cref="Reset"/>.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes that the primitives' operands and results have, each counted once per primitive, since
    /// <see cref="Reset"/>.</summary>
    public long MovedBytes { get; private set; }

    private long _allocated;

    /// <summary>Begins a new measurement.</summary>
    public void Reset() => (PeakBytes, MovedBytes) = (_allocated, 0);

    /// <inheritdoc/>
    public override Storage Rent(int count)
    {
        _allocated += (long)count * sizeof(float);
        PeakBytes = Math.Max(PeakBytes, _allocated);
        return new MetaStorage(this, count);
    }

    /// <inheritdoc/>
    public override void Return(Storage storage) => _allocated -= (long)storage.Capacity * sizeof(float);

    /// <inheritdoc/>
    public override void Trim()
    {
    }

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<float> values, int start = 0) => Move(values.Length);

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<int> values) => Move(values.Length);

    /// <inheritdoc/>
    public override void Read(Storage source, Span<float> values, int start = 0) => values.Clear();

    /// <inheritdoc/>
    public override void Read(Storage source, Span<int> values) => values.Clear();

    /// <inheritdoc/>
    public override void MatMul(in MatMulArguments arguments) => Move(arguments.A, arguments.B, arguments.C);

    /// <inheritdoc/>
    public override void Linear(in LinearArguments arguments, Storage y) =>
        Move(arguments.X, arguments.Weight, arguments.Bias, arguments.Residual, y);

    /// <inheritdoc/>
    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients) =>
        Move(dy, arguments.Weight, gradients.Dx, arguments.Input == LinearInput.Identity ? null : arguments.X);

    /// <inheritdoc/>
    public override void LinearBackwardWeight(in LinearArguments arguments, Storage dy, Target dw, Target? dbias) =>
        Move(arguments.X, dy, dw, dbias);

    /// <inheritdoc/>
    public override void ColumnSums(Storage x, Target y, int rows, int columns) => Move(x, y);

    /// <inheritdoc/>
    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y) =>
        Move(x, w, epilogue.Bias, epilogue.Residual, y);

    /// <inheritdoc/>
    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx) =>
        Move(dy, w, dx);

    /// <inheritdoc/>
    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw) =>
        Move(x, dy, dw);

    /// <inheritdoc/>
    public override void LayerNorm(Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd,
        int rows, int columns, float epsilon) =>
        Move(x, gamma, beta, y, mean, rstd);

    /// <inheritdoc/>
    public override void LayerNormBackward(Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows,
        int columns, in LinearInputGradients gradients) =>
        Move(x, dy, gradients.Dx);

    /// <inheritdoc/>
    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm) => Move(x, y);

    /// <inheritdoc/>
    public override void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm) =>
        Move(y, dy, dx);

    /// <inheritdoc/>
    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses) =>
        Move(logits, losses);

    /// <inheritdoc/>
    public override void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses,
        Target dlogits) =>
        Move(logits, dlogits);

    /// <inheritdoc/>
    public override void Unary(UnaryOperator f, Storage x, Storage y, int count) => Move(2L * count);

    /// <inheritdoc/>
    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count) =>
        Move(3L * count);

    /// <inheritdoc/>
    public override void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns) => Move(x, y);

    /// <inheritdoc/>
    public override void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns) =>
        Move(x, dy, dx);

    /// <inheritdoc/>
    public override void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels) => Move(x);

    /// <inheritdoc/>
    public override void BatchNorm(in BatchNormArguments arguments, Storage y) =>
        Move(arguments.X, arguments.Residual, y);

    /// <inheritdoc/>
    public override void BatchNormBackward(in BatchNormArguments arguments, Storage y, Storage dy,
        bool statisticsOfInput, in BatchNormGradients gradients) =>
        Move(arguments.X, y, dy, gradients.Dx, gradients.Dresidual);

    /// <inheritdoc/>
    public override void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y) => Move(x, y);

    /// <inheritdoc/>
    public override void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx) =>
        Move(x, y, dy, dx);

    /// <inheritdoc/>
    public override void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner) => Move(x, y);

    /// <inheritdoc/>
    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape) => Move(a, b, y);

    /// <inheritdoc/>
    public override void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale) => Move(x, y);

    /// <inheritdoc/>
    public override void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale) => Move(x, y);

    /// <inheritdoc/>
    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner) => Move(x, y);

    /// <inheritdoc/>
    public override void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner) =>
        Move(dy, dx);

    /// <inheritdoc/>
    public override void AddScaled(Storage x, Target y, int count, float scale) => Move(2L * count);

    /// <inheritdoc/>
    public override void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns) =>
        Move(2L * rows * columns);

    /// <inheritdoc/>
    public override void Fill(Storage y, int count, float value) => Move(count);

    /// <inheritdoc/>
    public override void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset) =>
        Move(2L * count);

    /// <inheritdoc/>
    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y) =>
        Move(2L * xShape.Elements);

    /// <inheritdoc/>
    public override void CopyBlock(Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows,
        int columns) =>
        Move(2L * rows * columns);

    /// <inheritdoc/>
    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns) =>
        Move(2L * count * columns);

    /// <inheritdoc/>
    public override void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns) =>
        Move(dy, dx);

    /// <inheritdoc/>
    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size) =>
        Move(image, y);

    /// <inheritdoc/>
    public override void PatchifyBackward(Storage dy, Target image, int batch, int channels, int height, int width,
        int size) => Move(image, dy);

    /// <inheritdoc/>
    public override void Attention(in AttentionArguments arguments, Storage y, Storage logSums) =>
        Move(Projected(arguments) + y.Capacity);

    /// <inheritdoc/>
    public override void AttentionBackward(
        in AttentionArguments arguments, Storage y, Storage logSums, Storage dy, in AttentionGradients gradients) =>
        Move(2 * Projected(arguments) + y.Capacity + dy.Capacity);

    /// <inheritdoc/>
    public override void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials) =>
        Move(Projected(arguments) + y.Capacity);

    /// <inheritdoc/>
    public override void SinkhornAttentionBackward(
        in AttentionArguments arguments, int iterations, Storage y, Storage potentials, Storage dy,
        in AttentionGradients gradients) =>
        Move(2 * Projected(arguments) + y.Capacity + dy.Capacity);

    /// <inheritdoc/>
    public override bool PreparesHeads => true;

    /// <inheritdoc/>
    public override void PrepareHeads(in HeadPreparation arguments, Storage y) => Move(2L * y.Capacity);

    /// <inheritdoc/>
    public override void PrepareHeadsBackward(in HeadPreparation arguments, Storage dy, in LinearInputGradients queries,
        in LinearInputGradients keys) => Move(3L * dy.Capacity);

    /// <inheritdoc/>
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums) =>
        Move(3L * arguments.Batch * arguments.Tokens * arguments.Heads * arguments.HeadDim + y.Capacity);

    /// <inheritdoc/>
    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv) =>
        Move(6L * arguments.Batch * arguments.Tokens * arguments.Heads * arguments.HeadDim + dy.Capacity);

    /// <inheritdoc/>
    public override void DeltaRule(in DeltaRuleArguments arguments, Storage y) =>
        Move(Scanned(arguments) + y.Capacity);

    /// <inheritdoc/>
    public override void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy,
        in DeltaRuleGradients gradients) =>
        Move(2 * Scanned(arguments) + dy.Capacity);

    /// <inheritdoc/>
    public override void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers) =>
        Move(Projected(arguments) + y.Capacity);

    /// <inheritdoc/>
    public override void KernelAttentionBackward(
        in KernelAttentionArguments arguments, Storage y, Storage normalizers, Storage dy,
        in KernelAttentionGradients gradients) =>
        Move(2 * Projected(arguments) + y.Capacity + dy.Capacity);

    /// <inheritdoc/>
    public override void RandomFeatures(in RandomFeaturesArguments arguments, Storage features) =>
        Move(arguments.Projection, features);

    /// <inheritdoc/>
    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx) =>
        Move(arguments.Projection, features, dfeatures);

    /// <inheritdoc/>
    public override void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y) =>
        Move(values.Storage, locations, weights, y);

    /// <inheritdoc/>
    public override void DeformableSampleBackward(
        in DeformableArguments arguments, HeadView values, Storage locations, Storage weights, Storage dy,
        in DeformableGradients gradients) =>
        Move(values.Storage, gradients.Values?.View.Storage, locations, gradients.Locations, weights, gradients.Weights,
            dy);

    /// <inheritdoc/>
    public override void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y) => Move(x, y);

    /// <inheritdoc/>
    public override void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx) => Move(dy, dx);

    /// <inheritdoc/>
    public override void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y) => Move(x.Storage, w, bias, y);

    /// <inheritdoc/>
    public override void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx) =>
        Move(dy, w, dx.View.Storage);

    /// <inheritdoc/>
    public override void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw) =>
        Move(x.Storage, dy, dw);

    /// <inheritdoc/>
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors)
    {
        foreach ((_, int count) in tensors) Move(count);
        return new double[tensors.Count];
    }

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<SgdArguments> step in steps) Move((step.State.Length == 0 ? 3L : 5) * step.Count);
    }

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<AdamArguments> step in steps) Move((step.State.Length < 3 ? 7L : 9) * step.Count);
    }

    /// <inheritdoc/>
    public override void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard)
    {
        // the lengths are known after a first pass
        foreach (UpdateStep<LambArguments> step in steps) Move(10L * step.Count);
    }

    /// <inheritdoc/>
    public override void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<LarsArguments> step in steps) Move((step.State.Length == 0 ? 5L : 7) * step.Count);
    }

    /// <inheritdoc/>
    public override void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<LionArguments> step in steps) Move(5L * step.Count);
    }

    /// <inheritdoc/>
    public override void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<AdanArguments> step in steps) Move(11L * step.Count);
    }

    /// <inheritdoc/>
    public override void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<ScheduleFreeArguments> step in steps) Move(7L * step.Count);
    }

    /// <inheritdoc/>
    public override void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard)
    {
        // how many agree is known after a first pass
        foreach (UpdateStep<CautiousArguments> step in steps) Move(6L * step.Count);
    }

    /// <inheritdoc/>
    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight)
    {
        foreach ((_, _, int count) in pairs) Move(3L * count);
    }

    private static long Projected(in AttentionArguments arguments) =>
        (long)arguments.Batch * arguments.Heads * arguments.HeadDim * (arguments.Queries + 2L * arguments.Keys);

    private static long Projected(in KernelAttentionArguments arguments) => (long)arguments.Batch * arguments.Heads
        * ((long)arguments.Features * (arguments.QueryCount + arguments.KeyCount)
            + (long)arguments.HeadDim * arguments.KeyCount);

    private static long Scanned(in DeltaRuleArguments arguments) =>
        (long)arguments.Batch * arguments.Tokens * arguments.Heads
            * (2L * arguments.KeyDim + arguments.ValueDim + 2L * GridScan.Count);

    private void Move(params ReadOnlySpan<Operand> operands)
    {
        foreach (Operand operand in operands) Move(operand.Elements);
    }

    private void Move(long elements) => MovedBytes += elements * sizeof(float);

    private readonly record struct Operand(long Elements)
    {
        public static implicit operator Operand(Storage? storage) => new(storage?.Capacity ?? 0);

        public static implicit operator Operand(Target? target) => target?.Storage;
    }
}
