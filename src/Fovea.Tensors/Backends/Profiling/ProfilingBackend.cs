using System.Diagnostics;
using Fovea.Core.Timelines;
using Fovea.Tensors.Backends.Cpu;
using Fovea.Tensors.Backends.Meta;

namespace Fovea.Tensors.Backends.Profiling;

/// <summary>Another backend, whose primitives are timed: each is computed by it, call by call, and noted
/// (<see cref="Calls"/>).</summary>
public sealed class ProfilingBackend : Backend
{
    private readonly Backend _inner;
    private readonly List<ProfiledCall> _calls = [];
    private long _began;

    /// <param name="inner">What computes.</param>
    public ProfilingBackend(Backend inner) => _inner = inner;

    /// <summary>The backend that computes.</summary>
    public Backend Inner => _inner;

    /// <summary>True while calls are noted.</summary>
    public bool IsOn { get; set; }

    /// <summary>The calls so far, in order.</summary>
    public IReadOnlyList<ProfiledCall> Calls => _calls;

    /// <summary>Timeline in which the CPU's threads note what each of them computes; null: none. For one backend at a
    /// time.</summary>
    public Timeline? Threading { get; set; }

    /// <summary>True: the calling thread computes loops of the CPU alone, cut as for all threads, and the time of each
    /// part is noted.</summary>
    public bool IsPartwise { get; set; }

    /// <summary>Forgets the calls.</summary>
    public void Clear() => _calls.Clear();

    /// <inheritdoc/>
    public override int Threads => _inner.Threads;

    /// <inheritdoc/>
    public override string? Placement => _inner.Placement;

    /// <inheritdoc/>
    public override bool HasGradients => _inner.HasGradients;

    /// <inheritdoc/>
    public override bool UsesHostMemory => _inner.UsesHostMemory;

    /// <inheritdoc/>
    public override bool IsHost => _inner.IsHost;

    /// <inheritdoc/>
    public override long AllocatedBytes => _inner.AllocatedBytes;

    /// <inheritdoc/>
    public override void Synchronize() => _inner.Synchronize();

    /// <inheritdoc/>
    public override Storage Rent(int count) => _inner.Rent(count);

    /// <inheritdoc/>
    public override void Return(Storage storage) => _inner.Return(storage);

    /// <inheritdoc/>
    public override void Trim() => _inner.Trim();

