using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// The gated delta rule along one walk of one head, in chunks of C steps, whose pairs are products of matrices.
/// </summary>
/// <remarks><code>
/// G_r: sums of log α inside the chunk      γ_r = exp G_r      Γ_ri = exp(G_r − G_i) for r ≥ i, so never above 1
/// u_r = β_r e_r      e_r = v_r − γ_r S₀ᵀk_r − Σ_{i&lt;r} Γ_ri (k_r·k_i) u_i          by forward substitution
/// o_r = γ_r S₀ᵀq_r + Σ_{i≤r} Γ_ri (q_r·k_i) u_i      S₁ = γ_C S₀ + Σ_i (γ_C/γ_i) k_i u_iᵀ
/// </code>
/// Backwards, from do and dS = dS₁, with A = Γ ∘ qkᵀ (r ≥ i), M = Γ ∘ kkᵀ (r > i):
/// <code>
/// dU = Aᵀ do + (γ_C/γ) k dS      w_i = dU_i − Σ_{r>i} M_ri z_r, z_r = β_r w_r     by backward substitution
/// dv = z      dβ_r = w_r·e_r      D = Γ ∘ do uᵀ (r ≥ i)      N = −Γ ∘ z uᵀ (r > i)
/// dq = γ do S₀ᵀ + D k      dk = [N k − γ z S₀ᵀ] + [Dᵀq + Nᵀk + (γ_C/γ) u dSᵀ] = reading + writing
/// dG_r = q_r·dq_r + k_r·reading_r − k_r·writing_r, at the chunk's end + ⟨dS₁, S₁⟩      d log α_t = Σ_{r≥t} dG_r
/// dS₀ = γ_C dS₁ + (γq)ᵀ do − (γk)ᵀ z
/// </code>
/// </remarks>
internal readonly unsafe struct DeltaRuleWalk<V>
    where V : struct, ISimd<V>
{
    private const int Solved = 16;   // rows that are substituted one by one

    private readonly DeltaRuleArguments _a;
    private readonly int _batch, _head, _walk;
    private readonly int[] _order;

    /// <param name="arguments">Inputs and sizes.</param>
    /// <param name="index">Which head of which sequence.</param>
    /// <param name="walk">Which walk.</param>
    /// <param name="order">The token of each step.</param>
    internal DeltaRuleWalk(in DeltaRuleArguments arguments, int index, int walk, int[] order)
    {
        _a = arguments;
        (_batch, _head) = Math.DivRem(index, arguments.Heads);
        (_walk, _order) = (walk, order);
    }

    /// <summary>Steps of a chunk: pairs cost as much as the state.</summary>
    private int Length => Math.Min(_order.Length, _a.KeyDim <= 32 ? 32 : 64);

    private int Chunks => (_order.Length + Length - 1) / Length;

    private int KeyStride => Panels<V>.Padded(_a.KeyDim);

    private int ValueStride => Panels<V>.Padded(_a.ValueDim);

    private int PairStride => Panels<V>.Padded(Length);

    private int StateSize => _a.KeyDim * ValueStride;

    /// <summary>Results of the steps that read, <c>[token, valueDim]</c>.</summary>
    internal void Forward(float* to)
    {
        using Scratch scratch = Scratch.Begin();
        Chunk chunk = new(this, scratch);
        float* state = scratch.Floats(StateSize), results = scratch.Floats((long)Length * ValueStride);
        new Span<float>(state, StateSize).Clear();
        for (int index = 0; index < Chunks; index++)
        {
            Load(chunk, index);
            Solve(chunk, state);
            Read(chunk, state, results);
            Write(chunk, state);
            for (int r = 0; r < chunk.Count; r++)
                if (_a.Scan.Reads(chunk.First + r))
                    Copy(results + r * ValueStride, to + (nint)_order[chunk.First + r] * _a.ValueDim, _a.ValueDim);
        }
    }

    /// <summary>Gradients, <c>[token, (dq, dk, dv)]</c>; those of the gates go where they belong.</summary>
    internal void Backward(float* dy, float* to, Target? decay, Target? strength)
    {
        using Scratch scratch = Scratch.Begin();
        Chunk chunk = new(this, scratch);
        Gradients gradients = new(this, scratch);
        float* states = scratch.Floats((long)(Chunks + 1) * StateSize);
        new Span<float>(states, StateSize).Clear();
        for (int index = 0; index < Chunks; index++)
        {
            float* state = states + (nint)index * StateSize;
            Load(chunk, index);
            Solve(chunk, state);
            Copy(state, state + StateSize, StateSize);
            Write(chunk, state + StateSize);
        }

        new Span<float>(gradients.State, StateSize).Clear();
        for (int index = Chunks - 1; index >= 0; index--)
        {
            float* state = states + (nint)index * StateSize;
            Load(chunk, index);
            Solve(chunk, state);
            LoadResults(chunk, dy, gradients.Given);
            Differentiate(chunk, gradients, state);
            Store(chunk, gradients, to, decay, strength);
        }
    }

    /// <summary>Rows of the chunk and the products of its pairs.</summary>
    private void Load(Chunk chunk, int index)
    {
        chunk.First = index * Length;
        chunk.Count = Math.Min(Length, _order.Length - chunk.First);
        HeadRows<V> q = new(_a.Q, _a.Tokens, _a.KeyDim, _batch, _head), k = new(_a.K, _a.Tokens, _a.KeyDim, _batch,
            _head), v = new(_a.V, _a.Tokens, _a.ValueDim, _batch, _head);
        float* decay = ((CpuStorage)_a.Decay).Pointer, strength = ((CpuStorage)_a.Strength).Pointer;
        double sum = 0;
        for (int r = 0; r < chunk.Count; r++)
        {
            int token = _order[chunk.First + r];
            q.Load(token, 1, FeatureMap.Identity, chunk.Queries + r * KeyStride, KeyStride);
            k.Load(token, 1, FeatureMap.Identity, chunk.Keys + r * KeyStride, KeyStride);
            v.Load(token, 1, FeatureMap.Identity, chunk.Errors + r * ValueStride, ValueStride);
            bool writes = _a.Scan.Writes(chunk.First + r);
            nint gate = Gate(token);
            chunk.Strengths[r] = writes ? strength[gate] : 0;
            chunk.Sums[r] = (float)(sum += writes ? decay[gate] : 0);
            chunk.Factors[r] = MathF.Exp(chunk.Sums[r]);
        }

        for (int r = 0; r < chunk.Count; r++)
            chunk.Rests[r] = MathF.Exp(chunk.Sums[chunk.Count - 1] - chunk.Sums[r]);
        Panels<V>.PackAllTransposed(chunk.Keys, KeyStride, _a.KeyDim, chunk.Count, chunk.Panels);
        Pairs(chunk, chunk.Queries, KeyStride, _a.KeyDim, chunk.Reads, inclusive: true, 1);
        Pairs(chunk, chunk.Keys, KeyStride, _a.KeyDim, chunk.Overlaps, inclusive: false, -1);
    }

    private nint Gate(int token) =>
        (((nint)_batch * _a.Tokens + token) * GridScan.Count + _walk) * _a.Heads + _head;

    /// <summary>to_ri = sign · Γ_ri (row_r · packed_i) for r ≥ i or r > i, 0 elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pairs(Chunk chunk, float* rows, int stride, int width, float* to, bool inclusive, float sign)
    {
        (int count, int pairs) = (chunk.Count, PairStride);
        Product(rows, stride, 1, count, chunk.Panels, count, width, to, pairs, add: false);
        for (int r = 0; r < count; r++)
        {
            float* row = to + r * pairs;
            int end = inclusive ? r + 1 : r;
            V sum = V.Broadcast(chunk.Sums[r]), factor = V.Broadcast(sign);
            // what lies above the diagonal is cut off before the exponential, which could overflow there
            for (int i = 0; i < end; i += V.Count)
                V.Store(row + i, V.Load(row + i) * factor
                    * VectorMath<V>.Exp(V.Min(sum - V.Load(chunk.Sums + i), V.Zero)));
            new Span<float>(row + end, pairs - end).Clear();
        }
    }

    /// <summary>Errors and updates: blocks of rows, each first freed of all before it by products, then row by
    /// row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Solve(Chunk chunk, float* state)
    {
        (int count, int stride, int pairs) = (chunk.Count, ValueStride, PairStride);
        Panels<V>.PackAll(state, stride, _a.KeyDim, _a.ValueDim, chunk.Panels);
        Product(chunk.Keys, KeyStride, 1, count, chunk.Panels, _a.ValueDim, _a.KeyDim, chunk.Updates, stride, false);
        for (int r = 0; r < count; r++)
            AddScaled(-chunk.Factors[r], chunk.Updates + r * stride, chunk.Errors + r * stride, stride);
        for (int first = 0; first < count; first += Solved)
        {
            int rows = Math.Min(Solved, count - first);
            float* overlaps = chunk.Overlaps + first * pairs, errors = chunk.Errors + first * stride;
            if (first > 0)
                Product(overlaps, pairs, 1, rows, chunk.Panels, _a.ValueDim, first, errors, stride, add: true, count);
            for (int r = 0; r < rows; r++)
            {
                float* error = errors + r * stride, update = chunk.Updates + (first + r) * stride;
                for (int i = 0; i < r; i++)
                    AddScaled(overlaps[r * pairs + first + i], chunk.Updates + (first + i) * stride, error, stride);
                Scale(chunk.Strengths[first + r], error, update, stride);
            }

            PackRows(chunk.Updates, first, rows, count, chunk.Panels);
        }
    }

    /// <summary>Rows of the values' width become steps of panels that have room for <paramref name="count"/>.</summary>
    private void PackRows(float* rows, int first, int steps, int count, float* panels)
    {
        for (int column = 0; column < _a.ValueDim; column += Panels<V>.Width)
            Panels<V>.Pack(rows + (nint)first * ValueStride, ValueStride, steps, column, _a.ValueDim,
                panels + (nint)column * count + first * Panels<V>.WidthAt(column, _a.ValueDim));
    }

    /// <summary>Results of all steps; the panels hold the updates before and behind.</summary>
    private void Read(Chunk chunk, float* state, float* results)
    {
        (int count, int stride) = (chunk.Count, ValueStride);
        Panels<V>.PackAll(state, stride, _a.KeyDim, _a.ValueDim, chunk.More);
        Product(chunk.Queries, KeyStride, 1, count, chunk.More, _a.ValueDim, _a.KeyDim, results, stride, false);
        for (int r = 0; r < count; r++) Scale(chunk.Factors[r], results + r * stride, results + r * stride, stride);
        for (int first = 0; first < count; first += Solved)
        {
            int rows = Math.Min(Solved, count - first);
            Product(chunk.Reads + first * PairStride, PairStride, 1, rows, chunk.Panels, _a.ValueDim, first + rows,
                results + first * stride, stride, add: true, count);
        }
    }

    /// <summary>The state behind the chunk; the panels hold the updates.</summary>
    private void Write(Chunk chunk, float* state)
    {
        Scale(chunk.Factors[chunk.Count - 1], state, state, StateSize);
        for (int r = 0; r < chunk.Count; r++)
            Scale(chunk.Rests[r], chunk.Keys + r * KeyStride, chunk.Scaled + r * KeyStride, KeyStride);
        Product(chunk.Scaled, 1, KeyStride, _a.KeyDim, chunk.Panels, _a.ValueDim, chunk.Count, state, ValueStride,
            add: true);
    }

    private void LoadResults(Chunk chunk, float* dy, float* to)
    {
        HeadRows<V> rows = new(dy + (((nint)_batch * _a.Tokens * _a.Heads) + _head) * _a.ValueDim,
            (nint)_a.Heads * _a.ValueDim, _a.ValueDim);
        for (int r = 0; r < chunk.Count; r++)
            if (_a.Scan.Reads(chunk.First + r))
                rows.Load(_order[chunk.First + r], 1, FeatureMap.Identity, to + r * ValueStride, ValueStride);
            else new Span<float>(to + r * ValueStride, ValueStride).Clear();
    }

    private void Differentiate(Chunk chunk, Gradients to, float* state)
    {
        (int count, int width, int stride) = (chunk.Count, _a.ValueDim, ValueStride);
        double end = Sum(to.State, state + StateSize, StateSize);

        // dU, then w and z by backward substitution
        Panels<V>.PackAll(to.State, stride, _a.KeyDim, width, chunk.Panels);
        Product(chunk.Keys, KeyStride, 1, count, chunk.Panels, width, _a.KeyDim, to.Solved, stride, false);
        for (int r = 0; r < count; r++) Scale(chunk.Rests[r], to.Solved + r * stride, to.Solved + r * stride, stride);
        Panels<V>.PackAll(to.Given, stride, count, width, chunk.More);
        Product(chunk.Reads, 1, PairStride, count, chunk.More, width, count, to.Solved, stride, add: true);
        SolveBackwards(chunk, to);

        // D and N
        Panels<V>.PackAllTransposed(chunk.Updates, stride, width, count, chunk.Panels);
        Pairs(chunk, to.Given, stride, width, to.Reads, inclusive: true, 1);
        Pairs(chunk, to.Values, stride, width, to.Overlaps, inclusive: false, -1);
        KeyGradients(chunk, to, state);
        DecayGradients(chunk, to, end);

        // dS of the state before the chunk
        Scale(chunk.Factors[count - 1], to.State, to.State, StateSize);
        AddToState(chunk, to, chunk.Queries, to.Given, 1);
        AddToState(chunk, to, chunk.Keys, to.Values, -1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SolveBackwards(Chunk chunk, Gradients to)
    {
        (int count, int stride, int pairs) = (chunk.Count, ValueStride, PairStride);
        for (int first = (count - 1) / Solved * Solved; first >= 0; first -= Solved)
        {
            int rows = Math.Min(Solved, count - first), end = first + rows;
            if (end < count)
                Product(chunk.Overlaps + end * pairs + first, 1, pairs, rows, chunk.Panels, _a.ValueDim, count - end,
                    to.Solved + first * stride, stride, add: true, count, end);
            for (int i = rows - 1; i >= 0; i--)
            {
                float* solved = to.Solved + (first + i) * stride;
                for (int r = i + 1; r < rows; r++)
                    AddScaled(chunk.Overlaps[(first + r) * pairs + first + i], to.Values + (first + r) * stride,
                        solved, stride);
                Scale(chunk.Strengths[first + i], solved, to.Values + (first + i) * stride, stride);
                to.Strengths[first + i] = (float)Sum(solved, chunk.Errors + (first + i) * stride, stride);
            }

            PackRows(to.Values, first, rows, count, chunk.Panels);
        }
    }

    private void KeyGradients(Chunk chunk, Gradients to, float* state)
    {
        (int count, int width, int keys, int stride, int pairs) =
            (chunk.Count, _a.KeyDim, KeyStride, ValueStride, PairStride);

        // through the state before the chunk
        Panels<V>.PackAllTransposed(state, stride, _a.ValueDim, width, chunk.Panels);
        Product(to.Given, stride, 1, count, chunk.Panels, width, _a.ValueDim, to.Queries, keys, false);
        Product(to.Values, stride, 1, count, chunk.Panels, width, _a.ValueDim, to.Reading, keys, false);
        for (int r = 0; r < count; r++)
        {
            Scale(chunk.Factors[r], to.Queries + r * keys, to.Queries + r * keys, keys);
            Scale(-chunk.Factors[r], to.Reading + r * keys, to.Reading + r * keys, keys);
        }

        // through the state behind it
        Panels<V>.PackAllTransposed(to.State, stride, _a.ValueDim, width, chunk.Panels);
        Product(chunk.Updates, stride, 1, count, chunk.Panels, width, _a.ValueDim, to.Writing, keys, false);
        for (int r = 0; r < count; r++) Scale(chunk.Rests[r], to.Writing + r * keys, to.Writing + r * keys, keys);

        // through its pairs
        Panels<V>.PackAll(chunk.Keys, keys, count, width, chunk.Panels);
        Product(to.Reads, pairs, 1, count, chunk.Panels, width, count, to.Queries, keys, add: true);
        Product(to.Overlaps, pairs, 1, count, chunk.Panels, width, count, to.Reading, keys, add: true);
        Product(to.Overlaps, 1, pairs, count, chunk.Panels, width, count, to.Writing, keys, add: true);
        Panels<V>.PackAll(chunk.Queries, keys, count, width, chunk.Panels);
        Product(to.Reads, 1, pairs, count, chunk.Panels, width, count, to.Writing, keys, add: true);
    }

    /// <summary>Every sum reads at its decay and writes against it; an α counts for all sums from its step
    /// on.</summary>
    private void DecayGradients(Chunk chunk, Gradients to, double end)
    {
        double sum = end;
        for (int r = chunk.Count - 1; r >= 0; r--)
        {
            float* key = chunk.Keys + r * KeyStride;
            sum += Sum(chunk.Queries + r * KeyStride, to.Queries + r * KeyStride, KeyStride)
                + Sum(key, to.Reading + r * KeyStride, KeyStride) - Sum(key, to.Writing + r * KeyStride, KeyStride);
            to.Decays[r] = (float)sum;
        }
    }

    private void AddToState(Chunk chunk, Gradients to, float* rows, float* values, float sign)
    {
        for (int r = 0; r < chunk.Count; r++)
            Scale(sign * chunk.Factors[r], rows + r * KeyStride, chunk.Scaled + r * KeyStride, KeyStride);
        Panels<V>.PackAll(values, ValueStride, chunk.Count, _a.ValueDim, chunk.Panels);
        Product(chunk.Scaled, 1, KeyStride, _a.KeyDim, chunk.Panels, _a.ValueDim, chunk.Count, to.State, ValueStride,
            add: true);
    }

    private void Store(Chunk chunk, Gradients from, float* to, Target? decay, Target? strength)
    {
        int width = 2 * _a.KeyDim + _a.ValueDim;
        for (int r = 0; r < chunk.Count; r++)
        {
            int token = _order[chunk.First + r];
            float* own = to + (nint)token * width;
            if (_a.Scan.Reads(chunk.First + r)) Copy(from.Queries + r * KeyStride, own, _a.KeyDim);
            if (!_a.Scan.Writes(chunk.First + r)) continue;
            AddScaled(1, from.Writing + r * KeyStride, from.Reading + r * KeyStride, KeyStride);
            Copy(from.Reading + r * KeyStride, own + _a.KeyDim, _a.KeyDim);
            Copy(from.Values + r * ValueStride, own + 2 * _a.KeyDim, _a.ValueDim);
            Put(decay, Gate(token), from.Decays[r]);
            Put(strength, Gate(token), from.Strengths[r]);
        }
    }

    private static void Put(Target? target, nint at, float value)
    {
        if (target is not { } to) return;
        float* all = ((CpuStorage)to.Storage).Pointer;
        all[at] = to.Accumulate ? all[at] + value : value;
    }

    /// <summary>to (+)= a · panels, rows of whole vectors.</summary>
    private static void Product(float* a, nint aRow, nint aStep, int rows, float* panels, int columns, int inner,
        float* to, int stride, bool add, int packed = 0, int skipped = 0) =>
        Block<V>.Multiply(a, aRow, aStep, rows, panels, columns, inner,
            new((nint)to, stride, add ? (nint)to : 0, stride, Padded: true), packed, skipped);

    private static void Copy(float* from, float* to, int count) =>
        new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaled(float factor, float* from, float* to, int count)
    {
        V by = V.Broadcast(factor);
        for (int i = 0; i < count; i += V.Count) V.Store(to + i, V.Fma(by, V.Load(from + i), V.Load(to + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float factor, float* from, float* to, int count)
    {
        V by = V.Broadcast(factor);
        for (int i = 0; i < count; i += V.Count) V.Store(to + i, V.Load(from + i) * by);
    }

    private static double Sum(float* a, float* b, int count)
    {
        V sum = V.Zero;
        for (int i = 0; i < count; i += V.Count) sum = V.Fma(V.Load(a + i), V.Load(b + i), sum);
        return V.Sum(sum);
    }

    /// <summary>Rows and products of a chunk; <see cref="Panels"/> hold what the next product needs.</summary>
    private sealed class Chunk
    {
        internal Chunk(in DeltaRuleWalk<V> walk, in Scratch scratch)
        {
            long length = walk.Length, keys = length * walk.KeyStride, values = length * walk.ValueStride,
                pairs = length * walk.PairStride, most = Math.Max(Math.Max(keys, values),
                    (long)walk.KeyStride * walk.ValueStride);
            Queries = scratch.Floats(keys);
            Keys = scratch.Floats(keys);
            Scaled = scratch.Floats(keys);
            Errors = scratch.Floats(values);
            Updates = scratch.Floats(values);
            Reads = scratch.Floats(pairs);
            Overlaps = scratch.Floats(pairs);
            Panels = scratch.Floats(Math.Max(most, pairs + (long)walk.PairStride
                * Math.Max(walk.KeyStride, walk.ValueStride)));
            More = scratch.Floats(most);
            Strengths = scratch.Floats(length);
            Sums = scratch.Floats(length);
            Factors = scratch.Floats(length);
            Rests = scratch.Floats(length);
        }

        internal int First { get; set; }

        internal int Count { get; set; }

        internal float* Queries { get; }

        internal float* Keys { get; }

        internal float* Scaled { get; }

        /// <summary>Values at first, e once solved.</summary>
        internal float* Errors { get; }

        /// <summary>u.</summary>
        internal float* Updates { get; }

        /// <summary>A.</summary>
        internal float* Reads { get; }

        /// <summary>−M.</summary>
        internal float* Overlaps { get; }

        internal float* Panels { get; }

        internal float* More { get; }

        /// <summary>β.</summary>
        internal float* Strengths { get; }

        /// <summary>G.</summary>
        internal float* Sums { get; }

        /// <summary>γ.</summary>
        internal float* Factors { get; }

        /// <summary>γ_C / γ.</summary>
        internal float* Rests { get; }
    }

    private sealed class Gradients
    {
        internal Gradients(in DeltaRuleWalk<V> walk, in Scratch scratch)
        {
            long length = walk.Length, keys = length * walk.KeyStride, values = length * walk.ValueStride,
                pairs = length * walk.PairStride;
            State = scratch.Floats(walk.StateSize);
            Given = scratch.Floats(values);
            Solved = scratch.Floats(values);
            Values = scratch.Floats(values);
            Queries = scratch.Floats(keys);
            Reading = scratch.Floats(keys);
            Writing = scratch.Floats(keys);
            Reads = scratch.Floats(pairs);
            Overlaps = scratch.Floats(pairs);
            Decays = scratch.Floats(length);
            Strengths = scratch.Floats(length);
        }

        /// <summary>dS.</summary>
        internal float* State { get; }

        /// <summary>do.</summary>
        internal float* Given { get; }

        /// <summary>dU, then w.</summary>
        internal float* Solved { get; }

        /// <summary>z = dv.</summary>
        internal float* Values { get; }

        internal float* Queries { get; }

        internal float* Reading { get; }

        internal float* Writing { get; }

        /// <summary>D.</summary>
        internal float* Reads { get; }

        /// <summary>N.</summary>
        internal float* Overlaps { get; }

        internal float* Decays { get; }

        internal float* Strengths { get; }
    }
}
