using System.Globalization;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class GaussianAttentionTests
{
    private const int Heads = 2, HeadDim = 6, Dim = 5, Batch = 2;

    private static readonly TokenGrid Grid = new(1, 4, 5);

    /// <summary>The window written down over all pairs in double: covariance R diag(σ²) Rᵀ, its inverse, and centres
    /// moved by the query.</summary>
    [Theory]
    [InlineData("gaussian")]
    [InlineData("gaussian:offsets=false")]
    [InlineData("gaussian:rotate=true,extent=1.5,reach=0.7")]
    public void With_softmax_it_is_the_formula(string spec)
    {
        IAttention attention = Create(spec);
        AttentionInput input = Input();
        float[] expected = Matrix.Merge(Batch, Heads, (sample, head) =>
        {
            Matrix q = Matrix.Head(input.Projected, sample, 0, head, Heads),
                k = Matrix.Head(input.Projected, sample, 1, head, Heads),
                v = Matrix.Head(input.Projected, sample, 2, head, Heads);
            (Matrix x, Matrix y) = Offsets(attention, spec, input, sample, head, (0.5, 0.5));
            Matrix scores = new(Grid.Tokens, Grid.Tokens, (i, j) => Enumerable.Range(0, HeadDim)
                .Sum(e => q[i, e] * k[j, e]) / Math.Sqrt(HeadDim) - (x[i, j] * x[i, j] + y[i, j] * y[i, j]) / 2);
            return scores.Softmax() * v;
        });

        GoldenAssert.Close(expected, attention.Forward(input).ToArray(), 2e-6, 2e-6);
    }

    /// <summary>What random features estimate, times the cosine window of all pairs, is what the products of features
    /// give in linear time.</summary>
    [Theory]
    [InlineData("gaussian:mix=performer,eps=0")]
    [InlineData("gaussian:mix=performer,waves=5,rotate=true,reach=0.7,eps=0")]
    [InlineData("gaussian:mix=performer,waves=1,offsets=false,eps=0")]
    public void With_random_features_it_is_the_window_times_their_products(string spec)
    {
        IAttention attention = Create(spec);
        AttentionInput input = Input();
        int waves = Waves(spec);
        (double, double) floor = new CosineWindow(waves).Floor(Grid, Form(spec));
        Matrix p = Matrix.From(((Module)attention).NamedState()
            .Single(entry => entry.Name == "projection_matrix").Tensor.Value);
        float[] expected = Matrix.Merge(Batch, Heads, (sample, head) =>
        {
            Matrix q = Features(Matrix.Head(input.Projected, sample, 0, head, Heads)),
                k = Features(Matrix.Head(input.Projected, sample, 1, head, Heads)),
                v = Matrix.Head(input.Projected, sample, 2, head, Heads);
            (Matrix x, Matrix y) = Offsets(attention, spec, input, sample, head, floor);
            Matrix products = q * k.Transposed, weights = new(Grid.Tokens, Grid.Tokens,
                (i, j) => products[i, j] * Bell(x[i, j]) * Bell(y[i, j]));
            return new Matrix(Grid.Tokens, Grid.Tokens, (i, j) => weights[i, j] / weights.RowSum(i)) * v;
        });

        GoldenAssert.Close(expected, attention.Forward(input).ToArray(), 1e-5, 1e-5);

        double Bell(double distance) =>
            Math.Pow(Math.Cos(distance / Math.Sqrt(2 * waves)), 2 * waves);

        // constant factors cancel
        Matrix Features(Matrix vectors)
        {
            Matrix u = Math.Pow(HeadDim, -0.25) * vectors, projected = u * p.Transposed;
            return new(u.Rows, p.Rows, (i, j) => Math.Exp(projected[i, j]
                - Enumerable.Range(0, HeadDim).Sum(e => u[i, e] * u[i, e]) / 2));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    public void Window_is_the_product_of_its_features_never_negative_and_near_the_Gaussian(int waves)
    {
        CosineWindow window = new(waves);
        Assert.Equal(1, window.Shares[0] + 2 * window.Shares.Skip(1).Sum(), 12);
        double half = Math.PI * Math.Sqrt(2 * waves) / 2, worst = 0;
        for (double z = 0; z <= half; z += half / 500)
        {
            double series = window.Shares[0], bell = Math.Pow(Math.Cos(z / Math.Sqrt(2 * waves)), 2 * waves);
            for (int k = 1; k <= waves; k++)
                series += 2 * window.Shares[k] * Math.Cos(k * z * Math.Sqrt(2.0 / waves));
            Assert.Equal(bell, series, 1e-12);
            worst = Math.Max(worst, Math.Abs(bell - Math.Exp(-z * z / 2)));
        }

        Assert.InRange(worst, 0.05 / waves, 0.14 / waves);
        float[] places = [.. Enumerable.Range(0, 20).SelectMany(i => (float[])[(float)(half / 20 * i), 0.3f * i])];
        Tensor features = window.Of(Tensor.From(places, [1, 20, 1, 2], Device.Reference));
        float[] products = Ops.MatMul(features, features, transposeB: true).ToArray();
        for (int i = 0; i < 400; i++)
        {
            double x = places[i / 20 * 2] - places[i % 20 * 2], y = places[i / 20 * 2 + 1] - places[i % 20 * 2 + 1];
            Assert.Equal(Math.Pow(Math.Cos(x / Math.Sqrt(2 * waves)) * Math.Cos(y / Math.Sqrt(2 * waves)), 2 * waves),
                products[i], 1e-6);
        }
    }

    /// <summary>At the smallest extents, a window's next period weighs at most 0.01 anywhere in the image.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(8, false)]
    public void Windows_do_not_come_again_inside_the_image(int waves, bool turns)
    {
        CosineWindow window = new(waves);
        WindowForm form = new(1, 3, turns, true);
        (double x, double y) = window.Floor(new(0, 10, 16), form);
        double rows = 9 + 3, columns = 15 + 3, farthest = Math.Sqrt(rows * rows + columns * columns);
        Assert.Equal(0.01, Bell((turns ? farthest : columns) / x), 1e-9);
        Assert.Equal(0.01, Bell((turns ? farthest : rows) / y), 1e-9);

        double Bell(double z) => Math.Pow(Math.Cos(z / Math.Sqrt(2 * waves)), 2 * waves);
    }

    [Fact]
    public void With_random_features_its_cost_is_linear_in_the_tokens()
    {
        AttentionContext context = new() { Dim = 128, Heads = 4, HeadDim = 32, Grid = new(0, 64, 64) };
        IAttention attention = AttentionCatalogue.Create("gaussian:mix=performer", context);
        double exponent = Math.Log(attention.Macs(new(0, 128, 128)) / attention.Macs(new(0, 64, 64)), 4);
        Assert.InRange(exponent, 0.85, 1.15);
    }

    [Fact]
    public void Options_that_do_not_fit_are_refused() => Assert.Contains("option 'waves' needs 'mix=performer'",
        Assert.Throws<UsageException>(() => AttentionCatalogue.Create("gaussian:waves=3", Context)).Message);

    /// <summary>u_j − m_i of every pair; 0 with a token before the patches.</summary>
    private static (Matrix X, Matrix Y) Offsets(IAttention attention, string spec, AttentionInput input, int sample,
        int head, (double X, double Y) floor)
    {
        Dictionary<string, Matrix> weights = ((Module)attention).NamedParameters()
            .ToDictionary(entry => entry.Name, entry => Matrix.From(entry.Parameter.Value));
        double reach = Form(spec).Reach;
        double angle = weights.TryGetValue("window_angle", out Matrix? angles) ? angles[0, head] : 0;
        double[] extents = [Extent(0, floor.X), Extent(1, floor.Y)];
        Matrix tokens = Matrix.From(Ops.Slice(input.Tokens!, 0, sample, 1));
        return (new(Grid.Tokens, Grid.Tokens, (i, j) => Along(i, j, Math.Cos(angle), Math.Sin(angle), extents[0])),
            new(Grid.Tokens, Grid.Tokens, (i, j) => Along(i, j, -Math.Sin(angle), Math.Cos(angle), extents[1])));

        double Extent(int axis, double least) =>
            Math.Sqrt(least * least + Math.Exp(2 * weights["window_extent"][head, axis]));

        double Along(int i, int j, double x, double y, double extent) => i < 1 || j < 1 ? 0
            : (x * ((j - 1) % 5 - (i - 1) % 5 - Shift(i, 0)) + y * ((j - 1) / 5 - (i - 1) / 5 - Shift(i, 1))) / extent;

        double Shift(int token, int axis)
        {
            double shift = weights["window_centre"][head, axis];
            if (weights.TryGetValue("window_offsets.weight", out Matrix? offsets))
                shift += Enumerable.Range(0, Dim).Sum(e => tokens[token, e] * offsets[head * 2 + axis, e]);
            return reach * Math.Tanh(shift);
        }
    }

    private static AttentionContext Context =>
        new() { Dim = Dim, Heads = Heads, HeadDim = HeadDim, Grid = Grid };

    /// <summary>With parameters that are none of the first values, most of which are 0.</summary>
    private static IAttention Create(string spec)
    {
        IAttention attention = AttentionCatalogue.Create(spec, Context);
        Module module = (Module)attention;
        module.Initialize(Device.Reference, 1);
        int stream = 10;
        foreach ((_, Parameter parameter) in module.NamedParameters())
        {
            float[] noise = TestTensors.Normal(parameter.Shape, Device.Reference, (ulong)stream++).ToArray(),
                first = parameter.Value.ToArray();
            parameter.Value.CopyFrom([.. first.Zip(noise, (a, b) => a + 0.3f * b)]);
        }

        return attention;
    }

    private static AttentionInput Input() => new(
        TestTensors.Normal([Batch, Grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2), Grid,
        new Linear(Dim, 3 * Heads * HeadDim),
        Tokens: TestTensors.Normal([Batch, Grid.Tokens, Dim], Device.Reference, 3));

    private static int Waves(string spec) => (int)Number(spec, "waves", 2);

    private static WindowForm Form(string spec) => new(1, Number(spec, "reach", 1.25), spec.Contains("rotate=true"),
        !spec.Contains("offsets=false"));

    private static double Number(string spec, string option, double otherwise)
    {
        int at = spec.IndexOf(option + "=", StringComparison.Ordinal);
        return at < 0 ? otherwise
            : double.Parse(spec[(at + option.Length + 1)..].Split(',')[0], CultureInfo.InvariantCulture);
    }
}
