using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Neighbourhood attention of one head of one sequence. The lanes of a register are queries side by side in a row, so
/// that each works on its own window and no pair is computed in vain; <see cref="WindowPlanes{V}"/> has keys and values
/// in that order. With dilation the grid falls apart into groups of positions that see each other, each a grid of its
/// own.
/// </summary>
internal readonly unsafe struct NeighborhoodHead<V>
    where V : struct, ISimd<V>
{
    private const float Log2E = 1.44269504f, Ln2 = 0.693147181f;

    private readonly NeighborhoodArguments _a;
    private readonly int _batch, _head;
    private readonly WindowSizes _sizes;

    /// <param name="arguments">Inputs and sizes.</param>
    /// <param name="index">Which head of which sequence.</param>
    internal NeighborhoodHead(in NeighborhoodArguments arguments, int index)
    {
        _a = arguments;
        (_batch, _head) = Math.DivRem(index, arguments.Heads);
        _sizes = new(arguments, V.Count);
    }

    private int Padded => _sizes.Padded;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Forward(in WindowPart part, float* y, float* logSums)
    {
        using Scratch scratch = Scratch.Begin();
        float* work = scratch.Floats(LaneTranspose<V>.Work), weights = Weights(scratch), sums = Line(scratch, 1);
        float* queries = Line(scratch, _a.HeadDim), results = Line(scratch, _a.HeadDim);
        WindowPlanes<V> keys = Planes(_a.K, scratch), values = Planes(_a.V, scratch);
        HeadRows<V> q = Rows(_a.Q), to = Results(y);
        V scale = V.Broadcast(_a.Scale * Log2E);
        WindowGroup group = part.Group;
        keys.ReadPrefix();
        values.ReadPrefix();
        keys.Start(part);
        values.Start(part);
        for (int row = part.Row; row < part.End; row++)
        {
            int count = keys.Read(row, work), first = group.Position(row);
            _ = values.Read(row, work);
            In(q.Row(_a.Prefix + first), q.Stride, group, queries, work);
            for (int column = 0; column < group.Columns; column += V.Count)
            {
                Dots(queries + column, keys.Pointers, column, count, weights);
                V sum = Exponentials(weights, count, scale, out V largest);
                V.Store(sums + column, V.Fma(largest, V.Broadcast(Ln2), VectorMath<V>.Log(sum)));
                Mix(weights, values.Pointers, column, count, results + column, V.Broadcast(1) / sum);
            }

            Out(results, group, to.Row(first), to.Stride, false, work);
            float* line = SumsOf(logSums) + first;
            for (int column = 0; column < group.Columns; column++) line[column * group.Step] = sums[column];
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
        float* work = scratch.Floats(LaneTranspose<V>.Work), weights = Weights(scratch), scores = Weights(scratch);
        float* queries = Line(scratch, _a.HeadDim), given = Line(scratch, _a.HeadDim),
            results = Line(scratch, _a.HeadDim), sums = Line(scratch, 1);
        WindowPlanes<V> keys = Planes(_a.K, scratch), values = Planes(_a.V, scratch),
            dkeys = Planes(dk.View, scratch), dvalues = Planes(dv.View, scratch);
        HeadRows<V> q = Rows(_a.Q), to = Rows(dq.View), from = Results(dy);
        WindowGroup group = part.Group;
        keys.ReadPrefix();
        values.ReadPrefix();
        dkeys.ClearPrefix();
        dvalues.ClearPrefix();
        keys.Start(part);
        values.Start(part);
        dkeys.Start(part, shared);
        dvalues.Start(part, shared + floats);
        for (int row = part.Row; row < part.End; row++)
        {
            int count = keys.Read(row, work), first = group.Position(row);
            _ = values.Read(row, work);
            dkeys.MakeRoom(row, dk.Accumulate, work);
            dvalues.MakeRoom(row, dv.Accumulate, work);
            In(q.Row(_a.Prefix + first), q.Stride, group, queries, work);
            In(from.Row(first), from.Stride, group, given, work);
            float* line = SumsOf(logSums) + first;
            for (int column = 0; column < Padded; column++)
                sums[column] = column < group.Columns ? line[column * group.Step] * Log2E : 0;
            for (int column = 0; column < group.Columns; column += V.Count)
            {
                Dots(queries + column, keys.Pointers, column, count, weights);
                Dots(given + column, values.Pointers, column, count, scores);
                ScoreGradients(weights, scores, count, V.Load(sums + column));
                Mix(scores, keys.Pointers, column, count, results + column, V.Broadcast(1));
                AddProducts(scores, queries + column, dkeys.Pointers, column, count);
                AddProducts(weights, given + column, dvalues.Pointers, column, count);
            }

            Out(results, group, to.Row(_a.Prefix + first), to.Stride, dq.Accumulate, work);
        }

        dkeys.End(dk.Accumulate, work);
        dvalues.End(dv.Accumulate, work);
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
            (float**)scratch.Floats(2L * _sizes.MostKeys));

    private float* Weights(in Scratch scratch) => scratch.Floats((long)_sizes.MostKeys * V.Count);

    private float* Line(in Scratch scratch, int width) => scratch.Floats((long)width * Padded);

    private HeadRows<V> Rows(in HeadView view) => new(view, _a.Tokens, _a.HeadDim, _batch, _head);

    /// <summary>Rows of the grid's positions alone.</summary>
    private HeadRows<V> Results(float* of) =>
        new(of + (((nint)_batch * _a.Grid.Count * _a.Heads) + _head) * _a.HeadDim, (nint)_a.Heads * _a.HeadDim,
            _a.HeadDim);

    private float* SumsOf(float* logSums) => logSums + ((nint)_batch * _a.Heads + _head) * _a.Grid.Count;

    private void In(float* from, nint stride, in WindowGroup group, float* to, float* work) =>
        LaneTranspose<V>.In(from, group.Step * stride, group.Columns, Padded, _a.HeadDim, to, Padded, work);

    private void Out(float* from, in WindowGroup group, float* to, nint stride, bool accumulate, float* work) =>
        LaneTranspose<V>.Out(from, Padded, group.Columns, _a.HeadDim, to, group.Step * stride, accumulate, work);

    /// <summary>to[key] = Σ_e x_e · plane_key,e for the queries of one register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Dots(float* x, float** planes, int column, int count, float* to)
    {
        int width = _a.HeadDim, key = 0;
        nint stride = Padded;
        for (; key + 4 <= count; key += 4)
        {
            float* a = planes[key] + column, b = planes[key + 1] + column, c = planes[key + 2] + column,
                d = planes[key + 3] + column, from = x;
            V sumA = V.Zero, sumB = V.Zero, sumC = V.Zero, sumD = V.Zero;
            for (int e = 0; e < width; e++)
            {
                V value = V.Load(from);
                sumA = V.Fma(value, V.Load(a), sumA);
                sumB = V.Fma(value, V.Load(b), sumB);
                sumC = V.Fma(value, V.Load(c), sumC);
                sumD = V.Fma(value, V.Load(d), sumD);
                from += stride;
                a += stride;
                b += stride;
                c += stride;
                d += stride;
            }

            V.Store(to + key * V.Count, sumA);
            V.Store(to + (key + 1) * V.Count, sumB);
            V.Store(to + (key + 2) * V.Count, sumC);
            V.Store(to + (key + 3) * V.Count, sumD);
        }

        for (; key < count; key++)
        {
            float* plane = planes[key] + column;
            V sum = V.Zero;
            for (int e = 0; e < width; e++) sum = V.Fma(V.Load(x + e * stride), V.Load(plane + e * stride), sum);
            V.Store(to + key * V.Count, sum);
        }
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

    /// <summary>to_e = factor · Σ_key weight_key · plane_key,e.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Mix(float* weights, float** planes, int column, int count, float* to, V factor)
    {
        int width = _a.HeadDim, e = 0;
        nint stride = Padded;
        for (; e + 4 <= width; e += 4)
        {
            nint offset = column + e * stride;
            V sumA = V.Zero, sumB = V.Zero, sumC = V.Zero, sumD = V.Zero;
            for (int key = 0; key < count; key++)
            {
                V weight = V.Load(weights + key * V.Count);
                float* plane = planes[key] + offset;
                sumA = V.Fma(weight, V.Load(plane), sumA);
                sumB = V.Fma(weight, V.Load(plane + stride), sumB);
                sumC = V.Fma(weight, V.Load(plane + 2 * stride), sumC);
                sumD = V.Fma(weight, V.Load(plane + 3 * stride), sumD);
            }

            V.Store(to + e * stride, sumA * factor);
            V.Store(to + (e + 1) * stride, sumB * factor);
            V.Store(to + (e + 2) * stride, sumC * factor);
            V.Store(to + (e + 3) * stride, sumD * factor);
        }

        for (; e < width; e++)
        {
            V sum = V.Zero;
            for (int key = 0; key < count; key++)
                sum = V.Fma(V.Load(weights + key * V.Count), V.Load(planes[key] + column + e * stride), sum);
            V.Store(to + e * stride, sum * factor);
        }
    }

    /// <summary>plane_key,e += weight_key · x_e.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddProducts(float* weights, float* x, float** planes, int column, int count)
    {
        int width = _a.HeadDim;
        nint stride = Padded;
        for (int key = 0; key < count; key++)
        {
            V weight = V.Load(weights + key * V.Count);
            float* plane = planes[key] + column, from = x;
            for (int e = 0; e < width; e++)
            {
                V.Store(plane, V.Fma(weight, V.Load(from), V.Load(plane)));
                plane += stride;
                from += stride;
            }
        }
    }
}
