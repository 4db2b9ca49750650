namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Packed projections with queries and keys normed head by head (Dehghani et al. 2023, arXiv:2302.05442, section
    /// 2.2) and then rotated (Su et al. 2021, arXiv:2104.09864), the values as they are. A pair of a rotation is an
    /// element and that headDim / 2 behind it: (a, b) → (a cos θ − b sin θ, b cos θ + a sin θ).
    /// </summary>
    /// <remarks>One pass over the projections, forward and backward, and the memory of its result; where angles want a
    /// gradient, or the device has no such pass, the same is composed of other operators.</remarks>
    /// <param name="qkv">Packed projections <c>[batch, token, 3 · head · headDim]</c>, ordered (q, k, v).</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="queries">Norm of the queries; null: none.</param>
    /// <param name="keys">Norm of the keys; null: none.</param>
    /// <param name="angles">Cosines and sines, each <c>[1, token, head, headDim / 2]</c>, or with one head that stands
    /// for all; null: nothing is rotated.</param>
    /// <returns>The shape of <paramref name="qkv"/>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    public static Tensor PrepareHeads(Tensor qkv, int heads, HeadNorm? queries, HeadNorm? keys,
        (Tensor Cosines, Tensor Sines)? angles)
    {
        RequirePacked(qkv, heads);
        int tokens = qkv.Shape[1], rows = qkv.Shape[0] * tokens, headDim = qkv.Shape[2] / (3 * heads),
            angleHeads = 1;
        RequireNorm(queries, "queries");
        RequireNorm(keys, "keys");
        if (angles is { } turn)
        {
            if (headDim % 2 != 0)
                throw new ShapeException($"PrepareHeads: rotations need an even headDim, got {headDim}.");
            angleHeads = turn.Cosines.Shape.Rank > 2 && turn.Cosines.Shape[2] == heads ? heads : 1;
            RequireShape(turn.Cosines, [1, tokens, angleHeads, headDim / 2], "cosines", nameof(PrepareHeads));
            RequireShape(turn.Sines, [1, tokens, angleHeads, headDim / 2], "sines", nameof(PrepareHeads));
        }

        Backend backend = qkv.Device.Backend;
        if (!backend.PreparesHeads || angles is { Cosines.RequiresGradient: true } or { Sines.RequiresGradient: true })
            return Prepared(qkv, heads, queries, keys, angles);

        Tensor?[] inputs = [qkv, queries?.Gamma, queries?.Beta, keys?.Gamma, keys?.Beta];
        Tensor y = Result(qkv.Shape, [.. inputs, angles?.Cosines, angles?.Sines]);
        Tensor[] ofQueries = Statistics(queries), ofKeys = Statistics(keys);

        // The statistics' buffers are looked up again in the backward pass, because they belong to the tape by then.
        HeadPreparation Arguments() => new(rows, tokens, heads, headDim, qkv.Storage, NormOf(queries, ofQueries),
            NormOf(keys, ofKeys), angles?.Cosines.Storage, angles?.Sines.Storage, angleHeads);

        backend.PrepareHeads(Arguments(), y.Storage);
        return Record(y, inputs, output =>
        {
            Storage dy = GradientOf(output);
            LinearInputGradients first = InputGradients(qkv, queries?.Gamma, queries?.Beta),
                second = new(null, TargetOf(keys?.Gamma), TargetOf(keys?.Beta));
            backend.PrepareHeadsBackward(Arguments(), dy, first, second);
        }, [.. ofQueries, .. ofKeys]);

        void RequireNorm(HeadNorm? norm, string name)
        {
            RequireShape(norm?.Gamma, [headDim], $"scale of {name}", nameof(PrepareHeads));
            RequireShape(norm?.Beta, [headDim], $"shift of {name}", nameof(PrepareHeads));
        }

        Tensor[] Statistics(HeadNorm? norm) =>
            [.. Enumerable.Range(0, norm is null ? 0 : norm.Value.Beta is null ? 1 : 2)
                .Select(_ => Tensor.Empty([rows, heads], qkv.Device, origin: nameof(PrepareHeads)))];

        static HeadNormArguments? NormOf(HeadNorm? norm, Tensor[] statistics) => norm is not { } of ? null
            : new(of.Gamma.Storage, of.Beta?.Storage, statistics.Length > 1 ? statistics[1].Storage : null,
                statistics[0].Storage, of.Epsilon);
    }

    private static Tensor Prepared(Tensor qkv, int heads, HeadNorm? queries, HeadNorm? keys,
        (Tensor Cosines, Tensor Sines)? angles)
    {
        (int batch, int tokens, int width) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2] / 3);
        return Concat(2, Part(0, queries), Part(1, keys), Slice(qkv, 2, 2 * width, width));

        Tensor Part(int index, HeadNorm? norm)
        {
            Tensor vectors = Slice(qkv, 2, index * width, width).Reshape(batch, tokens, heads, width / heads);
            if (norm is { } of)
                vectors = of.Beta is null ? RmsNorm(vectors, of.Gamma, of.Epsilon)
                    : LayerNorm(vectors, of.Gamma, of.Beta, of.Epsilon);
            if (angles is { } turn) vectors = Rotated(vectors, turn.Cosines, turn.Sines);
            return vectors.Reshape(batch, tokens, width);
        }
    }

    private static Tensor Rotated(Tensor vectors, Tensor cosines, Tensor sines)
    {
        int half = vectors.Shape[3] / 2;
        Tensor first = Slice(vectors, 3, 0, half), second = Slice(vectors, 3, half, half);
        return Concat(3,
            Subtract(Multiply(first, cosines), Multiply(second, sines)),
            Add(Multiply(second, cosines), Multiply(first, sines)));
    }
}
