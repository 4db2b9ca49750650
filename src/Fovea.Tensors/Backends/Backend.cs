namespace Fovea.Tensors;

/// <summary>
/// The seam: everything a device has to do. Shapes were checked above it (<see cref="Ops"/>); sizes come as plain
/// numbers, memory as opaque <see cref="Storage"/>. Matrices are row-major. A <see cref="Target"/>, written (+)= here,
/// is added to or overwritten, as it says; a plain result is overwritten. Results must not depend on the number of
/// threads. <see cref="Backends.Reference.ReferenceBackend"/> defines what each primitive means.
/// </summary>
public abstract partial class Backend
{
    /// <summary>Threads of this machine that compute, the caller's included.</summary>
    public virtual int Threads => 1;

    /// <summary>Placement of the threads, in a sentence; null: nobody asked (<see cref="Pinning"/>).</summary>
    public virtual string? Placement => null;

    /// <summary>Whether its products can be differentiated: those of 8-bit integers cannot.</summary>
    public virtual bool HasGradients => true;

    /// <summary>Whether its buffers are this machine's memory and not a card's own.</summary>
    public virtual bool UsesHostMemory => true;

    /// <summary>The processor of this machine computes, and a call returns when its result is there; otherwise calls
    /// may return before, and <see cref="Synchronize"/> waits.</summary>
    public virtual bool IsHost => true;

    /// <summary>Waits until all that was called so far is computed; for measurements of time.</summary>
    public virtual void Synchronize()
    {
    }

    // Memory.

    /// <summary>A buffer for at least this many elements, contents unset; from the pool where one fits.</summary>
    public abstract Storage Rent(int count);

    /// <summary>Takes a buffer back into the pool.</summary>
    public abstract void Return(Storage storage);

    /// <summary>Drops the pooled buffers that nobody uses.</summary>
    public abstract void Trim();

    /// <summary>Expects a weight to stay as it is for many products, so that what products make of it may be kept. A
    /// change is noticed, and costs only that it is made again.</summary>
    public virtual void Settle(Storage weight)
    {
    }

    /// <summary>Notes a pass while it computes, to compute it again without it.</summary>
    /// <param name="pass">Computes and tells where input and result are; called twice.</param>
    /// <param name="refusal">Where null comes back: why, as the end of a sentence.</param>
    internal virtual RecordedPass? Record(Action<IPassRecording> pass, out string? refusal)
    {
        refusal = "its device has no compiled path";
        return null;
    }

    /// <summary>Whether the pass that is noted checks by itself, whenever it runs, that these indices are below a
    /// limit.</summary>
    internal virtual bool ChecksIndices(Storage indices, int limit) => false;

    /// <summary>Bytes in rented and pooled buffers.</summary>
    public abstract long AllocatedBytes { get; }

    /// <summary>Copies host values in, from element <paramref name="start"/> on.</summary>
    public abstract void Write(Storage destination, ReadOnlySpan<float> values, int start = 0);

    /// <summary>Copies host labels or indices in.</summary>
    public abstract void Write(Storage destination, ReadOnlySpan<int> values);

    /// <summary>Copies values to the host, from element <paramref name="start"/> on.</summary>
    public abstract void Read(Storage source, Span<float> values, int start = 0);

    /// <summary>Copies labels or indices to the host.</summary>
    public abstract void Read(Storage source, Span<int> values);

    // Products.

    /// <summary>Batched C (+)= scale · op(A) op(B), op being the transpose where asked for.</summary>
    public abstract void MatMul(in MatMulArguments arguments);

    /// <summary>y = f(x) wᵀ + bias (+ residual): <c>x [rows, in]</c>, <c>w [out, in]</c>, <c>y [rows, out]</c>, f per
    /// <see cref="LinearArguments"/>.</summary>
    public abstract void Linear(in LinearArguments arguments, Storage y);

