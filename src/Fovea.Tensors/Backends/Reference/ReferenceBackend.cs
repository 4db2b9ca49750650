namespace Fovea.Tensors.Backends.Reference;

internal sealed class ReferenceBackend : Backend
{
    public override Storage Rent(int count) => throw new NotSupportedException();

    public override void Return(Storage storage) => throw new NotSupportedException();

    public override void Trim() => throw new NotSupportedException();

    public override long AllocatedBytes => throw new NotSupportedException();

    public override void Write(Storage destination, ReadOnlySpan<float> values) => throw new NotSupportedException();

    public override void Write(Storage destination, ReadOnlySpan<int> values) => throw new NotSupportedException();

    public override void Read(Storage source, Span<float> values) => throw new NotSupportedException();

    public override void Read(Storage source, Span<int> values) => throw new NotSupportedException();

    public override void MatMul(in MatMulArguments arguments) => throw new NotSupportedException();

    public override void Linear(in LinearArguments arguments, Storage y) => throw new NotSupportedException();

    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy, in LinearInputGradients gradients) => throw new NotSupportedException();

    public override void LinearBackwardWeight(in LinearArguments arguments, Storage dy, Storage dw, bool accumulate) => throw new NotSupportedException();

    public override void ColumnSums(Storage x, Storage y, int rows, int columns, bool accumulate) => throw new NotSupportedException();

    public override void Attention(in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums) => throw new NotSupportedException();

    public override void AttentionBackward(in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums, Storage dy, Storage dqkv, bool accumulate) => throw new NotSupportedException();

    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, Storage? bias, Storage y) => throw new NotSupportedException();

    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Storage dx, bool accumulate) => throw new NotSupportedException();

    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Storage dw, bool accumulate) => throw new NotSupportedException();

    public override void LayerNorm(Storage x, Storage gamma, Storage beta, Storage y, Storage mean, Storage rstd, int rows, int columns, float epsilon) => throw new NotSupportedException();

    public override void LayerNormBackward(Storage x, Storage gamma, Storage mean, Storage rstd, Storage dy, int rows, int columns, in LinearInputGradients gradients) => throw new NotSupportedException();

    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm) => throw new NotSupportedException();

    public override void SoftmaxBackward(Storage y, Storage dy, Storage dx, int rows, int columns, bool logarithm, bool accumulate) => throw new NotSupportedException();

    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses) => throw new NotSupportedException();

    public override void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses, Storage dlogits, bool accumulate) => throw new NotSupportedException();

    public override void Unary(UnaryOperator f, Storage x, Storage y, int count) => throw new NotSupportedException();

    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Storage dx, int count, bool accumulate) => throw new NotSupportedException();

    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y, Shape shape) => throw new NotSupportedException();

    public override void SumTo(Storage x, Shape xShape, Storage y, Shape shape, float scale, bool accumulate) => throw new NotSupportedException();

    public override void BroadcastTo(Storage x, Shape xShape, Storage y, Shape shape, float scale, bool accumulate) => throw new NotSupportedException();

    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner) => throw new NotSupportedException();

    public override void MaxBackward(Storage indices, Storage dy, Storage dx, int outer, int axis, int inner, bool accumulate) => throw new NotSupportedException();

    public override void AddScaled(Storage x, Storage y, int count, float scale, bool accumulate) => throw new NotSupportedException();

    public override void ScaleRows(Storage x, Storage scales, Storage y, int rows, int columns, bool accumulate) => throw new NotSupportedException();

    public override void Fill(Storage y, int count, float value) => throw new NotSupportedException();

    public override void Dropout(Storage x, Storage y, int count, float probability, Philox random, ulong offset, bool accumulate) => throw new NotSupportedException();

    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Storage y, bool accumulate) => throw new NotSupportedException();

    public override void CopyBlock(Storage x, int xOffset, int xStride, Storage y, int yOffset, int yStride, int rows, int columns, bool accumulate) => throw new NotSupportedException();

    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns) => throw new NotSupportedException();

    public override void GatherBackward(Storage dy, Storage indices, Storage dx, int count, int rows, int columns, bool accumulate) => throw new NotSupportedException();

    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size) => throw new NotSupportedException();

    public override void PatchifyBackward(Storage dy, Storage image, int batch, int channels, int height, int width, int size, bool accumulate) => throw new NotSupportedException();

    public override double SumOfSquares(Storage x, int count) => throw new NotSupportedException();

    public override void Sgd(in SgdArguments arguments, Storage parameter, Storage gradient, Storage? momentum, int count) => throw new NotSupportedException();

    public override void Adam(in AdamArguments arguments, Storage parameter, Storage gradient, Storage mean, Storage variance, Storage? maximum, int count) => throw new NotSupportedException();

    public override void Lerp(Storage x, Storage y, int count, float weight) => throw new NotSupportedException();
}
