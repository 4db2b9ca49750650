using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Tests.Attention;

public sealed class SigmoidAttentionTests
{
    /// <summary>o_i = Σ_j σ(q_i·k_j / √d − log n) v_j (arXiv:2409.04431, eq. 3, with b = −log n), or with the scale and
    /// bias that are given.</summary>
    [Theory]
    [InlineData("sigmoid", 0.5, -1.9459101090932196)]   // −log 7
    [InlineData("sigmoid:scale=0.3,bias=-2", 0.3, -2)]
    public void Weights_are_sigmoids_of_scores(string spec, double scale, double bias)
    {
        const int N = 7, Heads = 2, D = 4;
        AttentionContext context = new() { Dim = 8, Heads = Heads, HeadDim = D, Grid = new(1, 2, 3) };
        Tensor qkv = TestTensors.Normal([2, N, 3 * Heads * D], Device.Reference, 1);
        double[] packed = [.. qkv.ToArray().Select(value => (double)value)];
        double[] expected = new double[2 * N * Heads * D];
        for (int at = 0; at < expected.Length; at++)
        {
            (int e, int head, int i, int sequence) = (at % D, at / D % Heads, at / (D * Heads) % N,
                at / (D * Heads * N));
            for (int j = 0; j < N; j++)
            {
                double score = bias;
                for (int d = 0; d < D; d++) score += scale * Of(sequence, i, 0, head, d) * Of(sequence, j, 1, head, d);
                expected[at] += Of(sequence, j, 2, head, e) / (1 + Math.Exp(-score));
            }
        }

        float[] actual = AttentionCatalogue.Create(spec, context)
            .Forward(new(qkv, context.Grid, new(8, 3 * Heads * D))).ToArray();
        GoldenAssert.Close([.. expected.Select(value => (float)value)], actual, 1e-6, 1e-6);

        double Of(int sequence, int token, int part, int head, int element) =>
            packed[(((sequence * N + token) * 3 + part) * Heads + head) * D + element];
    }
}
