using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

/// <summary>Attention with windows, biases by relative position, other keys than queries; and doubly stochastic
/// attention.</summary>
public sealed class RelativeAttentionTests
{
    /// <summary>Prefix, rows, columns, radius (-1: open), with buckets or without.</summary>
    public static TheoryData<int, int, int, int, bool> Relations => new()
    {
        { 0, 1, 1, -1, true },
        { 1, 1, 1, 0, true },
        { 0, 1, 7, 2, false },
        { 1, 1, 6, 1, true },
        { 1, 3, 2, -1, true },
        { 1, 3, 3, 1, true },
        { 2, 2, 4, 0, false },
    };

    [Theory]
    [MemberData(nameof(Relations))]
    public void Gradient_of_softmax_attention(int prefix, int rows, int columns, int radius, bool buckets)
    {
        TokenRelation relation = Relation(prefix, rows, columns, radius, buckets);
        GradientCheck.Run(
            x => Ops.Attention(x[0], 2, relation: relation, bias: new(x[1], x[2], x[3])), Inputs(relation, 2, 2, 3));
    }

    [Theory]
    [MemberData(nameof(Relations))]
    public void Gradient_of_doubly_stochastic_attention(int prefix, int rows, int columns, int radius, bool buckets)
    {
        TokenRelation relation = Relation(prefix, rows, columns, radius, buckets);
        GradientCheck.Run(
            x => Ops.SinkhornAttention(x[0], 2, 5, relation: relation, bias: new(x[1], x[2], x[3])),
            Inputs(relation, 1, 2, 3));
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(1, 5, 1, 3, 1)]
    [InlineData(2, 4, 3, 2, 3)]
    [InlineData(1, 7, 1, 4, 7)]
    [InlineData(1, 5, 2, 3, 2)]
    [InlineData(2, 4, 1, 2, 4)]
    public void Gradient_through_all_iterations(int batch, int tokens, int heads, int headDim, int iterations) =>
        GradientCheck.Run(x => Ops.SinkhornAttention(x[0], heads, iterations, 1.7f),
            Normal([batch, tokens, 3 * heads * headDim]));

    /// <summary>As the reference code does: rows, columns, rows, ..., in the log domain.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void WhatIsNormalisedLastSumsToOne(int iterations)
    {
        const int Tokens = 5, HeadDim = 3;
        Philox random = Philox.For(1, "sinkhorn");
        float[] qkv = [.. Enumerable.Range(0, Tokens * 3 * HeadDim).Select(i => (float)random.Normal((ulong)i))];
        double[,] p = new double[Tokens, Tokens];
        for (int i = 0; i < Tokens; i++)
            for (int j = 0; j < Tokens; j++)
                p[i, j] = Math.Exp(Enumerable.Range(0, HeadDim).Sum(d =>
                    qkv[i * 9 + d] * qkv[j * 9 + HeadDim + d] / Math.Sqrt(HeadDim)));
        for (int t = 0; t < iterations; t++)
            for (int a = 0; a < Tokens; a++)
            {
                double sum = Enumerable.Range(0, Tokens).Sum(b => t % 2 == 0 ? p[a, b] : p[b, a]);
                for (int b = 0; b < Tokens; b++)
                    if (t % 2 == 0) p[a, b] /= sum;
                    else p[b, a] /= sum;
            }

        Tensor packed = Tensor.From(qkv, [1, Tokens, 3 * HeadDim], Device.Cpu);
        float[] probabilities = Ops.SinkhornProbabilities(packed, 1, iterations).ToArray();
        float[] mixed = Ops.SinkhornAttention(packed, 1, iterations).ToArray();
        for (int i = 0; i < Tokens; i++)
            for (int j = 0; j < Tokens; j++) Assert.Equal(p[i, j], probabilities[i * Tokens + j], 1e-5);
        for (int i = 0; i < Tokens; i++)
            for (int d = 0; d < HeadDim; d++)
                Assert.Equal(Enumerable.Range(0, Tokens).Sum(j => p[i, j] * qkv[j * 9 + 2 * HeadDim + d]),
                    mixed[i * HeadDim + d], 1e-4);
    }

    [Theory]
    [InlineData(1, 1, 3, 1, 2)]
    [InlineData(2, 5, 2, 2, 3)]
    [InlineData(1, 2, 7, 3, 1)]
    public void Gradient_with_other_keys_than_queries(int batch, int queries, int keys, int heads, int headDim) =>
        GradientCheck.Run(
            x => Ops.Attention(new HeadTensor(x[0], heads), new(x[1], heads, 2, 0), new(x[1], heads, 2, 1)),
            Normal([batch, queries, heads * headDim]), Normal([batch, keys, 2 * heads * headDim]));

    [Fact]
    public void Gradient_of_a_part_leaves_the_rest_of_its_tensor_without_one() =>
        GradientCheck.Run(x => Ops.Attention(new HeadTensor(x[0], 2, 3, 2), new(x[1], 2), new(x[1], 2)),
            Normal([1, 3, 12]), Normal([1, 4, 4]));

