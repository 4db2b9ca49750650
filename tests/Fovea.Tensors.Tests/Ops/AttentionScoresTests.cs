using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests;

/// <summary>Softmax attention whatever the size of its scores: where none can be large, the CPU's kernels subtract
/// nothing from the exponents, and the largest one elsewhere.</summary>
public sealed class AttentionScoresTests
{
    public static TheoryData<string, float> Cases()
    {
        TheoryData<string, float> cases = [];
        foreach (string set in TestDevices.InstructionSets)
            foreach (float size in (float[])[0, 1e-20f, 1, 5, 7, 7.9f, 8, 9, 30, 300, 1e4f]) cases.Add(set, size);
        return cases;
    }

    /// <summary>Vectors with elements up to <paramref name="size"/>, of both signs, so that scores reach size² · d and
    /// −size² · d; a score of ±90 in units of log 2 is in the middle of the list.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Results_and_gradients_are_those_of_the_definition(string set, float size)
    {
        foreach ((int tokens, int heads, int headDim) in ((int, int, int)[])[(1, 1, 4), (33, 2, 4), (530, 1, 4)])
        {
            float[][] expected = Run(Device.Reference, tokens, heads, headDim, size),
                found = Run(TestDevices.Cpu(set), tokens, heads, headDim, size);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.All(found[i], value => Assert.True(float.IsFinite(value)));
                // a score is wrong by a share of its size, and a probability by as much
                double allowed = (2e-6 + 3e-7 * size * size * headDim) * Math.Max(1e-6, expected[i].Max(MathF.Abs));
                double error = expected[i].Zip(found[i], (e, f) => Math.Abs((double)e - f)).Max();
                Assert.True(error <= allowed, $"{tokens} tokens, tensor {i}: off by {error}, {allowed} allowed");
            }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_no_number_stays_none(float value)
    {
        foreach (string set in TestDevices.InstructionSets)
        {
            float[] qkv = Values(33, 1, 4, 1);
            qkv[5 * 12 + 4] = value;   // in a key, so that every query meets it
            float[] y = Ops.Attention(Tensor.From(qkv, [1, 33, 12], TestDevices.Cpu(set)), 1).ToArray();
            Assert.Contains(y, float.IsNaN);
        }
    }

    private static float[][] Run(Device device, int tokens, int heads, int headDim, float size)
    {
        int width = heads * headDim;
        Tensor qkv = Tensor.From(Values(tokens, heads, headDim, size), [1, tokens, 3 * width], device);
        qkv.RequiresGradient = true;
        using Tape tape = Tape.Record();
        Tensor y = Ops.Attention(qkv, heads);
        tape.Backward(y, Tensor.From([.. Values(tokens, heads, headDim, 1).Take(tokens * width)], y.Shape, device));
        return [y.ToArray(), qkv.Gradient!.ToArray()];
    }

    private static float[] Values(int tokens, int heads, int headDim, float size)
    {
        int width = heads * headDim;
        Random random = new(7);
        float[] values = new float[tokens * 3 * width];
        for (int i = 0; i < values.Length; i++)
            values[i] = (2 * random.NextSingle() - 1) * (i % (3 * width) < 2 * width ? size : 1);
        return values;
    }
}
