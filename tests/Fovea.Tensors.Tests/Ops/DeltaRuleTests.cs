using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class DeltaRuleTests
{
    [Theory]
    [InlineData(1, 0, 1, 1, 1, 1, 1)]
    [InlineData(2, 1, 2, 3, 2, 3, 2)]
    [InlineData(1, 2, 3, 2, 1, 2, 3)]
    [InlineData(1, 0, 1, 5, 1, 2, 2)]
    public void Gradient(int batch, int prefix, int rows, int columns, int heads, int keyDim, int valueDim)
    {
        int tokens = prefix + rows * columns;
        GradientCheck.Run(
            x => Ops.DeltaRule(new(x[0], heads), new(x[1], heads), new(x[2], heads), x[3], x[4],
                new(prefix, new(rows, columns))),
            Normal([batch, tokens, heads * keyDim], 0.6), Normal([batch, tokens, heads * keyDim], 0.6),
            Normal([batch, tokens, heads * valueDim]), Uniform([batch, tokens, 4 * heads], -2, 0),
            Uniform([batch, tokens, 4 * heads], 0, 1));
    }

    /// <summary>arXiv:2412.06464, eq. 10, in double, with the paper's S (value by key) and its product with the whole
    /// matrix I − βkkᵀ; several chunks of steps.</summary>
    [Theory]
    [InlineData("reference", 6, 7)]
    [InlineData("cpu", 6, 7)]
    [InlineData("cpu", 9, 13)]
    public void Is_the_papers_recurrence_along_four_walks(string deviceName, int rows, int columns)
    {
        const int D = 5, Prefix = 2, Walks = 4;
        int n = Prefix + rows * columns;
        Device device = deviceName == "cpu" ? Device.Cpu : Device.Reference;
        float[] q = Draw(n * D, 1, 1), k = Draw(n * D, 2, 0.5), v = Draw(n * D, 3, 1),
            decay = [.. Draw(n * Walks, 4, 1).Select(x => -x * x)],
            strength = [.. Draw(n * Walks, 5, 1).Select(x => 0.5f + 0.49f * x)];
        double[] expected = new double[n * D];
        for (int walk = 0; walk < Walks; walk++)
        {
            double[,] s = new double[D, D];
            foreach ((int token, bool writes, bool reads) in Steps(walk, rows, columns))
            {
                if (writes) s = Next(s, walk, token);
                for (int i = 0; i < D && reads; i++)
                    for (int j = 0; j < D; j++) expected[token * D + i] += s[i, j] * q[token * D + j];
            }
        }

        float[] actual = Ops.DeltaRule(new(Of(q, D), 1), new(Of(k, D), 1), new(Of(v, D), 1), Of(decay, Walks),
            Of(strength, Walks), new(Prefix, new(rows, columns))).ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 2e-5);

        double[,] Next(double[,] s, int walk, int token)
        {
            double alpha = Math.Exp(decay[token * Walks + walk]), beta = strength[token * Walks + walk];
            double[,] next = new double[D, D];
            for (int i = 0; i < D; i++)
                for (int j = 0; j < D; j++)
                {
                    next[i, j] = beta * v[token * D + i] * k[token * D + j];
                    for (int m = 0; m < D; m++)
                        next[i, j] += alpha * s[i, m]
                            * ((m == j ? 1 : 0) - beta * k[token * D + m] * k[token * D + j]);
                }

            return next;
        }

        Tensor Of(float[] values, int width) => Tensor.From(values, [1, n, width], device);

        static float[] Draw(int count, int stream, double scale) =>
            [.. Enumerable.Range(0, count).Select(i => (float)(scale * Math.Sin(1.7 * i * stream + stream)))];

        static IEnumerable<(int Token, bool Writes, bool Reads)> Steps(int walk, int rows, int columns)
        {
            for (int token = 0; token < Prefix; token++) yield return (token, true, false);
            IEnumerable<int> places = walk < 2 ? Enumerable.Range(0, rows * columns)
                : from column in Enumerable.Range(0, columns)
                  from row in Enumerable.Range(0, rows)
                  select row * columns + column;
            foreach (int place in walk % 2 == 0 ? places : places.Reverse()) yield return (Prefix + place, true, true);
            for (int token = 0; token < Prefix; token++) yield return (token, false, true);
        }
    }

    /// <summary>With one key that is written again and again, α = 1 and β = 1, what is read is the last
    /// value.</summary>
    [Fact]
    public void A_key_that_comes_again_replaces_what_was_stored_for_it()
    {
        float[] keys = [.. Enumerable.Repeat((float[])[0.6f, 0.8f], 100).SelectMany(key => key)],
            values = [.. Enumerable.Range(0, 100).Select(i => (float)i)];
        Tensor key = Tensor.From(keys, [1, 100, 2], Device.Cpu), query = Tensor.From(keys, [1, 100, 2], Device.Cpu);
        float[] read = Ops.DeltaRule(new(query, 1), new(key, 1), new(Tensor.From(values, [1, 100, 1], Device.Cpu), 1),
            Tensor.Zeros([1, 100, 4], Device.Cpu), Tensor.Full([1, 100, 4], 1, Device.Cpu), new(0, new(10, 10)))
            .ToArray();
        for (int i = 0; i < 100; i++) Assert.Equal(4f * i, read[i], 1e-3f);
    }

    /// <summary>Decays whose sum leaves the range of single precision: what was written long ago is gone, and nothing
    /// overflows.</summary>
    [Fact]
    public void Strong_decay_neither_overflows_nor_loses_the_present()
    {
        Tensor x = Normal([1, 200, 8], 0.3).Create(Device.Cpu, 1), y = Normal([1, 200, 8], 0.3).Create(Device.Cpu, 2),
            v = Normal([1, 200, 8]).Create(Device.Cpu, 3), decay = Tensor.Full([1, 200, 4], -50, Device.Cpu),
            strength = Tensor.Full([1, 200, 4], 0.5f, Device.Cpu);
        decay.RequiresGradient = true;
        using Tape tape = Tape.Record();
        Tensor read = Ops.DeltaRule(new(x, 1), new(y, 1), new(v, 1), decay, strength, new(0, new(10, 20)));
        tape.Backward(read, Tensor.Full(read.Shape, 1, Device.Cpu));
        float[] q = x.ToArray(), k = y.ToArray(), values = v.ToArray(), actual = read.ToArray();
        for (int token = 0; token < 200; token++)
        {
            float dot = Enumerable.Range(0, 8).Sum(e => q[token * 8 + e] * k[token * 8 + e]);
            for (int e = 0; e < 8; e++)
                Assert.Equal(4 * 0.5f * dot * values[token * 8 + e], actual[token * 8 + e], 1e-5f);
        }

        Assert.All(decay.Gradient!.ToArray(), gradient => Assert.True(float.IsFinite(gradient)));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Tensor qkv = Tensor.Zeros([1, 7, 12], Device.Reference), gates = Tensor.Zeros([1, 7, 8], Device.Reference);
        HeadTensor q = new(qkv, 2, 3), k = q with { Part = 1 }, v = q with { Part = 2 };
        Assert.Contains("1 + 2 · 4", Assert.Throws<ShapeException>(() =>
            Ops.DeltaRule(q, k, v, gates, gates, new(1, new(2, 4)))).Message);
        Assert.Contains("strength must be [1, 7, 8]", Assert.Throws<ShapeException>(() =>
            Ops.DeltaRule(q, k, v, gates, Tensor.Zeros([1, 7, 2], Device.Reference), new(1, new(2, 3)))).Message);
        Assert.Throws<ArgumentException>(() => Ops.DeltaRule(q, q, v, gates, gates, new(1, new(2, 3))));
    }
}
