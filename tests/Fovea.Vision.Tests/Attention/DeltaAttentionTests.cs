using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class DeltaAttentionTests
{
    private const int Heads = 2, HeadDim = 6, Dim = 5;

    private static readonly TokenGrid Grid = new(1, 3, 4);

    /// <summary>The whole mechanism in double: gates from the tokens, keys and queries of length 1, the recurrence of
    /// arXiv:2412.06464, eq. 10, and the norm of heads.</summary>
    [Fact]
    public void Is_the_papers_layer()
    {
        DeltaAttention attention = new(Context(Grid));
        attention.Initialize(Device.Reference, 1);
        Tensor qkv = TestTensors.Normal([1, Grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2),
            tokens = TestTensors.Normal([1, Grid.Tokens, Dim], Device.Reference, 3);
        Dictionary<string, Matrix> weights = attention.NamedParameters()
            .ToDictionary(entry => entry.Name, entry => Matrix.From(entry.Parameter.Value));
        Matrix x = Matrix.From(tokens), steps = x * weights["a_proj.weight"].Transposed,
            strengths = x * weights["b_proj.weight"].Transposed;
        float[] expected = Matrix.Merge(1, Heads, (_, head) =>
        {
            Matrix q = Unit(Matrix.Head(qkv, 0, 0, head, Heads)), k = Unit(Matrix.Head(qkv, 0, 1, head, Heads)),
                v = Matrix.Head(qkv, 0, 2, head, Heads);
            double[,] read = new double[Grid.Tokens, HeadDim];
            for (int walk = 0; walk < 4; walk++) Walk(q, k, v, read, walk, head);
            return new(Grid.Tokens, HeadDim, (token, e) => read[token, e] / Math.Sqrt(1e-5
                + Enumerable.Range(0, HeadDim).Sum(j => read[token, j] * read[token, j]) / HeadDim));
        });
        AttentionInput input = new(qkv, Grid, new Linear(Dim, 3 * Heads * HeadDim), Tokens: tokens);

        GoldenAssert.Close(expected, attention.Finish(input, attention.Forward(input)).ToArray(), 2e-6, 2e-6);

        void Walk(Matrix q, Matrix k, Matrix v, double[,] read, int walk, int head)
        {
            Matrix state = new(HeadDim, HeadDim, (_, _) => 0);
            foreach (int step in Enumerable.Range(0, Grid.Tokens + 1))
            {
                int token = step == Grid.Tokens ? 0 : Token(step, walk), gate = walk * Heads + head;
                if (step < Grid.Tokens)
                {
                    double at = steps[token, gate] + weights["dt_bias"][0, gate],
                        alpha = Math.Exp(-Math.Exp(weights["A_log"][0, gate]) * Math.Log(1 + Math.Exp(at))),
                        beta = 1 / (1 + Math.Exp(-strengths[token, gate]));
                    Matrix key = new(HeadDim, 1, (e, _) => k[token, e]), value = new(HeadDim, 1, (e, _) => v[token, e]);
                    state = alpha * (state * (Matrix.Identity(HeadDim) - beta * (key * key.Transposed)))
                        + beta * (value * key.Transposed);
                }

                for (int e = 0; e < HeadDim && step > 0; e++)
                    read[token, e] += Enumerable.Range(0, HeadDim).Sum(j => state[e, j] * q[token, j]);
            }
        }
    }

    /// <summary>The class token writes first and reads last: what it read depends on every patch, and every patch on
    /// it.</summary>
    [Fact]
    public void Class_token_and_patches_see_each_other()
    {
        DeltaAttention attention = new(Context(Grid));
        attention.Initialize(Device.Reference, 1);
        Tensor qkv = TestTensors.Normal([1, Grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2),
            tokens = TestTensors.Normal([1, Grid.Tokens, Dim], Device.Reference, 3);
        float[] weights = attention.Probabilities(
            new(qkv, Grid, new Linear(Dim, 3 * Heads * HeadDim), Tokens: tokens)).ToArray();
        Assert.All(weights, weight => Assert.NotEqual(0, weight));
    }

    [Fact]
    public void Cost_is_linear_in_the_tokens()
    {
        IAttention attention = AttentionCatalogue.Create("deltanet",
            new() { Dim = 128, Heads = 4, HeadDim = 32, Grid = new(0, 64, 64) });
        double exponent = Math.Log(attention.Macs(new(0, 128, 128)) / attention.Macs(new(0, 64, 64)), 4);
        Assert.InRange(exponent, 0.85, 1.15);
    }

    [Fact]
    public void First_decays_are_those_of_the_papers_code()
    {
        DeltaAttention attention = new(new() { Dim = 8, Heads = 64, HeadDim = 2, Grid = Grid });
        attention.Initialize(Device.Cpu, 1);
        Dictionary<string, float[]> first = attention.NamedParameters()
            .ToDictionary(entry => entry.Name, entry => entry.Parameter.Value.ToArray());
        Assert.All(first["A_log"], rate => Assert.InRange(Math.Exp(rate), 1, 16.001));
        Assert.All(first["dt_bias"], bias => Assert.InRange(Math.Log(1 + Math.Exp(bias)), 0.00099, 0.1001));
        Assert.True(first["A_log"].Distinct().Count() > 200);
    }

    private static int Token(int step, int walk)
    {
        if (step == 0) return 0;
        int place = walk % 2 == 0 ? step - 1 : Grid.Patches - step;
        return 1 + (walk < 2 ? place : place % Grid.Rows * Grid.Columns + place / Grid.Rows);
    }

    private static Matrix Unit(Matrix rows) => new(rows.Rows, rows.Columns, (i, j) => rows[i, j] / Math.Sqrt(1e-6
        + Enumerable.Range(0, rows.Columns).Sum(e => rows[i, e] * rows[i, e])));

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Dim, Heads = Heads, HeadDim = HeadDim, Grid = grid };
}
