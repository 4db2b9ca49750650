using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Tests.Attention;

public sealed class DifferentialAttentionTests
{
    private const int N = 5, Heads = 2, D = 3;   // D: elements of a map's queries, half of the values'

    /// <summary>(1 − λ0) RMSNorm((softmax(Q1 K1ᵀ / √d) − λ softmax(Q2 K2ᵀ / √d)) V) with λ = exp(λq1·λk1) −
    /// exp(λq2·λk2) + λ0 (arXiv:2410.05258, eq. 1 to 3), written out in double.</summary>
    [Theory]
    [InlineData("differential", 0, 0.2)]
    [InlineData("differential", 4, 0.6192834728526787)]   // 0.8 − 0.6 exp(−1.2)
    [InlineData("differential:lambda=0.5", 4, 0.5)]
    public void Two_maps_are_subtracted_and_normed(string spec, int block, double first)
    {
        AttentionContext context = new()
        {
            Dim = 12,
            Heads = Heads,
            HeadDim = 2 * D,
            Grid = new(0, 1, N),
            Block = block,
        };
        DifferentialAttention attention = Assert.IsType<DifferentialAttention>(
            AttentionCatalogue.Create(spec, context));
        attention.Initialize(Device.Reference, 1);
        Dictionary<string, double[]> parameters = [];
        foreach ((int i, (string name, Parameter parameter)) in attention.NamedParameters().Index())
        {
            parameter.Value.CopyFrom(TestTensors.Normal(parameter.Shape, Device.Reference, 10 + (ulong)i).ToArray());
            parameters[name] = Doubles(parameter);
        }

        Assert.Equal(["lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2", "subln.weight"], parameters.Keys);
        Assert.Equal(first, attention.FirstLambda, 1e-12);
        Tensor qkv = TestTensors.Normal([1, N, 3 * Heads * 2 * D], Device.Reference, 2);
        double[] packed = Doubles(qkv);
        double lambda = Math.Exp(Dot("lambda_q1", "lambda_k1")) - Math.Exp(Dot("lambda_q2", "lambda_k2")) + first;
        float[] expected = new float[N * Heads * 2 * D];
        for (int head = 0; head < Heads; head++)
            for (int i = 0; i < N; i++)
            {
                double[] map1 = Softmax(i, head, 0), map2 = Softmax(i, head, D);
                double[] o = [.. Enumerable.Range(0, 2 * D).Select(e => Enumerable.Range(0, N)
                    .Sum(j => (map1[j] - lambda * map2[j]) * Of(j, 2, head, e)))];
                double root = Math.Sqrt(o.Sum(value => value * value) / (2 * D) + 1e-5);
                for (int e = 0; e < 2 * D; e++)
                    expected[(i * Heads + head) * 2 * D + e] =
                        (float)((1 - first) * o[e] / root * parameters["subln.weight"][e]);
            }

        AttentionInput input = new(qkv, context.Grid, new(12, 3 * Heads * 2 * D));
        GoldenAssert.Close(expected, attention.Finish(input, attention.Forward(input)).ToArray(), 2e-6, 1e-5);

        double Dot(string a, string b) => parameters[a].Zip(parameters[b], (x, y) => x * y).Sum();

        double Of(int token, int part, int head, int element) =>
            packed[((token * 3 + part) * Heads + head) * 2 * D + element];

        double[] Softmax(int i, int head, int offset)
        {
            double[] weights = [.. Enumerable.Range(0, N).Select(j => Math.Exp(Enumerable.Range(offset, D)
                .Sum(d => Of(i, 0, head, d) * Of(j, 1, head, d)) / Math.Sqrt(D)))];
            return [.. weights.Select(weight => weight / weights.Sum())];
        }
    }

    /// <summary>The vectors of λ are small and random, the norm's weights 1.</summary>
    [Fact]
    public void First_values_are_those_of_the_paper()
    {
        DifferentialAttention attention = new(new() { Dim = 8, Heads = 1, HeadDim = 4096, Grid = new(0, 1, 1) });
        attention.Initialize(Device.Reference, 1);
        foreach ((string name, Parameter parameter) in attention.NamedParameters())
        {
            double[] values = Doubles(parameter);
            double deviation = Math.Sqrt(values.Average(value => value * value));
            if (name == "subln.weight") Assert.All(values, value => Assert.Equal(1, value));
            else Assert.Equal(0.1, deviation, 0.006);
        }
    }

    [Fact]
    public void A_head_with_an_odd_number_of_elements_is_refused() =>
        Assert.Equal("differential: each half of a head has a map of its own, so that a head needs an even number of "
            + "elements, got 5.",
            Assert.Throws<UsageException>(() => AttentionCatalogue.Create("differential",
                new() { Dim = 5, Heads = 1, HeadDim = 5, Grid = new(0, 1, 2) })).Message);

    private static double[] Doubles(Tensor x) => [.. x.ToArray().Select(value => (double)value)];

    private static double[] Doubles(Parameter parameter) => Doubles(parameter.Value);
}
