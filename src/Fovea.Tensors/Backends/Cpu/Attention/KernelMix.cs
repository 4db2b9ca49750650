using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Rows of one head, contiguous, each padded with zeros to whole vectors.</summary>
internal readonly unsafe record struct PaddedRows(nint First, int Stride, int Width)
{
    internal float* Row(int token) => (float*)First + (nint)token * Stride;
}

/// <summary>Weights of one head <c>[bucket, token]</c>, because sums of a bucket run along the tokens; no first
/// element: all are 1.</summary>
internal readonly unsafe record struct BucketWeights(nint First, int Tokens)
{
    internal bool AreGiven => First != 0;

    internal float At(int token, int bucket) => First == 0 ? 1 : *Of(token, bucket);

    internal float* Of(int token, int bucket) => (float*)First + (nint)bucket * Tokens + token;
}

/// <summary>
/// The one sum that kernel attention over a relation consists of, forwards and backwards:
/// result_i += Σ_r p_ir Σ over j in bucket r of i of s_jr (reader_i · source_j) value_j.
/// </summary>
/// <remarks>
/// Readers are the queries, or the keys if <see cref="Transposed"/>; the other ones are sources. Where a plan carries
/// sums along, the state Σ_j s_jr source_j value_jᵀ is stored as one column of vectors after another, <c>[Padded(width)
/// / lanes, source width, lanes]</c>, and behind it Σ_j s_jr source_j.
/// </remarks>
internal readonly unsafe struct KernelMix<V>
    where V : struct, ISimd<V>
{
    /// <summary>Which pairs there are, and how they are computed.</summary>
    internal required RelationPlan Plan { get; init; }

    /// <summary>Readers are keys and sources are queries.</summary>
    internal bool Transposed { get; init; }

    internal required PaddedRows Readers { get; init; }

    internal required PaddedRows Sources { get; init; }

    internal required PaddedRows Values { get; init; }

    /// <summary>p.</summary>
    internal BucketWeights ReaderWeights { get; init; }

    /// <summary>s.</summary>
    internal BucketWeights SourceWeights { get; init; }

    /// <summary>Added to; rows as long as those of the values, or longer.</summary>
    internal required PaddedRows Results { get; init; }

    /// <summary>Unless null, receives the same sum without the values, one number per reader.</summary>
    internal float* Totals { get; init; }

    /// <summary>Gradients of p: the inner sum times <see cref="Probes"/>, added; not given: not wanted.</summary>
    internal BucketWeights WeightGradients { get; init; }

    internal PaddedRows Probes { get; init; }

    private int StateSize => Sources.Width * Panels<V>.Padded(Values.Width) + Panels<V>.Padded(Sources.Width);

    /// <summary>Adds everything up, in an order that depends on the plan alone.</summary>
    internal void Run()
    {
        foreach (OffsetRange range in Plan.Ranges) Carry(Transposed ? range.Transposed : range);
        foreach (PairTile tile in Plan.Tiles)
        {
            if (Transposed) Visit(tile.Key, tile.Keys, tile.Query, tile.Queries);
            else Visit(tile.Query, tile.Queries, tile.Key, tile.Keys);
        }
    }

    private void Carry(OffsetRange range)
    {
        bool single = range.RowLow == range.RowHigh;
        using Scratch scratch = Scratch.Begin();
        float* states = scratch.Floats((single ? 1 : Plan.Columns + 1) * StateSize);
        if (single)
        {
            // One row of keys: its tokens are summed as they come.
            for (int row = Math.Max(0, range.RowLow); row < Math.Min(Plan.Rows, Plan.Rows + range.RowLow); row++)
            {
                LineSum line = new(this, range.Bucket, states, null, row, row - range.RowLow);
                AxisSums.Slide(Plan.Columns, range.ColumnLow, range.ColumnHigh, ref line);
            }

            return;
        }

        GridSum grid = new(this, range, states);
        AxisSums.Slide(Plan.Rows, range.RowLow, range.RowHigh, ref grid);
    }

    /// <summary>The sum along a row of the grid: of its tokens, or of the columns' sums.</summary>
    private readonly struct LineSum(in KernelMix<V> mix, int bucket, float* state, float* columns, int readerRow,
        int sourceRow) : IAxisSum
    {
        private readonly KernelMix<V> _mix = mix;

        public void Clear() => new Span<float>(state, _mix.StateSize).Clear();

        public void Add(int position)
        {
            if (columns == null) _mix.AddToken(state, Token(sourceRow, position), bucket);
            else AddState(state, columns + (nint)position * _mix.StateSize, _mix.StateSize);
        }

        public void Read(int position) => _mix.Read(state, Token(readerRow, position), bucket);

        private int Token(int row, int column) => _mix.Plan.Prefix + row * _mix.Plan.Columns + column;
    }

    /// <summary>The sums down the rows, one for each column; a row of readers slides a window along them.</summary>
    private readonly struct GridSum(in KernelMix<V> mix, OffsetRange range, float* states) : IAxisSum
    {
        private readonly KernelMix<V> _mix = mix;

        private float* Columns => states + _mix.StateSize;

        public void Clear() => new Span<float>(Columns, _mix.Plan.Columns * _mix.StateSize).Clear();

        public void Add(int position)
        {
            int first = _mix.Plan.Prefix + position * _mix.Plan.Columns;
            for (int column = 0; column < _mix.Plan.Columns; column++)
                _mix.AddToken(Columns + (nint)column * _mix.StateSize, first + column, range.Bucket);
        }

        public void Read(int position)
        {
            LineSum line = new(_mix, range.Bucket, states, Columns, position, 0);
            AxisSums.Slide(_mix.Plan.Columns, range.ColumnLow, range.ColumnHigh, ref line);
        }
    }

    /// <summary>state += s · source [value, 1]ᵀ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToken(float* state, int token, int bucket)
    {
        float* source = Sources.Row(token), value = Values.Row(token);
        int inner = Sources.Width, padded = Panels<V>.Padded(Values.Width);
        V weight = V.Broadcast(SourceWeights.At(token, bucket));
        for (int column = 0; column < padded; column += V.Count)
        {
            V factor = V.Load(value + column) * weight;
            int e = 0;
            for (; e + 4 <= inner; e += 4, state += 4 * V.Count)
            {
                V.Store(state, V.Fma(V.Broadcast(source[e]), factor, V.Load(state)));
                V.Store(state + V.Count, V.Fma(V.Broadcast(source[e + 1]), factor, V.Load(state + V.Count)));
                V.Store(state + 2 * V.Count, V.Fma(V.Broadcast(source[e + 2]), factor, V.Load(state + 2 * V.Count)));
                V.Store(state + 3 * V.Count, V.Fma(V.Broadcast(source[e + 3]), factor, V.Load(state + 3 * V.Count)));
            }

            for (; e < inner; e++, state += V.Count)
                V.Store(state, V.Fma(V.Broadcast(source[e]), factor, V.Load(state)));
        }

        if (Totals == null) return;
        for (int e = 0; e < inner; e += V.Count)
            V.Store(state + e, V.Fma(V.Load(source + e), weight, V.Load(state + e)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddState(float* state, float* other, int size)
    {
        int i = 0;
        for (; i + 4 * V.Count <= size; i += 4 * V.Count)
        {
            V.Store(state + i, V.Load(state + i) + V.Load(other + i));
            V.Store(state + i + V.Count, V.Load(state + i + V.Count) + V.Load(other + i + V.Count));
            V.Store(state + i + 2 * V.Count, V.Load(state + i + 2 * V.Count) + V.Load(other + i + 2 * V.Count));
            V.Store(state + i + 3 * V.Count, V.Load(state + i + 3 * V.Count) + V.Load(other + i + 3 * V.Count));
        }

        for (; i < size; i += V.Count) V.Store(state + i, V.Load(state + i) + V.Load(other + i));
    }

    /// <summary>result += p · readerᵀ state; four sums at a time, because additions wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Read(float* state, int token, int bucket)
    {
        float* reader = Readers.Row(token), result = Results.Row(token), probe = Probes.Row(token);
        int inner = Sources.Width, padded = Panels<V>.Padded(Values.Width);
        float weight = ReaderWeights.At(token, bucket);
        V factor = V.Broadcast(weight), dot = V.Zero;
        bool probing = WeightGradients.AreGiven;
        for (int column = 0; column < padded; column += V.Count)
        {
            V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero;
            int e = 0;
            for (; e + 4 <= inner; e += 4, state += 4 * V.Count)
            {
                s0 = V.Fma(V.Broadcast(reader[e]), V.Load(state), s0);
                s1 = V.Fma(V.Broadcast(reader[e + 1]), V.Load(state + V.Count), s1);
                s2 = V.Fma(V.Broadcast(reader[e + 2]), V.Load(state + 2 * V.Count), s2);
                s3 = V.Fma(V.Broadcast(reader[e + 3]), V.Load(state + 3 * V.Count), s3);
            }

            for (; e < inner; e++, state += V.Count) s0 = V.Fma(V.Broadcast(reader[e]), V.Load(state), s0);
            V sum = (s0 + s1) + (s2 + s3);
            V.Store(result + column, V.Fma(sum, factor, V.Load(result + column)));
            if (probing) dot = V.Fma(sum, V.Load(probe + column), dot);
        }

        if (probing) *WeightGradients.Of(token, bucket) += V.Sum(dot);
        if (Totals == null) return;
        V total = V.Zero;
        for (int e = 0; e < inner; e += V.Count) total = V.Fma(V.Load(reader + e), V.Load(state + e), total);
        Totals[token] += weight * V.Sum(total);
    }

    /// <summary>A block of readers against a block of sources: products of all pairs, their weights (0 where a pair
    /// does not count), the values.</summary>
    private void Visit(int reader, int readers, int source, int sources)
    {
        int padded = Panels<V>.Padded(sources), paddedWidth = Panels<V>.Padded(Values.Width);
        using Scratch scratch = Scratch.Begin();
        float* scores = scratch.Floats(readers * padded);
        float* panels = scratch.Floats(Math.Max(Math.Max(Sources.Width, Values.Width) * padded, sources * paddedWidth));
        Products(Readers, reader, readers, Sources, source, sources, panels, scores);
        if (WeightGradients.AreGiven)
        {
            float* products = scratch.Floats(readers * padded);
            Products(Probes, reader, readers, Values, source, sources, panels, products);
            GradientsOfWeights(reader, readers, source, sources, scores, products);
        }

        if (Plan.Weighted) ApplyWeights(reader, readers, source, sources, scores);
        else ApplyMask(reader, readers, source, sources, scores);
        if (Totals != null)
            for (int i = 0; i < readers; i++) Totals[reader + i] += Sum(scores + i * padded, padded);
        Panels<V>.PackAll(Values.Row(source), Values.Stride, sources, Values.Width, panels);
        nint results = (nint)Results.Row(reader);
        Block<V>.Multiply(scores, padded, 1, readers, panels, Values.Width, sources,
            new(results, Results.Stride, results, Results.Stride, Padded: true));
    }

    /// <summary>to = left rightᵀ, in rows of whole vectors.</summary>
    private static void Products(PaddedRows left, int first, int count, PaddedRows right, int firstRight,
        int countRight, float* panels, float* to)
    {
        Panels<V>.PackAllTransposed(right.Row(firstRight), right.Stride, right.Width, countRight, panels);
        BlockTarget target = new((nint)to, Panels<V>.Padded(countRight), Padded: true);
        Block<V>.Multiply(left.Row(first), left.Stride, 1, count, panels, countRight, right.Width, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyMask(int reader, int readers, int source, int sources, float* scores)
    {
        int padded = Panels<V>.Padded(sources);
        float* buffer = stackalloc float[sources];
        for (int i = 0; i < readers; i++, scores += padded)
        {
            fixed (float* mask = Plan.Mask(Transposed, reader + i, source, new Span<float>(buffer, sources)))
            {
                int j = 0;
                for (; j + V.Count <= sources; j += V.Count) V.Store(scores + j, V.Load(scores + j) * V.Load(mask + j));
                for (; j < sources; j++) scores[j] *= mask[j];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyWeights(int reader, int readers, int source, int sources, float* scores)
    {
        int padded = Panels<V>.Padded(sources);
        int* buffer = stackalloc int[sources];
        for (int i = 0; i < readers; i++, scores += padded)
        {
            fixed (int* buckets = Plan.Buckets(Transposed, reader + i, source, new Span<int>(buffer, sources)))
            {
                if (ReaderWeights.AreGiven) Multiply(scores, ReaderWeights, reader + i, 0, buckets, sources);
                if (SourceWeights.AreGiven) Multiply(scores, SourceWeights, source, 1, buckets, sources);
            }
        }
    }

    /// <summary>scores_j *= the weight of token first + j · step in bucket_j, 0 where there is no bucket.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(float* scores, BucketWeights weights, int first, int step, int* buckets, int count)
    {
        float* weight = weights.Of(first, 0);
        for (int j = 0; j < count; j++, weight += step)
        {
            int bucket = buckets[j];
            scores[j] *= bucket < 0 ? 0 : weight[(nint)bucket * weights.Tokens];
        }
    }

    /// <summary>dp_ir += Σ over j in bucket r of s_jr (reader_i · source_j) (probe_i · value_j).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GradientsOfWeights(int reader, int readers, int source, int sources, float* scores, float* products)
    {
        int padded = Panels<V>.Padded(sources);
        int* buffer = stackalloc int[sources];
        for (int i = 0; i < readers; i++, scores += padded, products += padded)
        {
            float* gradients = WeightGradients.Of(reader + i, 0), theirs = SourceWeights.Of(source, 0);
            fixed (int* buckets = Plan.Buckets(Transposed, reader + i, source, new Span<int>(buffer, sources)))
            {
                for (int j = 0; j < sources; j++)
                {
                    int bucket = buckets[j];
                    if (bucket < 0) continue;
                    float weight = SourceWeights.AreGiven ? theirs[(nint)bucket * SourceWeights.Tokens + j] : 1;
                    gradients[(nint)bucket * WeightGradients.Tokens] += weight * scores[j] * products[j];
                }
            }
        }
    }

    private static float Sum(float* values, int count)
    {
        V sum = V.Zero;
        for (int i = 0; i < count; i += V.Count) sum += V.Load(values + i);
        return V.Sum(sum);
    }
}
