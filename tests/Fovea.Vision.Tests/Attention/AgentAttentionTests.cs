using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class AgentAttentionTests
{
    private const int Heads = 2, HeadDim = 6, Coarse = 7;

    /// <summary>arXiv:2312.08874, eq. 4 to 6, as they stand there; biases as in the code for DeiT.</summary>
    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(0, 3, 5)]
    [InlineData(3, 4, 1)]
    [InlineData(2, 7, 3)]
    public void Is_the_papers_formula(int prefix, int pool, int kernel)
    {
        TokenGrid grid = new(prefix, 3, 4);
        (int agents, double scale) = (pool * pool, 1 / Math.Sqrt(HeadDim));
        AgentAttention attention = new(Context(grid), pool, kernel);
        attention.Initialize(Device.Reference, 1);
        Dictionary<string, float[]> weights = attention.NamedParameters()
            .ToDictionary(entry => entry.Name, entry => entry.Parameter.Value.ToArray());
        Assert.Equal(prefix > 0, weights.ContainsKey("ac_bias"));
        AttentionInput input = Input(grid);
        float[] expected = Matrix.Merge(2, Heads, (sample, head) =>
        {
            Matrix q = Matrix.Head(input.Projected, sample, 0, head, Heads),
                k = Matrix.Head(input.Projected, sample, 1, head, Heads),
                v = Matrix.Head(input.Projected, sample, 2, head, Heads), a = Pooled(q);
            Matrix read = (scale * (a * k.Transposed) + Bias("an", "ah", "aw", "ac", head)).Softmax(),
                write = (scale * (q * a.Transposed) + Bias("na", "ha", "wa", "ca", head).Transposed).Softmax();
            return write * (read * v) + Matrix.Filtered(v, grid, kernel,
                (element, tap) => weights["dwc.weight"][(head * HeadDim + element) * kernel * kernel + tap],
                element => weights["dwc.bias"][head * HeadDim + element]);
        });

        GoldenAssert.Close(expected, attention.Finish(input, attention.Forward(input)).ToArray(), 1e-6, 1e-6);

        // means of adaptive bins: from ⌊i · size / pool⌋ to before ⌈(i + 1) · size / pool⌉
        Matrix Pooled(Matrix q) => new(agents, HeadDim, (agent, element) =>
            (from row in Bin(agent / pool, grid.Rows)
             from column in Bin(agent % pool, grid.Columns)
             select q[prefix + row * grid.Columns + column, element]).Average());

        IEnumerable<int> Bin(int i, int size)
        {
            int first = i * size / pool, end = ((i + 1) * size + pool - 1) / pool;
            return Enumerable.Range(first, end - first);
        }

        Matrix Bias(string coarse, string rows, string columns, string before, int head) =>
            new(agents, grid.Tokens, (agent, token) =>
            {
                int of = head * agents + agent;
                if (token < prefix) return weights[before + "_bias"][of * prefix + token];
                (int row, int column) = Math.DivRem(token - prefix, grid.Columns);
                return Bilinear(weights[coarse + "_bias"], of, (row + 0.5) * Coarse / grid.Rows - 0.5,
                    (column + 0.5) * Coarse / grid.Columns - 0.5)
                    + weights[rows + "_bias"][of * grid.Rows + row]
                    + weights[columns + "_bias"][of * grid.Columns + column];
            });
    }

    [Fact]
    public void Weights_of_another_image_size_are_resampled_as_in_the_forward_pass()
    {
        VisionTransformerConfig config = new()
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 12,
            Depth = 1,
            Heads = 2,
            Classes = 3,
            Attention = "agent:pool=2",
        };
        VisionTransformer small = config.Build(), large = (config with { ImageSize = 24 }).Build();
        small.Initialize(Device.Reference, 1);
        large.Initialize(Device.Reference, 2);
        large.Load(small.NamedParameters().ToDictionary(entry => entry.Name,
            entry => large.AdaptWeight(entry.Name, entry.Parameter.Value)));
        Tensor images = TestTensors.Normal([2, 3, 24, 24], Device.Reference, 3);

        GoldenAssert.Close(small.Forward(images).ToArray(), large.Forward(images).ToArray(), 1e-5, 1e-5);
    }

    [Fact]
    public void Cost_is_linear_in_the_tokens()
    {
        IAttention attention = AttentionCatalogue.Create("agent", Context(new(0, 128, 128)));
        double exponent = Math.Log(attention.Macs(new(0, 128, 128)) / attention.Macs(new(0, 64, 64)), 4);
        Assert.InRange(exponent, 0.85, 1.15);
    }

    [Theory]
    [InlineData("agent:pool=1", "agent: pool must be 2 to 64, got 1.")]
    [InlineData("agent:kernel=4", "agent: kernel must be odd, so that it has a centre, got 4.")]
    public void Options_out_of_range_are_refused(string spec, string message) => Assert.Equal(message,
        Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, Context(new(1, 3, 4)))).Message);

    private static double Bilinear(float[] table, int of, double y, double x)
    {
        double sum = 0;
        for (int corner = 0; corner < 4; corner++)
        {
            (double row, double column) = (Math.Floor(y) + corner / 2, Math.Floor(x) + corner % 2);
            double share = (1 - Math.Abs(y - row)) * (1 - Math.Abs(x - column));
            sum += share * table[(of * Coarse + Inside(row)) * Coarse + Inside(column)];
        }

        return sum;

        static int Inside(double place) => (int)Math.Clamp(place, 0, Coarse - 1);
    }

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Heads * HeadDim, Heads = Heads, HeadDim = HeadDim, Grid = grid };

    private static AttentionInput Input(TokenGrid grid) => new(
        TestTensors.Normal([2, grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2), grid,
        new Linear(Heads * HeadDim, 3 * Heads * HeadDim));
}
