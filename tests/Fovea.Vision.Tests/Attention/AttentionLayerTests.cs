using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Position;

namespace Fovea.Vision.Tests.Attention;

public sealed class AttentionLayerTests
{
    private static readonly AttentionContext Context = new() { Dim = 8, Heads = 2, HeadDim = 4, Grid = new(1, 2, 3) };

    /// <summary>softmax(LN(q)·LN(k) / √headDim) v head by head, in double; timm's names (Dehghani et al. 2023,
    /// arXiv:2302.05442, eq. 1).</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Queries_and_keys_are_normed_head_by_head(bool rms)
    {
        AttentionLayer layer = Layer(null, dim => rms ? new RmsNorm(dim) : new LayerNorm(dim));
        string[] norms = rms ? ["q_norm.weight", "k_norm.weight"]
            : ["q_norm.weight", "q_norm.bias", "k_norm.weight", "k_norm.bias"];
        Assert.Equal(norms, layer.NamedParameters().Select(entry => entry.Name).Where(name => name.Contains("norm")));
        LayerNorm before = new(8);
        before.Initialize(Device.Reference, 3);
        Tensor x = TestTensors.Normal([1, 7, 8], Device.Reference, 4);
        double[] packed = Doubles(layer.Qkv.Forward(before, x));
        double[] mixed = new double[7 * 8];
        for (int head = 0; head < 2; head++)
            for (int i = 0; i < 7; i++)
            {
                double[] q = Normed("q_norm", i, 4 * head);
                double[] weights = [.. Enumerable.Range(0, 7).Select(j => Math.Exp(
                    q.Zip(Normed("k_norm", j, 8 + 4 * head), (a, b) => a * b).Sum() / 2))];
                for (int d = 0; d < 4; d++)
                    mixed[i * 8 + 4 * head + d] = Enumerable.Range(0, 7)
                        .Sum(j => weights[j] * packed[j * 24 + 16 + 4 * head + d]) / weights.Sum();
            }

        float[] expected = layer.Proj.Forward(
            Tensor.From([.. mixed.Select(value => (float)value)], [1, 7, 8], Device.Reference)).ToArray();
        GoldenAssert.Close(expected, layer.Forward(before, x, Context.Grid).ToArray(), 1e-6, 1e-5);

        double[] Normed(string name, int token, int offset)
        {
            double[] values = packed[(token * 24 + offset)..(token * 24 + offset + 4)];
            double mean = rms ? 0 : values.Average();
            double root = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / 4 + 1e-6f);
            double[] scale = Values(layer, $"{name}.weight"),
                shift = rms ? new double[4] : Values(layer, $"{name}.bias");
            return [.. values.Select((value, d) => (value - mean) / root * scale[d] + shift[d])];
        }
    }

    /// <summary>A bias of the scores is added before the softmax, whatever the device, and as recorded.</summary>
    [Theory]
    [InlineData(PositionKind.Relative)]
    [InlineData(PositionKind.Alibi)]
    public void A_position_bias_is_added_to_the_scores(PositionKind kind)
    {
        AttentionLayer layer = Layer(kind, null);
        LayerNorm before = new(8);
        before.Initialize(Device.Reference, 3);
        Tensor x = TestTensors.Normal([1, 7, 8], Device.Reference, 4);
        double[] packed = Doubles(layer.Qkv.Forward(before, x));
        PositionBias bias = kind == PositionKind.Alibi ? new AlibiPosition(2).Of(Context.Grid, Device.Reference)
            : Relative(layer).Of(Context.Grid, Device.Reference);
        double[] table = Doubles(bias.Values), mixed = new double[7 * 8];
        for (int head = 0; head < 2; head++)
            for (int i = 0; i < 7; i++)
            {
                double[] weights = [.. Enumerable.Range(0, 7).Select(j => Math.Exp(Enumerable.Range(0, 4)
                    .Sum(d => packed[i * 24 + 4 * head + d] * packed[j * 24 + 8 + 4 * head + d]) / 2
                    + table[head * bias.Relation.Buckets + bias.Relation.Bucket(i, j)]))];
                for (int d = 0; d < 4; d++)
                    mixed[i * 8 + 4 * head + d] = Enumerable.Range(0, 7)
                        .Sum(j => weights[j] * packed[j * 24 + 16 + 4 * head + d]) / weights.Sum();
            }

        float[] expected = layer.Proj.Forward(
            Tensor.From([.. mixed.Select(value => (float)value)], [1, 7, 8], Device.Reference)).ToArray();
        GoldenAssert.Close(expected, layer.Forward(before, x, Context.Grid).ToArray(), 1e-6, 1e-5);
    }

    /// <summary>proj(o ⊙ σ(norm(x) Wᵀ)), a factor per head or per element (arXiv:2505.06708, eq. 5).</summary>
    [Theory]
    [InlineData(AttentionGate.Head)]
    [InlineData(AttentionGate.Element)]
    public void A_gate_of_the_tokens_follows_the_mechanism(AttentionGate gate)
    {
        AttentionLayer layer = Layer(null, null, gate);
        int width = gate == AttentionGate.Head ? 2 : 8;
        Assert.Equal([width, 8], layer.NamedParameters().Single(entry => entry.Name == "gate.weight").Parameter.Shape);
        LayerNorm before = new(8);
        before.Initialize(Device.Reference, 3);
        Tensor x = TestTensors.Normal([1, 7, 8], Device.Reference, 4);
        double[] mixed = Doubles(layer.Mechanism.Forward(new(layer.Qkv.Forward(before, x), Context.Grid, layer.Qkv)));
        double[] normed = Doubles(before.Forward(x)), weight = Values(layer, "gate.weight");
        for (int at = 0; at < mixed.Length; at++)
        {
            int row = gate == AttentionGate.Head ? at % 8 / 4 : at % 8;
            double score = Enumerable.Range(0, 8).Sum(d => normed[at / 8 * 8 + d] * weight[row * 8 + d]);
            mixed[at] /= 1 + Math.Exp(-score);
        }

        float[] expected = layer.Proj.Forward(
            Tensor.From([.. mixed.Select(value => (float)value)], [1, 7, 8], Device.Reference)).ToArray();
        GoldenAssert.Close(expected, layer.Forward(before, x, Context.Grid).ToArray(), 1e-6, 1e-5);
    }

    private static RelativePosition Relative(AttentionLayer layer)
    {
        RelativePosition relative = new(Context.Grid, 2);
        relative.Initialize(Device.Reference, 1);
        relative.Table.Value.CopyFrom(layer.NamedParameters()
            .Single(entry => entry.Name == "relative_position_bias_table").Parameter.Value.ToArray());
        return relative;
    }

    /// <summary>The message names every mechanism that takes a bias, and no other.</summary>
    [Fact]
    public void A_mechanism_that_takes_no_bias_is_refused_with_the_names_of_those_that_do()
    {
        string[] taking = [.. AttentionCatalogue.All.Where(entry =>
            AttentionCatalogue.Create(entry.Name, Context).Takes.HasFlag(AttentionParts.Bias))
            .Select(entry => entry.Name)];
        string message = Assert.Throws<UsageException>(() => new AttentionLayer(
            AttentionCatalogue.Create("linear", Context), Context, true, true, 0, Init.Zeros, Init.Zeros,
            PositionKind.Alibi)).Message;

        Assert.Contains("sigmoid", taking);
        Assert.Contains($"which {string.Join(", ", taking)} take", message, StringComparison.Ordinal);
    }

    /// <summary>A layer with noise on its first values, among which ones and zeros would hide mistakes.</summary>
    private static AttentionLayer Layer(PositionKind? position, Func<int, RowNorm>? norm,
        AttentionGate gate = AttentionGate.None)
    {
        AttentionLayer layer = new(AttentionCatalogue.Create("softmax", Context), Context, true, true, 0,
            Init.TruncatedNormal(0.3), Init.Zeros, position is { } kind ? kind : null, norm, gate);
        layer.Initialize(Device.Reference, 5);
        foreach ((int i, (_, Parameter parameter)) in layer.NamedParameters().Index())
            parameter.Value.CopyFrom(Ops.Add(parameter,
                TestTensors.Normal(parameter.Shape, Device.Reference, 10 + (ulong)i, 0.3)).ToArray());
        return layer;
    }

    private static double[] Values(AttentionLayer layer, string name) =>
        Doubles(layer.NamedParameters().Single(entry => entry.Name == name).Parameter.Value);

    private static double[] Doubles(Tensor x) => [.. x.ToArray().Select(value => (double)value)];
}