    [Theory]
    [MemberData(nameof(Relations))]
    public void Fused_attention_mixes_by_the_unfused_probabilities(int prefix, int rows, int columns, int radius,
        bool buckets)
    {
        TokenRelation relation = Relation(prefix, rows, columns, radius, buckets);
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            using StepScope scope = StepScope.Begin();
            Tensor[] x = [.. Inputs(relation, 2, 2, 3).Select((sample, i) => sample.Create(device, i))];
            RelativeBias bias = new(x[1], x[2], x[3]);
            Tensor values = Ops.Slice(x[0], 2, 12, 6).Reshape(2, relation.Tokens, 2, 3);
            values = Ops.Permute(values, 0, 2, 1, 3);
            Check(Ops.AttentionProbabilities(x[0], 2, null, relation, bias),
                Ops.Attention(x[0], 2, null, relation, bias));
            Check(Ops.SinkhornProbabilities(x[0], 2, 5, null, relation, bias),
                Ops.SinkhornAttention(x[0], 2, 5, null, relation, bias));

            void Check(Tensor probabilities, Tensor fused) => GoldenAssert.Close(
                Ops.Permute(Ops.MatMul(probabilities, values), 0, 2, 1, 3).ToArray(), fused.ToArray(), 1e-5, 1e-4);
        }
    }

    [Fact]
    public void One_iteration_is_softmax_attention()
    {
        Tensor qkv = Normal([2, 33, 3 * 2 * 8]).Create(Device.Cpu, 0);
        GoldenAssert.Close(Ops.Attention(qkv, 2).ToArray(), Ops.SinkhornAttention(qkv, 2, 1).ToArray(), 1e-6, 1e-6);
    }

    [Fact]
    public void Rows_and_columns_sum_to_one_after_enough_iterations()
    {
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            using StepScope scope = StepScope.Begin();
            const int Tokens = 65;
            // Values that are one-hot per key let the fused kernel itself show its matrix.
            Sample qkv = new([1, Tokens, 3 * Tokens], (random, i) =>
                (i / Tokens % 3) == 2 ? (i % Tokens == i / (3 * Tokens) ? 1 : 0) : random.Normal(i));
            float[] plan = Ops.SinkhornAttention(qkv.Create(device, 0), 1, 61).ToArray();
            for (int i = 0; i < Tokens; i++)
            {
                Assert.Equal(1, plan.Skip(i * Tokens).Take(Tokens).Sum(), 1e-3);
                Assert.Equal(1, Enumerable.Range(0, Tokens).Sum(row => plan[row * Tokens + i]), 1e-3);
            }
        }
    }

    [Theory]
    [InlineData(1e3f)]
    [InlineData(1e4f)]
    public void Large_scores_stay_finite(float scale)
    {
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            using StepScope scope = StepScope.Begin();
            Tensor qkv = Normal([1, 37, 3 * 16], scale: scale).Create(device, 0);
            using Tape tape = Tape.Record();
            Tensor y = Ops.SinkhornAttention(qkv, 2, 21);
            tape.Backward(y, Normal(y.Shape).Create(device, 1));
            Assert.All(y.ToArray(), value => Assert.True(float.IsFinite(value)));
            Assert.All(qkv.Gradient!.ToArray(), value => Assert.True(float.IsFinite(value)));
        }
    }

    [Fact]
    public void An_even_number_of_iterations_is_refused_with_a_relation() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Ops.SinkhornAttention(Normal([1, 2, 6]).Create(Device.Cpu, 0), 1, 4,
                relation: Relation(0, 1, 2, -1, buckets: false)));

    [Fact]
    public void A_relation_of_other_tokens_is_refused()
    {
        Tensor qkv = Normal([1, 5, 6]).Create(Device.Cpu, 0);
        ShapeException error = Assert.Throws<ShapeException>(() => Ops.Attention(qkv, 1, relation: new(1, 1, 3)));
        Assert.Equal("Attention: the relation is one of 4 tokens, got 5 queries and 5 keys.", error.Message);
    }

    internal static TokenRelation Relation(int prefix, int rows, int columns, int radius, bool buckets) => new(
        prefix, rows, columns, radius < 0 ? null : radius,
        buckets ? [.. Enumerable.Range(0, 2 * rows - 1).Select(i => i / 2)] : null,
        buckets ? [.. Enumerable.Range(0, 2 * columns - 1)
            .Select(i => Math.Abs(i - columns + 1) + (i < columns ? 0 : 1))] : null);

    internal static Sample[] Inputs(TokenRelation relation, int batch, int heads, int headDim) =>
    [
        Normal([batch, relation.Tokens, 3 * heads * headDim]),
        Normal([batch, heads, relation.Tokens, relation.Buckets]),
        Normal([batch, heads, relation.Tokens, relation.Buckets]),
        Normal([heads, relation.Buckets]),
    ];
}