    /// <inheritdoc/>
    public override void Settle(Storage weight) => _inner.Settle(weight);

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<float> values, int start = 0)
    {
        Begin(nameof(Write));
        _inner.Write(destination, values, start);
        End(nameof(Write), default);
    }

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<int> values)
    {
        Begin(nameof(Write));
        _inner.Write(destination, values);
        End(nameof(Write), default);
    }

    /// <inheritdoc/>
    public override void Read(Storage source, Span<float> values, int start = 0)
    {
        Begin(nameof(Read));
        _inner.Read(source, values, start);
        End(nameof(Read), default);
    }

    /// <inheritdoc/>
    public override void Read(Storage source, Span<int> values)
    {
        Begin(nameof(Read));
        _inner.Read(source, values);
        End(nameof(Read), default);
    }

    /// <inheritdoc/>
    public override void MatMul(in MatMulArguments arguments)
    {
        Begin(nameof(MatMul));
        _inner.MatMul(in arguments);
        End(nameof(MatMul), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void Linear(in LinearArguments arguments, Storage y)
    {
        Begin(nameof(Linear));
        _inner.Linear(in arguments, y);
        End(nameof(Linear), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients)
    {
        Begin(nameof(LinearBackwardInput));
        _inner.LinearBackwardInput(in arguments, dy, in gradients);
        End(nameof(LinearBackwardInput), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void LinearBackwardWeight(in LinearArguments arguments, Storage dy, Target dw, Target? dbias)
    {
        Begin(nameof(LinearBackwardWeight));
        _inner.LinearBackwardWeight(in arguments, dy, dw, dbias);
        End(nameof(LinearBackwardWeight), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void ColumnSums(Storage x, Target y, int rows, int columns)
    {
        Begin(nameof(ColumnSums));
        _inner.ColumnSums(x, y, rows, columns);
        End(nameof(ColumnSums), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y)
    {
        Begin(nameof(Conv2d));
        _inner.Conv2d(in arguments, x, w, in epilogue, y);
        End(nameof(Conv2d), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx)
    {
        Begin(nameof(Conv2dBackwardInput));
        _inner.Conv2dBackwardInput(in arguments, dy, w, dx);
        End(nameof(Conv2dBackwardInput), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw)
    {
        Begin(nameof(Conv2dBackwardWeight));
        _inner.Conv2dBackwardWeight(in arguments, x, dy, dw);
        End(nameof(Conv2dBackwardWeight), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void LayerNorm(Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd,
        int rows, int columns, float epsilon)
    {
        Begin(nameof(LayerNorm));
        _inner.LayerNorm(x, gamma, beta, y, mean, rstd, rows, columns, epsilon);
        End(nameof(LayerNorm), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void LayerNormBackward(Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows,
        int columns, in LinearInputGradients gradients)
    {
        Begin(nameof(LayerNormBackward));
        _inner.LayerNormBackward(x, gamma, mean, rstd, dy, rows, columns, in gradients);
        End(nameof(LayerNormBackward), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm)
    {
        Begin(nameof(Softmax));
        _inner.Softmax(x, y, rows, columns, logarithm);
        End(nameof(Softmax), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm)
    {
        Begin(nameof(SoftmaxBackward));
        _inner.SoftmaxBackward(y, dy, dx, rows, columns, logarithm);
        End(nameof(SoftmaxBackward), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses)
    {
        Begin(nameof(CrossEntropy));
        _inner.CrossEntropy(in arguments, logits, losses);
        End(nameof(CrossEntropy), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void CrossEntropyBackward(in CrossEntropyArguments arguments, Storage logits, Storage dlosses,
        Target dlogits)
    {
        Begin(nameof(CrossEntropyBackward));
        _inner.CrossEntropyBackward(in arguments, logits, dlosses, dlogits);
        End(nameof(CrossEntropyBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void Unary(UnaryOperator f, Storage x, Storage y, int count)
    {
        Begin(nameof(Unary));
        _inner.Unary(f, x, y, count);
        End(nameof(Unary), new Work($"{count}"));
    }

    /// <inheritdoc/>
    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count)
    {
        Begin(nameof(UnaryBackward));
        _inner.UnaryBackward(f, x, dy, dx, count);
        End(nameof(UnaryBackward), new Work($"{count}"));
    }

    /// <inheritdoc/>
    public override void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns)
    {
        Begin(nameof(Gate));
        _inner.Gate(f, x, y, rows, columns);
        End(nameof(Gate), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns)
    {
        Begin(nameof(GateBackward));
        _inner.GateBackward(f, x, dy, dx, rows, columns);
        End(nameof(GateBackward), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape)
    {
        Begin(nameof(Binary));
        _inner.Binary(f, a, aShape, b, bShape, y, shape);
        End(nameof(Binary), new Work($"{shape}"));
    }

    /// <inheritdoc/>
    public override void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        Begin(nameof(SumTo));
        _inner.SumTo(x, xShape, y, shape, scale);
        End(nameof(SumTo), new Work($"{shape}"));
    }

    /// <inheritdoc/>
    public override void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        Begin(nameof(BroadcastTo));
        _inner.BroadcastTo(x, xShape, y, shape, scale);
        End(nameof(BroadcastTo), new Work($"{shape}"));
    }

    /// <inheritdoc/>
    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner)
    {
        Begin(nameof(Max));
        _inner.Max(x, y, indices, outer, axis, inner);
        End(nameof(Max), new Work($"{outer} x {axis} x {inner}"));
    }

    /// <inheritdoc/>
    public override void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner)
    {
        Begin(nameof(MaxBackward));
        _inner.MaxBackward(indices, dy, dx, outer, axis, inner);
        End(nameof(MaxBackward), new Work($"{outer} x {axis} x {inner}"));
    }

    /// <inheritdoc/>
    public override void AddScaled(Storage x, Target y, int count, float scale)
    {
        Begin(nameof(AddScaled));
        _inner.AddScaled(x, y, count, scale);
        End(nameof(AddScaled), new Work($"{count}"));
    }

    /// <inheritdoc/>
    public override void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns)
    {
        Begin(nameof(ScaleRows));
        _inner.ScaleRows(x, scales, y, rows, columns);
        End(nameof(ScaleRows), new Work($"{rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void Fill(Storage y, int count, float value)
    {
        Begin(nameof(Fill));
        _inner.Fill(y, count, value);
        End(nameof(Fill), new Work($"{count}"));
    }

    /// <inheritdoc/>
    public override void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset)
    {
        Begin(nameof(Dropout));
        _inner.Dropout(x, y, count, probability, random, offset);
        End(nameof(Dropout), new Work($"{count}"));
    }

    /// <inheritdoc/>
    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y)
    {
        Begin(nameof(Permute));
        _inner.Permute(x, xShape, order, y);
        End(nameof(Permute), new Work($"{xShape}"));
    }

    /// <inheritdoc/>
    public override void CopyBlock(Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows,
        int columns)
    {
        Begin(nameof(CopyBlock));
        _inner.CopyBlock(x, xOffset, xStride, y, yOffset, yStride, rows, columns);
        End(nameof(CopyBlock), new Work($"{xOffset} x {xStride} x {yOffset} x {yStride} x {rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns)
    {
        Begin(nameof(Gather));
        _inner.Gather(x, indices, y, count, columns);
        End(nameof(Gather), new Work($"{count} x {columns}"));
    }

    /// <inheritdoc/>
    public override void GatherBackward(Storage dy, Storage indices, Target dx, int count, int rows, int columns)
    {
        Begin(nameof(GatherBackward));
        _inner.GatherBackward(dy, indices, dx, count, rows, columns);
        End(nameof(GatherBackward), new Work($"{count} x {rows} x {columns}"));
    }

    /// <inheritdoc/>
    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size)
    {
        Begin(nameof(Patchify));
        _inner.Patchify(image, y, batch, channels, height, width, size);
        End(nameof(Patchify), new Work($"{batch} x {channels} x {height} x {width} x {size}"));
    }

    /// <inheritdoc/>
    public override void PatchifyBackward(Storage dy, Target image, int batch, int channels, int height, int width,
        int size)
    {
        Begin(nameof(PatchifyBackward));
        _inner.PatchifyBackward(dy, image, batch, channels, height, width, size);
        End(nameof(PatchifyBackward), new Work($"{batch} x {channels} x {height} x {width} x {size}"));
    }

    /// <inheritdoc/>
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors)
    {
        Begin(nameof(SumsOfSquares));
        double[] result = _inner.SumsOfSquares(tensors);
        End(nameof(SumsOfSquares), default);
        return result;
    }

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Sgd));
        _inner.Sgd(steps, guard);
        End(nameof(Sgd), default);
    }

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Adam));
        _inner.Adam(steps, guard);
        End(nameof(Adam), default);
    }

    /// <inheritdoc/>
    public override void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Lamb));
        _inner.Lamb(steps, guard);
        End(nameof(Lamb), default);
    }

    /// <inheritdoc/>
    public override void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Lars));
        _inner.Lars(steps, guard);
        End(nameof(Lars), default);
    }

    /// <inheritdoc/>
    public override void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Lion));
        _inner.Lion(steps, guard);
        End(nameof(Lion), default);
    }

    /// <inheritdoc/>
    public override void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Adan));
        _inner.Adan(steps, guard);
        End(nameof(Adan), default);
    }

    /// <inheritdoc/>
    public override void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(ScheduleFree));
        _inner.ScheduleFree(steps, guard);
        End(nameof(ScheduleFree), default);
    }

    /// <inheritdoc/>
    public override void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Cautious));
        _inner.Cautious(steps, guard);
        End(nameof(Cautious), default);
    }

    /// <inheritdoc/>
    public override PendingNumbers? BeginRead(IReadOnlyList<(Storage Source, int Count)> sources)
    {
        Begin(nameof(BeginRead));
        PendingNumbers? result = _inner.BeginRead(sources);
        End(nameof(BeginRead), default);
        return result;
    }

    /// <inheritdoc/>
    public override StepGuard? BeginGuard(IReadOnlyList<(Storage X, int Count)> gradients, double? maximum,
        StepGuard? before)
    {
        Begin(nameof(BeginGuard));
        StepGuard? result = _inner.BeginGuard(gradients, maximum, before);
        End(nameof(BeginGuard), default);
        return result;
    }

    /// <inheritdoc/>
    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight)
    {
        Begin(nameof(Lerp));
        _inner.Lerp(pairs, weight);
        End(nameof(Lerp), default);
    }

    /// <inheritdoc/>
    public override void Attention(in AttentionArguments arguments, Storage y, Storage logSums)
    {
        Begin(nameof(Attention));
        _inner.Attention(in arguments, y, logSums);
        End(nameof(Attention), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void AttentionBackward(in AttentionArguments arguments, Storage y, Storage logSums, Storage dy,
        in AttentionGradients gradients)
    {
        Begin(nameof(AttentionBackward));
        _inner.AttentionBackward(in arguments, y, logSums, dy, in gradients);
        End(nameof(AttentionBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials)
    {
        Begin(nameof(SinkhornAttention));
        _inner.SinkhornAttention(in arguments, iterations, y, potentials);
        End(nameof(SinkhornAttention), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void SinkhornAttentionBackward(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials, Storage dy, in AttentionGradients gradients)
    {
        Begin(nameof(SinkhornAttentionBackward));
        _inner.SinkhornAttentionBackward(in arguments, iterations, y, potentials, dy, in gradients);
        End(nameof(SinkhornAttentionBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y)
    {
        Begin(nameof(DeformableSample));
        _inner.DeformableSample(in arguments, values, locations, weights, y);
        End(nameof(DeformableSample), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void DeformableSampleBackward(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage dy, in DeformableGradients gradients)
    {
        Begin(nameof(DeformableSampleBackward));
        _inner.DeformableSampleBackward(in arguments, values, locations, weights, dy, in gradients);
        End(nameof(DeformableSampleBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y)
    {
        Begin(nameof(PoolGrid));
        _inner.PoolGrid(in arguments, x, y);
        End(nameof(PoolGrid), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx)
    {
        Begin(nameof(PoolGridBackward));
        _inner.PoolGridBackward(in arguments, dy, dx);
        End(nameof(PoolGridBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y)
    {
        Begin(nameof(GridConvolution));
        _inner.GridConvolution(in arguments, x, w, bias, y);
        End(nameof(GridConvolution), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx)
    {
        Begin(nameof(GridConvolutionBackwardInput));
        _inner.GridConvolutionBackwardInput(in arguments, dy, w, dx);
        End(nameof(GridConvolutionBackwardInput), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw)
    {
        Begin(nameof(GridConvolutionBackwardWeight));
        _inner.GridConvolutionBackwardWeight(in arguments, x, dy, dw);
        End(nameof(GridConvolutionBackwardWeight), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void DeltaRule(in DeltaRuleArguments arguments, Storage y)
    {
        Begin(nameof(DeltaRule));
        _inner.DeltaRule(in arguments, y);
        End(nameof(DeltaRule), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy, in DeltaRuleGradients gradients)
    {
        Begin(nameof(DeltaRuleBackward));
        _inner.DeltaRuleBackward(in arguments, dy, in gradients);
        End(nameof(DeltaRuleBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels)
    {
        Begin(nameof(ChannelStatistics));
        _inner.ChannelStatistics(x, mean, variance, batch, channels, pixels);
        End(nameof(ChannelStatistics), new Work($"{batch} x {channels} x {pixels}"));
    }

    /// <inheritdoc/>
    public override void BatchNorm(in BatchNormArguments arguments, Storage y)
    {
        Begin(nameof(BatchNorm));
        _inner.BatchNorm(in arguments, y);
        End(nameof(BatchNorm), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void BatchNormBackward(in BatchNormArguments arguments, Storage y, Storage dy,
        bool statisticsOfInput, in BatchNormGradients gradients)
    {
        Begin(nameof(BatchNormBackward));
        _inner.BatchNormBackward(in arguments, y, dy, statisticsOfInput, in gradients);
        End(nameof(BatchNormBackward), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y)
    {
        Begin(nameof(MaxPool));
        _inner.MaxPool(in arguments, x, y);
        End(nameof(MaxPool), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx)
    {
        Begin(nameof(MaxPoolBackward));
        _inner.MaxPoolBackward(in arguments, x, y, dy, dx);
        End(nameof(MaxPoolBackward), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner)
    {
        Begin(nameof(MapAxis));
        _inner.MapAxis(map, x, y, outer, inner);
        End(nameof(MapAxis), new Work($"{outer} x {inner}"));
    }

    /// <inheritdoc/>
    public override void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers)
    {
        Begin(nameof(KernelAttention));
        _inner.KernelAttention(in arguments, y, normalizers);
        End(nameof(KernelAttention), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void KernelAttentionBackward(in KernelAttentionArguments arguments, Storage y, Storage normalizers,
        Storage dy, in KernelAttentionGradients gradients)
    {
        Begin(nameof(KernelAttentionBackward));
        _inner.KernelAttentionBackward(in arguments, y, normalizers, dy, in gradients);
        End(nameof(KernelAttentionBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void RandomFeatures(in RandomFeaturesArguments arguments, Storage features)
    {
        Begin(nameof(RandomFeatures));
        _inner.RandomFeatures(in arguments, features);
        End(nameof(RandomFeatures), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx)
    {
        Begin(nameof(RandomFeaturesBackward));
        _inner.RandomFeaturesBackward(in arguments, features, dfeatures, in dx);
        End(nameof(RandomFeaturesBackward), Work.Of(arguments, backward: true));
    }

    /// <inheritdoc/>
    public override void Muon(IReadOnlyList<UpdateStep<MuonArguments>> steps, StepGuard? guard)
    {
        Begin(nameof(Muon));
        _inner.Muon(steps, guard);
        End(nameof(Muon), default);
    }

    /// <inheritdoc/>
    public override bool PreparesHeads => _inner.PreparesHeads;

    /// <inheritdoc/>
    public override void PrepareHeads(in HeadPreparation arguments, Storage y)
    {
        Begin(nameof(PrepareHeads));
        _inner.PrepareHeads(in arguments, y);
        End(nameof(PrepareHeads), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void PrepareHeadsBackward(in HeadPreparation arguments, Storage dy, in LinearInputGradients queries,
        in LinearInputGradients keys)
    {
        Begin(nameof(PrepareHeadsBackward));
        _inner.PrepareHeadsBackward(in arguments, dy, in queries, in keys);
        End(nameof(PrepareHeadsBackward), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums)
    {
        Begin(nameof(NeighborhoodAttention));
        _inner.NeighborhoodAttention(in arguments, y, logSums);
        End(nameof(NeighborhoodAttention), Work.Of(arguments));
    }

    /// <inheritdoc/>
    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv)
    {
        Begin(nameof(NeighborhoodAttentionBackward));
        _inner.NeighborhoodAttentionBackward(in arguments, logSums, dy, in dq, in dk, in dv);
        End(nameof(NeighborhoodAttentionBackward), Work.Of(arguments, backward: true));
    }

    private void Begin(string name)
    {
        if (!IsOn) return;
        if (Threading is not null) PartTrace.Begin(Threading, name);
        if (IsPartwise) PartTrace.Loops = [];
        _began = Stopwatch.GetTimestamp();
    }

    private void End(string name, Work work)
    {
        if (!IsOn) return;
        _inner.Synchronize();   // a card's call returns before its result is there
        PartTrace.End();
        long moved = (_inner as MetaBackend)?.MovedBytes ?? 0;
        _calls.Add(new(name, work.Size ?? "", work.Flops, moved, _began, Stopwatch.GetTimestamp())
        {
            Loops = PartTrace.Loops,
        });
        PartTrace.Loops = null;
    }
}
