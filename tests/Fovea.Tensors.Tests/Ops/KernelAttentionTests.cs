using Fovea.Tensors.Tests.Backends;
using Fovea.Tensors.Tests.Support;
using FsCheck;
using FsCheck.Fluent;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class KernelAttentionTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 5, 1, 3)]
    [InlineData(2, 1, 3, 2)]
    [InlineData(2, 3, 2, 4)]
    [InlineData(1, 7, 3, 1)]
    public void Gradient_from_packed_projections(int batch, int tokens, int heads, int headDim) =>
        GradientCheck.Run(x => Packed(x[0], heads), Normal([batch, tokens, 3 * heads * headDim]));

    [Theory]
    [InlineData(FeatureMap.Identity)]
    [InlineData(FeatureMap.EluPlusOne)]
    public void Gradient_with_other_counts_of_keys_and_other_widths_of_values(FeatureMap map) =>
        GradientCheck.Run(
            x => Ops.KernelAttention(new(x[0], 2), new(x[1], 2), new(x[2], 2), map, epsilon: 0.1f),
            Uniform([2, 5, 2 * 3], 0.1f, 1), Uniform([2, 3, 2 * 3], 0.1f, 1), Normal([2, 3, 2 * 4]));

    [Fact]
    public void Gradient_where_only_the_values_are_packed_with_something_else() =>
        GradientCheck.Run(
            x => Ops.KernelAttention(new(x[0], 2), new(x[1], 2), new(x[2], 2, 3, 2), FeatureMap.Identity),
            Uniform([1, 4, 2 * 3], 0.1f, 1), Uniform([1, 4, 2 * 3], 0.1f, 1), Normal([1, 4, 3 * 2 * 2]));

    public static TheoryData<string, bool> Relations()
    {
        TheoryData<string, bool> data = [];
        foreach ((_, string name) in BackendCases.Relations(wide: false))
            foreach (bool weighted in (bool[])[false, true]) data.Add(name, weighted);
        return data;
    }

    [Theory]
    [MemberData(nameof(Relations))]
    public void Gradient_over_a_relation(string name, bool weighted)
    {
        TokenRelation relation = BackendCases.Relations(wide: false).Single(entry => entry.Name == name).Relation;
        const int Batch = 2, Heads = 2, Features = 2, HeadDim = 3;
        Sample q = Normal([Batch, relation.Tokens, Heads * Features]),
            v = Normal([Batch, relation.Tokens, Heads * HeadDim]);
        Sample weights = Uniform([Batch, Heads, relation.Tokens, relation.Buckets], 0.5f, 2);
        Tensor Attend(Tensor[] x) => Ops.KernelAttention(
            new(x[0], Heads), new(x[1], Heads), new(x[2], Heads), FeatureMap.EluPlusOne, relation,
            weighted ? x[3] : null, weighted ? x[4] : null);

        if (weighted) GradientCheck.Run(Attend, q, q, v, weights, weights);
        else GradientCheck.Run(Attend, q, q, v);
    }

    [Fact]
    public void Gradient_where_only_one_side_is_weighted()
    {
        TokenRelation relation = new(1, 2, 3, 1, columnBuckets: [0, 0, 1, 1, 1]);
        Sample q = Normal([1, 7, 2]), weights = Uniform([1, 1, 7, relation.Buckets], 0.5f, 2);
        Tensor Attend(Tensor[] x, Tensor? alpha, Tensor? beta) =>
            Ops.KernelAttention(new(x[0], 1), new(x[1], 1), new(x[2], 1), FeatureMap.EluPlusOne, relation, alpha, beta);

        GradientCheck.Run(x => Attend(x, x[3], null), q, q, q, weights);
        GradientCheck.Run(x => Attend(x, null, x[3]), q, q, q, weights);
    }

    /// <summary>
    /// Softmax features of ordinary vectors span five orders of magnitude, so a sum from which large terms are
    /// subtracted again would be wrong here.
    /// </summary>
    [Theory]
    [InlineData(1, 4096, 20)]
    [InlineData(1, 4096, 100)]
    [InlineData(64, 64, 4)]
    [InlineData(64, 64, 9)]
    public void A_window_over_a_long_sequence_gives_what_explicit_masking_gives(int rows, int columns, int radius)
    {
        const int Features = 24, HeadDim = 12;
        TokenRelation relation = new(1, rows, columns, radius);
        float[][] results = [.. ((Device[])[Device.Reference, Device.Cpu]).Select(device =>
        {
            using StepScope scope = StepScope.Begin();
            Tensor x = Normal([1, relation.Tokens, 3 * HeadDim]).Create(device, 0),
                projection = Normal([Features, HeadDim]).Create(device, 1);
            Tensor q = Ops.RandomFeatures(new(x, 1, 3), projection, FeatureKernel.Softmax, keys: false);
            Tensor k = Ops.RandomFeatures(new(x, 1, 3, 1), projection, FeatureKernel.Softmax, keys: true);
            return Ops.KernelAttention(new(q, 1), new(k, 1), new(x, 1, 3, 2), FeatureMap.Identity, relation).ToArray();
        })];
        GoldenAssert.Close(results[0], results[1], 1e-5, 1e-5);
    }

    [Fact]
    public void Any_relation_gives_on_the_cpu_what_its_definition_gives()
    {
        Gen<TokenRelation> relations =
            from prefix in Gen.Choose(0, 2)
            from rows in Gen.Frequency((1, Gen.Constant(1)), (2, Gen.Choose(2, 8)))
            from columns in Gen.Choose(1, rows == 1 ? 60 : 8)
            from radius in Gen.OneOf(Gen.Constant((int?)null),
                Gen.Choose(0, Math.Max(rows, columns)).Select(value => (int?)value))
            from rowBuckets in Gen.Choose(0, 2).ArrayOf(2 * rows - 1)
            from columnBuckets in Gen.Choose(0, 2).ArrayOf(2 * columns - 1)
            from sorted in Gen.Elements(true, false)
            select new TokenRelation(prefix, rows, columns, radius, Ordered(rowBuckets, sorted),
                Ordered(columnBuckets, sorted));
        Prop.ForAll(Arb.From(relations), (TokenRelation relation) =>
        {
            double[][] expected = AllOf(Device.Reference, relation), actual = AllOf(Device.Cpu, relation);
            for (int i = 0; i < expected.Length; i++)
                GoldenAssert.Close(expected[i], actual[i], 1e-5 * Math.Max(1, expected[i].Max(Math.Abs)), 1e-5);
            return true;
        }).Hold();
    }

    /// <summary>Result and all gradients of weighted attention over a relation, of sizes for which some sums are
    /// carried along and some visited.</summary>
    private static double[][] AllOf(Device device, TokenRelation relation)
    {
        using StepScope scope = StepScope.Begin();
        int tokens = relation.Tokens;
        Tensor[] x = [Normal([1, tokens, 4]).Create(device, 0), Normal([1, tokens, 4]).Create(device, 1),
            Normal([1, tokens, 2]).Create(device, 2),
            Uniform([1, 1, tokens, relation.Buckets], 0.5f, 2).Create(device, 3),
            Uniform([1, 1, tokens, relation.Buckets], 0.5f, 2).Create(device, 4)];
        using Tape tape = Tape.Record();
        Tensor y = Ops.KernelAttention(new(x[0], 1), new(x[1], 1), new(x[2], 1), FeatureMap.EluPlusOne, relation, x[3],
            x[4]).Keep();
        tape.Backward(y, Normal(y.Shape).Create(device, 5));
        return [(double[])y.Doubles().Clone(), .. x.Select(input => (double[])input.Gradient!.Doubles().Clone())];
    }

    private static int[] Ordered(int[] buckets, bool sorted) => sorted ? [.. buckets.Order()] : buckets;

    [Fact]
    public void The_result_is_the_values_weighted_with_products_of_features()
    {
        // Queries 2 and -1, keys 0 and 1, values 10 and 20: features 3 and 1/e, 1 and 2.
        Tensor q = Tensor.From([2f, -1], [1, 2, 1], Device.Reference),
            k = Tensor.From([0f, 1], [1, 2, 1], Device.Reference);
        Tensor v = Tensor.From([10f, 20], [1, 2, 1], Device.Reference);

        Tensor y = Ops.KernelAttention(new(q, 1), new(k, 1), new(v, 1), FeatureMap.EluPlusOne);
        Tensor withEpsilon = Ops.KernelAttention(new(q, 1), new(k, 1), new(v, 1), FeatureMap.EluPlusOne, epsilon: 1);

        GoldenAssert.Close([50.0 / 3, 50.0 / 3], y.Doubles(), 1e-12, 0);
        GoldenAssert.Close([150.0 / 10, 50 / Math.E / (1 + 3 / Math.E)], withEpsilon.Doubles(), 1e-6, 0);
    }

    [Fact]
    public void Small_features_keep_their_digits()
    {
        // Keys far below 0: eˣ − 1 + 1 would be rounded to 0 or to a few digits of eˣ.
        float[] keys = [-20, -21, -22];
        Tensor q = Tensor.From([0f, 0, 0], [1, 3, 1], Device.Cpu), k = Tensor.From(keys, [1, 3, 1], Device.Cpu);
        Tensor v = Tensor.From([1f, 0, 0], [1, 3, 1], Device.Cpu);

        float first = Ops.KernelAttention(new(q, 1), new(k, 1), new(v, 1), FeatureMap.EluPlusOne).ToArray()[0];

        Assert.Equal(1 / (1 + Math.Exp(-1) + Math.Exp(-2)), first, 1e-6);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_named_in_one_sentence()
    {
        Tensor x = Tensor.Zeros([2, 5, 12], Device.Reference), y = Tensor.Zeros(x.Shape, Device.Reference),
            z = Tensor.Zeros(x.Shape, Device.Reference);
        Tensor fewer = Tensor.Zeros([2, 4, 12], Device.Reference);
        string Message(Func<Tensor> call) => Assert.Throws<ShapeException>(call).Message;

        Assert.Contains("values [2, 4, 2 heads, 6]",
            Message(() => Ops.KernelAttention(new(x, 2), new(y, 2), new(fewer, 2), FeatureMap.Identity)));
        Assert.Contains("2 · 5 heads · width",
            Message(() => Ops.KernelAttention(new(x, 5, 2), new(y, 2), new(z, 2), FeatureMap.Identity)));
        Assert.Contains("between 9 tokens, got 5 queries and 5 keys",
            Message(() => Ops.KernelAttention(new(x, 2), new(y, 2), new(z, 2), FeatureMap.Identity,
                new TokenRelation(0, 3, 3))));
        Assert.Contains("query weights must be [2, 2, 5, 1], got [2, 5, 12]",
            Message(() => Ops.KernelAttention(new(x, 2), new(y, 2), new(z, 2), FeatureMap.Identity,
                new TokenRelation(0, 1, 5), queryWeights: x)));
        Assert.Contains("need a relation", Assert.Throws<ArgumentException>(
            () => Ops.KernelAttention(new(x, 2), new(y, 2), new(z, 2), FeatureMap.Identity, keyWeights: x)).Message);
        Assert.Contains("must be different parts", Assert.Throws<ArgumentException>(
            () => Ops.KernelAttention(new(x, 2), new(y, 2), new(x, 2), FeatureMap.Identity)).Message);
    }

    private static Tensor Packed(Tensor qkv, int heads) =>
        Ops.KernelAttention(new(qkv, heads, 3), new(qkv, heads, 3, 1), new(qkv, heads, 3, 2), FeatureMap.EluPlusOne);
}
