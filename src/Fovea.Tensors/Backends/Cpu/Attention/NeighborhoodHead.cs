using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Neighbourhood attention of one head of one sequence. The lanes of a register are queries side by side in a row, so
/// that each works on its own window and no pair is computed in vain; <see cref="WindowPlanes{V}"/> has keys and values
/// in that order. Where registers are many, some rows of queries go together: most keys that one of them sees, the
/// others see too, and so each is read once for all. With dilation the grid falls apart into groups of positions that
/// see each other, each a grid of its own.
/// </summary>
internal readonly unsafe struct NeighborhoodHead<V>
    where V : struct, ISimd<V>
{
    private const float Log2E = 1.44269504f, Ln2 = 0.693147181f;
    private const int Many = 3;   // rows that go together: 3 x 7 sums, 3 queries and a key fill the registers

    private readonly NeighborhoodArguments _a;
    private readonly int _batch, _head;
    private readonly WindowSizes _sizes;

    /// <param name="arguments">Inputs and sizes.</param>
    /// <param name="index">Which head of which sequence.</param>
    internal NeighborhoodHead(in NeighborhoodArguments arguments, int index)
    {
        _a = arguments;
        (_batch, _head) = Math.DivRem(index, arguments.Heads);
        _sizes = SizesOf(arguments);
    }

    /// <summary>Rows of queries that go together.</summary>
    private static int Together
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => V.Count == 16 ? Many : 1;
    }

    private int Padded => _sizes.Padded;

    /// <summary>Floats of a row of queries.</summary>
    private nint LineFloats => (nint)_a.HeadDim * Padded;

    /// <summary>Floats of a register's weights.</summary>
    private nint WeightFloats => (nint)_sizes.MostKeys * V.Count;

    internal static WindowSizes SizesOf(in NeighborhoodArguments arguments) => new(arguments, V.Count, Together);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Forward(in WindowPart part, float* y, float* logSums)
    {
        using Scratch scratch = Scratch.Begin();
        float* weights = Weights(scratch), sums = Lines(scratch, 2);
        float* queries = Lines(scratch, _a.HeadDim), results = Lines(scratch, _a.HeadDim);
        WindowPlanes<V> keys = Planes(_a.K, scratch), values = Planes(_a.V, scratch);
        HeadRows<V> q = Rows(_a.Q), to = Results(y);
        V scale = V.Broadcast(_a.Scale * Log2E);
        WindowGroup group = part.Group;
        int count = group.RowKeys * group.ColumnKeys + _a.Prefix;
        Span<KeyRange> ranges = stackalloc KeyRange[2 * Many];
        keys.ReadPrefix();
        values.ReadPrefix();
        keys.Start(part);
        values.Start(part);
        for (int row = part.Row; row < part.End; row += Together)
        {
            int rows = Math.Min(Together, part.End - row), last = row + rows - 1;
            keys.Read(row, last);
            values.Read(row, last);
            ReadOnlySpan<KeyRange> seen = KeyRange.Of(group, row, rows, _a.Prefix, ranges);
            for (int r = 0; r < rows; r++)
                In(q.Row(_a.Prefix + group.Position(row + r)), q.Stride, group, queries + r * LineFloats);
            new Span<float>(results, checked((int)(rows * LineFloats))).Clear();
            for (int column = 0; column < group.Columns; column += V.Count)
            {
                Dots(seen, queries + column, keys.Pointers, column, weights);
                for (int r = 0; r < rows; r++)
                {
                    V sum = Exponentials(weights + r * WeightFloats, count, scale, out V largest);
                    float* line = sums + r * Padded + column;
                    V.Store(line, V.Fma(largest, V.Broadcast(Ln2), VectorMath<V>.Log(sum)));
                    V.Store(line + Together * Padded, V.Broadcast(1) / sum);
                }

                Mix(seen, weights, values.Pointers, column, results + column);
                for (int r = 0; r < rows; r++)
                    ScaleLane(results + r * LineFloats + column, V.Load(sums + (Together + r) * Padded + column));
            }

            for (int r = 0; r < rows; r++)
            {
                int first = group.Position(row + r);
                Out(results + r * LineFloats, group, to.Row(first), to.Stride, false);
                float* line = SumsOf(logSums) + first, from = sums + r * Padded;
                for (int column = 0; column < group.Columns; column++) line[column * group.Step] = from[column];
            }
        }
    }

    /// <summary>With p = exp(s − logSum), g_ij = dy_i·v_j and ds_ij = scale p_ij (g_ij − Σ_j p_ij g_ij): dq_i = Σ_j
    /// ds_ij k_j, dk_j = Σ_i ds_ij q_i, dv_j = Σ_i p_ij dy_i.</summary>
    /// <param name="part">Rows of queries.</param>
    /// <param name="logSums">logSum.</param>
    /// <param name="dy">dy.</param>
    /// <param name="dq">Gradient of the queries.</param>
    /// <param name="dk">Gradient of the keys that no part before sees.</param>
    /// <param name="dv">Gradient of their values.</param>
    /// <param name="shared">Receives the other gradients, those of keys and behind them those of values, for
    /// <see cref="AddShared"/>.</param>
    /// <param name="floats">Floats of each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Backward(in WindowPart part, float* logSums, float* dy, in HeadGradient dq, in HeadGradient dk,
        in HeadGradient dv, float* shared, long floats)
    {
        using Scratch scratch = Scratch.Begin();
        float* weights = Weights(scratch), scores = Weights(scratch);
        float* queries = Lines(scratch, _a.HeadDim), given = Lines(scratch, _a.HeadDim),
            results = Lines(scratch, _a.HeadDim), sums = Lines(scratch, 1);
        WindowPlanes<V> keys = Planes(_a.K, scratch), values = Planes(_a.V, scratch),
            dkeys = Planes(dk.View, scratch), dvalues = Planes(dv.View, scratch);
        HeadRows<V> q = Rows(_a.Q), to = Rows(dq.View), from = Results(dy);
        WindowGroup group = part.Group;
        int count = group.RowKeys * group.ColumnKeys + _a.Prefix;
        Span<KeyRange> ranges = stackalloc KeyRange[2 * Many];
        keys.ReadPrefix();
        values.ReadPrefix();
        dkeys.ClearPrefix();
        dvalues.ClearPrefix();
        keys.Start(part);
        values.Start(part);
        dkeys.Start(part, shared);
        dvalues.Start(part, shared + floats);
        for (int row = part.Row; row < part.End; row += Together)
        {
            int rows = Math.Min(Together, part.End - row), last = row + rows - 1;
            keys.Read(row, last);
            values.Read(row, last);
            dkeys.MakeRoom(row, last, dk.Accumulate);
            dvalues.MakeRoom(row, last, dv.Accumulate);
            ReadOnlySpan<KeyRange> seen = KeyRange.Of(group, row, rows, _a.Prefix, ranges);
            for (int r = 0; r < rows; r++)
            {
                int first = group.Position(row + r);
                In(q.Row(_a.Prefix + first), q.Stride, group, queries + r * LineFloats);
                In(from.Row(first), from.Stride, group, given + r * LineFloats);
                float* line = SumsOf(logSums) + first;
                for (int column = 0; column < Padded; column++)
                    sums[r * Padded + column] = column < group.Columns ? line[column * group.Step] * Log2E : 0;
            }

            new Span<float>(results, checked((int)(rows * LineFloats))).Clear();
            for (int column = 0; column < group.Columns; column += V.Count)
            {
                Dots(seen, queries + column, keys.Pointers, column, weights);
                Dots(seen, given + column, values.Pointers, column, scores);
                for (int r = 0; r < rows; r++)
                    ScoreGradients(weights + r * WeightFloats, scores + r * WeightFloats, count,
                        V.Load(sums + r * Padded + column));
                Mix(seen, scores, keys.Pointers, column, results + column);
                AddProducts(seen, scores, queries + column, dkeys.Pointers, column);
                AddProducts(seen, weights, given + column, dvalues.Pointers, column);
            }

            for (int r = 0; r < rows; r++)
                Out(results + r * LineFloats, group, to.Row(_a.Prefix + group.Position(row + r)), to.Stride,
                    dq.Accumulate);
        }

        dkeys.End(dk.Accumulate);
        dvalues.End(dv.Accumulate);
        dkeys.WritePrefix();
        dvalues.WritePrefix();
    }

    /// <summary>Adds what several parts had for the same keys, or values, part by part.</summary>
    internal void AddShared(WindowPart[] parts, in HeadGradient to, float* shared, long floats)
    {
        HeadRows<V> rows = Rows(to.View);
        for (int token = 0; token < _a.Prefix; token++)
        {
            if (!to.Accumulate) new Span<float>(rows.Row(token), _a.HeadDim).Clear();
            for (int part = 0; part < parts.Length; part++)
                Add(shared + part * floats + token * _a.HeadDim, rows.Row(token));
        }

        foreach (WindowPart part in parts)
        {
            WindowGroup group = part.Group;
            float* from = shared + _a.Prefix * _a.HeadDim;
            for (int row = 0; row < part.Shared; row++)
                for (int column = 0; column < group.Columns; column++, from += _a.HeadDim)
                    Add(from, rows.Row(_a.Prefix + group.Position(part.FirstKey + row) + column * group.Step));
            shared += floats;
        }
    }

    /// <summary>Sets the gradients of queries before the grid to 0, unless others count.</summary>
    internal void ClearPrefix(in HeadGradient dq)
    {
        for (int token = 0; token < _a.Prefix && !dq.Accumulate; token++)
            new Span<float>(Rows(dq.View).Row(token), _a.HeadDim).Clear();
    }

    private void Add(float* from, float* to)
    {
        for (int e = 0; e < _a.HeadDim; e += V.Count)
        {
            int lanes = Math.Min(V.Count, _a.HeadDim - e);
            V.StorePartial(to + e, V.LoadPartial(to + e, lanes) + V.LoadPartial(from + e, lanes), lanes);
        }
    }

    private WindowPlanes<V> Planes(in HeadView view, in Scratch scratch) =>
        new(_sizes, Rows(view), scratch.Floats(_sizes.PlaneFloats), scratch.Floats(_sizes.LineFloats),
            (float**)scratch.Floats(2L * _sizes.MostPlanes));

    private float* Weights(in Scratch scratch) => scratch.Floats(Together * WeightFloats);

    /// <summary>Lines of some elements for the rows that go together.</summary>
    private float* Lines(in Scratch scratch, int width) => scratch.Floats((long)Together * width * Padded);

    private HeadRows<V> Rows(in HeadView view) => new(view, _a.Tokens, _a.HeadDim, _batch, _head);

    /// <summary>Rows of the grid's positions alone.</summary>
    private HeadRows<V> Results(float* of) =>
        new(of + (((nint)_batch * _a.Grid.Count * _a.Heads) + _head) * _a.HeadDim, (nint)_a.Heads * _a.HeadDim,
            _a.HeadDim);

    private float* SumsOf(float* logSums) => logSums + ((nint)_batch * _a.Heads + _head) * _a.Grid.Count;

    private void In(float* from, nint stride, in WindowGroup group, float* to) =>
        LaneTranspose<V>.In(from, group.Step * stride, group.Columns, Padded, _a.HeadDim, to, Padded);

    private void Out(float* from, in WindowGroup group, float* to, nint stride, bool accumulate) =>
        LaneTranspose<V>.Out(from, Padded, group.Columns, _a.HeadDim, to, group.Step * stride, accumulate);

    /// <summary>weight_key = x · plane_key for each row of queries and the keys that it sees.</summary>
    private void Dots(ReadOnlySpan<KeyRange> seen, float* x, float** planes, int column, float* weights)
    {
        nint tile = _sizes.At(column, 0);
        foreach (KeyRange range in seen)
        {
            float* from = x + range.Row * LineFloats;
            if (range.Rows == Many)
            {
                WindowKernels<V>.Dots3(from, LineFloats, planes + range.First, tile, range.Count, _a.HeadDim, Padded,
                    WeightsOf(weights, range, 0), WeightsOf(weights, range, 1), WeightsOf(weights, range, 2));
                continue;
            }

            for (int r = 0; r < range.Rows; r++)
                WindowKernels<V>.Dots(from + r * LineFloats, planes + range.First, tile, range.Count, _a.HeadDim,
                    Padded, WeightsOf(weights, range, r));
        }
    }

    /// <summary>y += Σ_key weight_key · plane_key for each row of queries.</summary>
    private void Mix(ReadOnlySpan<KeyRange> seen, float* weights, float** planes, int column, float* y)
    {
        nint tile = _sizes.At(column, 0);
        foreach (KeyRange range in seen)
        {
            float* to = y + range.Row * LineFloats;
            if (range.Rows == Many)
            {
                WindowKernels<V>.Mix3(WeightsOf(weights, range, 0), WeightsOf(weights, range, 1),
                    WeightsOf(weights, range, 2), planes + range.First, tile, range.Count, _a.HeadDim, Padded, to,
                    LineFloats);
                continue;
            }

            for (int r = 0; r < range.Rows; r++)
                WindowKernels<V>.Mix(WeightsOf(weights, range, r), planes + range.First, tile, range.Count,
                    _a.HeadDim, Padded, to + r * LineFloats);
        }
    }

    /// <summary>plane_key += Σ weight_key · x over the rows of queries that see the key.</summary>
    private void AddProducts(ReadOnlySpan<KeyRange> seen, float* weights, float* x, float** planes, int column)
    {
        nint tile = _sizes.At(column, 0);
        foreach (KeyRange range in seen)
        {
            float* from = x + range.Row * LineFloats;
            if (range.Rows == Many)
            {
                WindowKernels<V>.AddProducts3(WeightsOf(weights, range, 0), WeightsOf(weights, range, 1),
                    WeightsOf(weights, range, 2), from, LineFloats, planes + range.First, tile, range.Count,
                    _a.HeadDim, Padded);
                continue;
            }

            for (int r = 0; r < range.Rows; r++)
                WindowKernels<V>.AddProducts(WeightsOf(weights, range, r), from + r * LineFloats,
                    planes + range.First, tile, range.Count, _a.HeadDim, Padded);
        }
    }

    /// <summary>Weights of a range's keys for one of its rows of queries.</summary>
    private float* WeightsOf(float* weights, in KeyRange range, int row) =>
        weights + (range.Row + row) * WeightFloats + range.At(row) * V.Count;

    private void ScaleLane(float* x, V factor)
    {
        for (int e = 0; e < _a.HeadDim; e++, x += Padded) V.Store(x, V.Load(x) * factor);
    }

    /// <summary>Products in place to 2^(scale · product − largest); returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V Exponentials(float* weights, int count, V scale, out V largest)
    {
        V top = V.Load(weights) * scale, sum = V.Zero;
        for (int key = 1; key < count; key++) top = V.Max(top, V.Load(weights + key * V.Count) * scale);
        for (int key = 0; key < count; key++)
        {
            V weight = VectorMath<V>.Exp2(V.Load(weights + key * V.Count) * scale - top);
            V.Store(weights + key * V.Count, weight);
            sum += weight;
        }

        largest = top;
        return sum;
    }

    /// <summary>Products of queries and keys to p, products of gradients and values to ds, both in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ScoreGradients(float* weights, float* scores, int count, V logSum)
    {
        V scale = V.Broadcast(_a.Scale), toBits = V.Broadcast(_a.Scale * Log2E), mean = V.Zero;
        for (int at = 0; at < count * V.Count; at += V.Count)
        {
            V weight = VectorMath<V>.Exp2(V.Load(weights + at) * toBits - logSum);
            V.Store(weights + at, weight);
            mean = V.Fma(weight, V.Load(scores + at), mean);
        }

        for (int at = 0; at < count * V.Count; at += V.Count)
            V.Store(scores + at, scale * V.Load(weights + at) * (V.Load(scores + at) - mean));
    }
}
