using Fovea.Export.Graphs;
using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <content>
/// The gated delta rule in chunks, as docs/attention.md derives them. All chunks of all walks are solved at once; what
/// is left for one after the other is the state: u = ũ − w S, o = γ q S + A u, S ← γ_C S + (γ_C/γ k)ᵀ u.
/// </content>
internal sealed partial class TracingBackend
{
    private const int StepsOfChunk = 32;

    /// <inheritdoc/>
    public override void DeltaRule(in DeltaRuleArguments arguments, Storage y)
    {
        DeltaRuleArguments a = arguments;
        int walks = GridScan.Count * a.Heads, steps = a.Scan.Steps, length = 1;
        while (length < Math.Min(steps, StepsOfChunk)) length *= 2;
        int chunks = (steps + length - 1) / length, padded = chunks * length;
        int[][] orders = [.. Enumerable.Range(0, GridScan.Count).Select(a.Scan.Order)];

        GraphValue keys = Rows(a.K, a.KeyDim), beta = Gates(a.Strength);
        // sums of log α inside a chunk, by a triangle of ones
        GraphValue sums = Trace.MatMul(Triangle(length, (r, i) => r >= i ? 1 : 0), Gates(a.Decay));
        GraphValue gaps = Of("Sub", [a.Batch, walks, chunks, length, length], sums,
            Trace.Transpose(sums, 0, 1, 2, 4, 3));
        GraphValue decays = Trace.Add("Exp", gaps.Sizes, Trace.Add("Add", gaps.Sizes, gaps,
            Triangle(length, (r, i) => r >= i ? 0 : float.NegativeInfinity)));
        GraphValue factors = Trace.Add("Exp", sums.Sizes, sums), last = Trace.Slice(sums, 3, length - 1, 1);
        GraphValue rest = Trace.Add("Exp", sums.Sizes, Of("Sub", sums.Sizes, last, sums));
        GraphValue end = Trace.Add("Exp", last.Sizes, last), columns = Trace.Transpose(keys, 0, 1, 2, 4, 3);

        GraphValue lower = Times(Times(Times(Trace.MatMul(keys, columns), decays), beta),
            Triangle(length, (r, i) => r > i ? 1 : 0));
        GraphValue inverse = Inverse(lower, length);
        GraphValue updates = Trace.MatMul(inverse, Times(Rows(a.V, a.ValueDim), beta)),
            stored = Trace.MatMul(inverse, Times(Times(keys, beta), factors));
        GraphValue queries = Rows(a.Q, a.KeyDim), reads = Times(Trace.MatMul(queries, columns), decays);
        GraphValue readers = Times(queries, factors), writers = Trace.Transpose(Times(keys, rest), 0, 1, 2, 4, 3);

        GraphValue[] results = new GraphValue[chunks];
        GraphValue? state = null;
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            GraphValue update = At(updates, chunk);
            if (state is not null)
                update = Of("Sub", update.Sizes, update, Trace.MatMul(At(stored, chunk), state));
            results[chunk] = Trace.MatMul(At(reads, chunk), update);
            GraphValue written = Trace.MatMul(At(writers, chunk), update);
            if (state is null)
            {
                state = written;
                continue;
            }

            results[chunk] = Of("Add", update.Sizes, results[chunk], Trace.MatMul(At(readers, chunk), state));
            state = Of("Add", written.Sizes, Times(state, At(end, chunk)), written);
        }

        GraphValue all = chunks == 1 ? results[0]
            : Trace.Add("Concat", [a.Batch, walks, padded, a.ValueDim], results, ("axis", 2L));
        long[] places = [.. from walk in Enumerable.Range(0, GridScan.Count)
                            from step in a.Scan.StepOf(walk, reading: true)
                            select (long)(walk * padded + step)];
        GraphValue byToken = Pick(Trace.Reshape(all, a.Batch, a.Heads, GridScan.Count * padded, a.ValueDim), places);
        GraphValue sum = Trace.Sum(Trace.Reshape(byToken, a.Batch, a.Heads, GridScan.Count, a.Tokens, a.ValueDim), 2);
        Trace.Set(new Target(y), Trace.Transpose(
            Trace.Reshape(sum, a.Batch, a.Heads, a.Tokens, a.ValueDim), 0, 2, 1, 3));

        GraphValue Rows(HeadView view, int width) => Chunked(
            Pick(ByHead(view, a.Batch, a.Tokens, a.Heads, width), Picks(whole: false)), width);

        // 0 where a step only reads, or there is none: it neither writes nor forgets
        GraphValue Gates(Storage gates)
        {
            GraphValue byHead = Trace.Reshape(Trace.Transpose(Of(gates, a.Batch, a.Tokens, GridScan.Count, a.Heads),
                0, 3, 2, 1), a.Batch, a.Heads, GridScan.Count * a.Tokens, 1);
            GraphValue mask = Trace.Shared([.. Enumerable.Range(0, GridScan.Count * padded)
                .Select(i => a.Scan.Writes(i % padded) ? 1f : 0)], GridScan.Count * padded, 1);
            return Chunked(Times(Pick(byHead, Picks(whole: true)), mask), 1);
        }

        long[] Picks(bool whole) => [.. from walk in Enumerable.Range(0, GridScan.Count)
                                        from step in Enumerable.Range(0, padded)
                                        select (whole ? walk * a.Tokens : 0L)
                                            + (step < steps ? orders[walk][step] : 0)];

        GraphValue Chunked(GraphValue value, int width) =>
            Trace.Reshape(value, a.Batch, walks, chunks, length, width);

        GraphValue At(GraphValue value, int chunk) => Trace.Reshape(Trace.Slice(value, 2, chunk, 1),
            a.Batch, walks, value.Sizes[3], value.Sizes[4]);
    }

    /// <summary>(I + L)⁻¹ of lower triangles, block by block: of pairs of blocks that are inverted, [D₁ 0; B D₂], it is
    /// D⁻¹ − D⁻¹ B D⁻¹.</summary>
    private GraphValue Inverse(GraphValue lower, int length)
    {
        GraphValue inverse = Triangle(length, (r, i) => r == i ? 1 : 0);
        for (int size = 1; size < length; size *= 2)
        {
            int half = size;
            GraphValue below = Times(lower, Triangle(length,
                (r, i) => r / (2 * half) == i / (2 * half) && r / half > i / half ? 1 : 0));
            GraphValue change = size == 1 ? below : Trace.MatMul(Trace.MatMul(inverse, below), inverse);
            inverse = Of("Sub", lower.Sizes, inverse, change);
        }

        return inverse;
    }

    private GraphValue Triangle(int length, Func<int, int, float> of) => Trace.Shared(
        [.. Enumerable.Range(0, length * length).Select(i => of(i / length, i % length))], length, length);

    /// <summary>Rows of <c>[batch, head, row, width]</c>.</summary>
    private GraphValue Pick(GraphValue value, long[] rows) => Trace.Add("Gather",
        [value.Sizes[0], value.Sizes[1], rows.Length, value.Sizes[3]], [value, Trace.Shared(rows, rows.Length)],
        ("axis", 2L));

    /// <summary>The first factor has the result's sizes, or the second's are smaller.</summary>
    private GraphValue Times(GraphValue a, GraphValue b) => Trace.Add("Mul", a.Sizes, a, b);

    private GraphValue Of(string kind, int[] sizes, GraphValue a, GraphValue b) => Trace.Add(kind, sizes, a, b);
}
