using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// What a <see cref="TokenRelation"/> and biases by relative position do to rows of scores of one head, and the way
/// back: products become scores s_ij = scale · q_i·k_j + bias, hidden keys −∞. A row of the grid is handled at a time:
/// along it, buckets stand in order in a table.
/// </summary>
internal readonly unsafe struct RelativeScores<V>
    where V : struct, ISimd<V>
{

    private readonly TokenRelation? _relation;
    private readonly float _scale;
    private readonly float* _queryBias, _keyBias, _headBias;
    private readonly int _sequence, _buckets;

    /// <param name="arguments">Sizes, relation and biases.</param>
    /// <param name="sequence">Which head of which sequence.</param>
    internal RelativeScores(in AttentionArguments arguments, int sequence)
    {
        (_relation, _scale, _sequence) = (arguments.Relation, arguments.Scale, sequence);
        _buckets = _relation?.Buckets ?? 0;
        nint perHead = (nint)arguments.Keys * _buckets;
        _queryBias = At(arguments.QueryBias, sequence * perHead);
        _keyBias = At(arguments.KeyBias, sequence * perHead);
        _headBias = At(arguments.HeadBias, sequence % arguments.Heads * _buckets);
    }

    /// <summary>Whether there is a relation at all; without one, the other methods are not to be called.</summary>
    internal bool IsPresent => _relation is not null;

    private bool HasBias => _queryBias != null || _keyBias != null || _headBias != null;

    /// <summary>
    /// The keys that queries <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> − 1 may
    /// see among keys
    /// <paramref name="start"/> to <paramref name="end"/>: one or two runs, cut at whole panels counted from
    /// <paramref name="start"/>.
    /// </summary>
    /// <returns>The number of runs, each in keys from <paramref name="start"/>.</returns>
    internal int Runs(int first, int count, int start, int end, KeyRun* runs)
    {
        int prefix = _relation!.Prefix, columns = _relation.Columns;
        if (_relation.Radius is not { } radius || first < prefix)
        {
            runs[0] = new(0, end - start);
            return 1;
        }

        // Queries in one row of the grid see a piece of a row only if the grid has no other; else whole rows from the
        // first to the last.
        int query = first - prefix, last = query + count - 1;
        int from = _relation.Rows == 1 ? query - radius : (query / columns - radius) * columns;
        int to = _relation.Rows == 1 ? last + radius + 1 : (last / columns + radius + 1) * columns;
        int width = Panels<V>.Width, length = end - start, found = 0;
        int low = Math.Clamp(Math.Max(from, 0) + prefix - start, 0, length) / width * width;
        int high = Math.Clamp(to + prefix - start, 0, length), prefixEnd = Math.Clamp(prefix - start, 0, length);
        high = Math.Min(length, (high + width - 1) / width * width);
        prefixEnd = Math.Min(length, (prefixEnd + width - 1) / width * width);
        if (prefixEnd > 0 && (low > prefixEnd || high <= low)) runs[found++] = new(0, prefixEnd);
        else if (prefixEnd > 0) (low, high) = (0, Math.Max(high, prefixEnd));
        if (high > low) runs[found++] = new(low, high);
        return found;
    }

    /// <summary>Turns products q_i·k_j into scores, for keys from <paramref name="from"/> to <paramref name="to"/> −
    /// 1.</summary>
    internal void Apply(float* row, int i, int from, int to)
    {
        V scale = V.Broadcast(_scale);
        for (int j = 0; j < to - from; j += V.Count) V.Store(row + j, V.Load(row + j) * scale);
        if (HasBias) AddBias(row, i, from, to);
        Hide(row, i, from, to, float.NegativeInfinity);
    }

    /// <summary>Overwrites the scores of keys that query i does not see.</summary>
    internal void Hide(float* row, int i, int from, int to, float value)
    {
        int prefix = _relation!.Prefix, columns = _relation.Columns;
        if (_relation.Radius is not { } radius || i < prefix) return;
        (int queryRow, int queryColumn) = Math.DivRem(i - prefix, columns);
        int j = Math.Max(from, prefix);
        if (j >= to) return;
        (int keyRow, int column) = Math.DivRem(j - prefix, columns);
        for (; j < to; keyRow++, column = 0)
        {
            int length = Math.Min(columns - column, to - j);
            bool visible = Math.Abs(queryRow - keyRow) <= radius;
            int left = visible ? Math.Clamp(queryColumn - radius - column, 0, length) : length;
            int right = visible ? Math.Clamp(queryColumn + radius + 1 - column, left, length) : length;
            float* piece = row + j - from;
            Fill(piece, left, value);
            Fill(piece + right, length - right, value);
            j += length;
        }
    }

    /// <summary>Mostly a few elements: cheaper than a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(float* piece, int count, float value)
    {
        V values = V.Broadcast(value);
        for (; count > V.Count; count -= V.Count, piece += V.Count) V.Store(piece, values);
        if (count > 0) V.StorePartial(piece, values, count);
    }

    /// <summary>Adds gradients of the scores of query i to those of the biases, which lie as
    /// <see cref="AttentionGradients"/> says.</summary>
    internal void AddGradients(float* row, int i, int from, int to, in AttentionGradients gradients)
    {
        float* ofQuery = At(gradients.QueryBias, ((nint)_sequence * _relation!.Tokens + i) * _buckets);
        float* ofKeys = At(gradients.KeyBias, (nint)_sequence * _relation.Tokens * _buckets);
        float* ofHead = At(gradients.HeadBias, (nint)_sequence * _buckets);
        if (ofQuery == null && ofKeys == null && ofHead == null) return;
        using Scratch scratch = Scratch.Begin();
        float* sums = scratch.Floats(_buckets);
        new Span<float>(sums, _buckets).Clear();
        int prefix = _relation.Prefix;
        for (int j = from; j < Math.Min(to, prefix); j++) Add(sums, ofKeys, j, _relation.Bucket(i, j), row[j - from]);
        if (i < prefix)
        {
            for (int j = Math.Max(from, prefix); j < to; j++)
                Add(sums, ofKeys, j, _relation.GridBuckets + 1, row[j - from]);
        }
        else
        {
            for (int j = Math.Max(from, prefix); j < to;) j += AddGridRow(row + j - from, i, j, to, sums, ofKeys);
        }

        for (int r = 0; r < _buckets; r++)
        {
            if (ofQuery != null) ofQuery[r] += sums[r];
            if (ofHead != null) ofHead[r] += sums[r];
        }
    }

    /// <summary>The keys of one row of the grid from j on; neighbours in one bucket are summed before memory is
    /// touched.</summary>
    /// <returns>How many.</returns>
    private int AddGridRow(float* row, int i, int j, int to, float* sums, float* ofKeys)
    {
        ReadOnlySpan<int> table = GridRow(i, j, to, out int offset);
        float* keys = ofKeys == null ? null : ofKeys + (nint)j * _buckets + offset;
        float sum = 0;
        int current = table[0];
        for (int c = 0; c < table.Length; c++)
        {
            int bucket = table[c];
            if (bucket != current)
            {
                sums[offset + current] += sum;
                (sum, current) = (0, bucket);
            }

            sum += row[c];
            if (keys != null) keys[c * _buckets + bucket] += row[c];
        }

        sums[offset + current] += sum;
        return table.Length;
    }

    private void Add(float* sums, float* ofKeys, int j, int bucket, float value)
    {
        sums[bucket] += value;
        if (ofKeys != null) ofKeys[(nint)j * _buckets + bucket] += value;
    }

    private void AddBias(float* row, int i, int from, int to)
    {
        using Scratch scratch = Scratch.Begin();
        float* ofQuery = scratch.Floats(_buckets);
        for (int r = 0; r < _buckets; r++)
            ofQuery[r] = (_queryBias == null ? 0 : _queryBias[(nint)i * _buckets + r])
            + (_headBias == null ? 0 : _headBias[r]);
        int prefix = _relation!.Prefix;
        for (int j = from; j < Math.Min(to, prefix); j++) row[j - from] += Bias(ofQuery, j, _relation.Bucket(i, j));
        if (i < prefix)
        {
            for (int j = Math.Max(from, prefix); j < to; j++)
                row[j - from] += Bias(ofQuery, j, _relation.GridBuckets + 1);
            return;
        }

        for (int j = Math.Max(from, prefix); j < to;)
        {
            ReadOnlySpan<int> table = GridRow(i, j, to, out int offset);
            float* piece = row + j - from, query = ofQuery + offset;
            if (_keyBias == null)
            {
                for (int c = 0; c < table.Length; c++) piece[c] += query[table[c]];
            }
            else
            {
                float* key = _keyBias + (nint)j * _buckets + offset;
                for (int c = 0; c < table.Length; c++, key += _buckets) piece[c] += query[table[c]] + key[table[c]];
            }

            j += table.Length;
        }
    }

    private float Bias(float* ofQuery, int j, int bucket) =>
        ofQuery[bucket] + (_keyBias == null ? 0 : _keyBias[(nint)j * _buckets + bucket]);

    /// <summary>Column buckets of the keys from j to the end of its row of the grid (or <paramref name="to"/>), and the
    /// row's share of the bucket.</summary>
    private ReadOnlySpan<int> GridRow(int i, int j, int to, out int offset)
    {
        TokenRelation relation = _relation!;
        int prefix = relation.Prefix, columns = relation.Columns;
        (int queryRow, int queryColumn) = Math.DivRem(i - prefix, columns);
        (int keyRow, int keyColumn) = Math.DivRem(j - prefix, columns);
        offset = relation.RowBuckets[queryRow - keyRow + relation.Rows - 1] * relation.ColumnBucketCount;
        return relation.MirroredColumnBuckets.Slice(keyColumn - queryColumn + columns - 1,
            Math.Min(columns - keyColumn, to - j));
    }

    private static float* At(Storage? storage, nint offset) => storage is null ? null
        : ((CpuStorage)storage).Pointer + offset;
}

/// <summary>Keys from <paramref name="From"/> to <paramref name="To"/> − 1.</summary>
internal readonly record struct KeyRun(int From, int To);