    /// <summary>dx (+)= d(f)/dx · (dy w); with f a layer norm also dgamma and dbeta.</summary>
    public abstract void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients);

    /// <summary>dw (+)= dyᵀ f(x) and, unless null, dbias (+)= column sums of dy.</summary>
    public abstract void LinearBackwardWeight(in LinearArguments arguments, Storage dy, Target dw, Target? dbias);

    /// <summary>y (+)= column sums of <c>x [rows, columns]</c>.</summary>
    public abstract void ColumnSums(Storage x, Target y, int rows, int columns);

    /// <summary>
    /// 2-D convolution: <c>x [batch, in, height, width]</c>, <c>w [out, in/groups, kernelHeight, kernelWidth]</c> →
    /// <c>y [batch, out, oh, ow]</c>, with what happens to the sums on their way out.
    /// </summary>
    public abstract void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y);

    /// <summary>dx (+)= gradient of <see cref="Conv2d"/> with respect to its input.</summary>
    public abstract void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx);

    /// <summary>dw (+)= gradient of <see cref="Conv2d"/> with respect to its weight.</summary>
    public abstract void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw);

    // Rows: x [rows, columns].

    /// <summary>y = (x − mean) · rstd · gamma + beta per row; <c>mean, rstd [rows]</c> are kept for the backward pass.
    /// Without a mean and a beta it is RMS norm: nothing is subtracted, rstd is 1/√(mean square + ε).</summary>
    public abstract void LayerNorm(Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd,
        int rows, int columns, float epsilon);

    /// <summary>Gradients of <see cref="LayerNorm"/>; each may be null where nobody wants it.</summary>
    public abstract void LayerNormBackward(Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows,
        int columns, in LinearInputGradients gradients);

    /// <summary>Softmax of each row, or its logarithm.</summary>
    public abstract void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm);

    /// <summary>dx (+)= gradient of <see cref="Softmax"/> from its result y.</summary>
    public abstract void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm);

    /// <summary>
    /// Cross-entropy per row: with t = (1−s)·onehot(label) + s/C, or the soft targets, loss = −Σ_c w_c t_c log
    /// softmax(x)_c. <c>losses [rows]</c>. Exactly one of <c>labels</c> (integers) and <c>targets [rows, columns]</c>
    /// is given.
    /// </summary>
    public abstract void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses);

    /// <summary>dlogits (+)= gradient of Σ_r dlosses_r · loss_r.</summary>
    public abstract void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses,
        Target dlogits);

    // Elements.

    /// <summary>y = f(x), element by element.</summary>
    public abstract void Unary(UnaryOperator f, Storage x, Storage y, int count);

    /// <summary>dx (+)= dy · f'(x).</summary>
    public abstract void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count);

    /// <summary>y = f(a) · b, each row of <c>x [rows, 2 · columns]</c> being a and behind it b; <c>y [rows,
    /// columns]</c>.</summary>
    public abstract void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns);

    /// <summary>dx (+)= gradient of <see cref="Gate"/>.</summary>
    public abstract void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns);

    /// <summary>y = a ∘ b with broadcasting: an axis of size 1 in <c>a</c> or <c>b</c> is repeated to the size in
    /// <c>shape</c>; shapes have equal rank.</summary>
    public abstract void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape);

    /// <summary>y (+)= scale · x summed over the axes in which <c>shape</c> is 1 and <c>xShape</c> is not; shapes have
    /// equal rank.</summary>
    public abstract void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale);

    /// <summary>y (+)= scale · x, repeated along the axes in which <c>xShape</c> is 1; shapes have equal
    /// rank.</summary>
    public abstract void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale);

    /// <summary>Largest element along the middle axis of <c>x [outer, axis, inner]</c>, and its first position; NaN
    /// counts as largest.</summary>
    public abstract void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner);

    /// <summary>dx (+)= gradient of <see cref="Max"/>: dy at the position of the largest element, 0
    /// elsewhere.</summary>
    public abstract void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner);

    /// <summary>y (+)= scale · x.</summary>
    public abstract void AddScaled(Storage x, Target y, int count, float scale);

    /// <summary>y (+)= x · s_r on <c>rows</c> rows of <c>columns</c>, <c>s [rows]</c>.</summary>
    public abstract void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns);

    /// <summary>All elements become <c>value</c>.</summary>
    public abstract void Fill(Storage y, int count, float value);

    /// <summary>
    /// y_i (+)= x_i / (1−probability) where random number <c>offset + i</c> of the stream is at least
    /// <c>probability</c>, else 0. Its own backward pass.
    /// </summary>
    public abstract void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset);

    /// <summary>y = what <see cref="Dropout"/> multiplies elements by: 0 or 1/(1−probability). Drawn on the host unless
    /// a device does better.</summary>
    public virtual void DropFactors(Storage y, int count, float probability, Philox random, ulong offset)
    {
        float[] factors = new float[count];
        for (int i = 0; i < count; i++) factors[i] = DropFactor(probability, random, offset + (ulong)i);
        Write(y, factors);
    }

    /// <summary>One of <see cref="DropFactors"/>.</summary>
    private protected static float DropFactor(float probability, Philox random, ulong index) =>
        random.Uniform(index) < probability ? 0 : 1 / (1 - probability);

    // Layout.

    /// <summary>y (+)= x with its axes in another order: axis i of y is axis <c>order[i]</c> of x.</summary>
    public abstract void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y);

    /// <summary>Copies (or adds) a block of <c>rows</c> rows of <c>columns</c> elements between buffers with their own
    /// offsets and row strides.</summary>
    public abstract void CopyBlock(Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows,
        int columns);

    /// <summary>y[i] = x[indices[i]]: rows of <c>columns</c> elements.</summary>
    public abstract void Gather(Storage x, Storage indices, Storage y, int count, int columns);

    /// <summary>dx[indices[i]] += dy[i] into <c>dx [rows, columns]</c>, which is cleared first unless accumulating; in
    /// the order of i.</summary>
    public abstract void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns);

    /// <summary>
    /// Non-overlapping patches: <c>image [batch, channel, height, width]</c> → <c>y [batch, gridRow · gridColumn,
    /// channel · size · size]</c>, inside a patch ordered (channel, row, column) as a convolution weight is.
    /// </summary>
    public abstract void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size);

    /// <summary>image (+)= the inverse of <see cref="Patchify"/>.</summary>
    public abstract void PatchifyBackward(Storage dy, Target image, int batch, int channels, int height, int width,
        int size);

    // Optimisers: one call for all parameters, in place. The tensors of a list do not overlap. A guard divides the
    // gradients or leaves the step out; it is null where BeginGuard gives none. Gradients may be changed.

    /// <summary>Σ x² of each tensor, in double.</summary>
    public abstract double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors);

    /// <summary>One step of stochastic gradient descent; see <see cref="SgdArguments"/>.</summary>
    public abstract void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard);

    /// <summary>One step of Adam or AdamW; see <see cref="AdamArguments"/>.</summary>
    public abstract void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard);

    /// <summary>One step of LAMB; see <see cref="LambArguments"/>.</summary>
    public abstract void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard);

    /// <summary>One step of LARS; see <see cref="LarsArguments"/>.</summary>
    public abstract void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard);

    /// <summary>One step of Lion; see <see cref="LionArguments"/>.</summary>
    public abstract void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard);

    /// <summary>One step of Adan; see <see cref="AdanArguments"/>.</summary>
    public abstract void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard);

    /// <summary>One step of schedule-free AdamW; see <see cref="ScheduleFreeArguments"/>.</summary>
    public abstract void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard);

    /// <summary>The step of a cautious optimiser; see <see cref="CautiousArguments"/>.</summary>
    public abstract void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard);

    /// <summary>Begins to read without waiting.</summary>
    /// <param name="sources">Numbers, and how many of each.</param>
    /// <returns>Null where the caller has to read by itself, as on the host: there is nothing to wait for.</returns>
    public virtual PendingNumbers? BeginRead(IReadOnlyList<(Storage Source, int Count)> sources) => null;

    /// <summary>Sums the squares of all gradients without waiting.</summary>
    /// <param name="gradients">The gradients.</param>
    /// <param name="maximum">The length that they are clipped to; null: none.</param>
    /// <param name="before">The guard of the step before; null for the first.</param>
    /// <returns>Null where the caller has to know the sums itself (<see cref="SumsOfSquares"/>).</returns>
    public virtual StepGuard? BeginGuard(IReadOnlyList<(Storage X, int Count)> gradients, double? maximum,
        StepGuard? before) => null;

    /// <summary>y += weight · (x − y) for each pair: moving averages of weights.</summary>
    public abstract void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight);
}
