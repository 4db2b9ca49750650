using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class RandomFeaturesTests
{
    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(2, 3, 2, 4, 5)]
    [InlineData(1, 5, 3, 3, 2)]
    public void Gradient_of_relu_features(int batch, int tokens, int heads, int headDim, int features) =>
        GradientCheck.Run(x => Ops.RandomFeatures(new(x[0], heads), x[1], FeatureKernel.Relu, keys: false),
            Normal([batch, tokens, heads * headDim]), Normal([features, headDim]).WithoutGradient());

    /// <summary>With ε = 0 the maximum cancels behind the normalisation, so taking it as a constant is exact.</summary>
    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(2, 3, 2, 4, 5)]
    [InlineData(1, 5, 3, 3, 7)]
    public void Gradient_of_a_whole_performer(int batch, int tokens, int heads, int headDim, int features) =>
        GradientCheck.Run(x =>
        {
            Tensor q = Ops.RandomFeatures(new(x[0], heads, 3), x[1], FeatureKernel.Softmax, keys: false, stabilizer: 0);
            Tensor k = Ops.RandomFeatures(new(x[0], heads, 3, 1), x[1], FeatureKernel.Softmax, keys: true,
                stabilizer: 0);
            return Ops.KernelAttention(new(q, heads), new(k, heads), new(x[0], heads, 3, 2), FeatureMap.Identity);
        }, Normal([batch, tokens, 3 * heads * headDim]), Normal([features, headDim]).WithoutGradient());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Softmax_features_and_their_gradient_are_those_of_single_operators_with_a_constant_maximum(bool keys)
    {
        const int Tokens = 4, HeadDim = 3, Features = 5;
        const float Stabilizer = 0.01f, Scale = 0.8f;
        Device device = Device.CreateReference();
        using StepScope scope = StepScope.Begin();
        Tensor x = Normal([1, Tokens, HeadDim]).Create(device, 0),
            same = Normal([1, Tokens, HeadDim]).Create(device, 0);
        Tensor projection = Normal([Features, HeadDim]).WithoutGradient().Create(device, 1),
            cotangent = Normal([1, Tokens, Features]).Create(device, 2);

        using (Tape tape = Tape.Record())
            tape.Backward(Ops.RandomFeatures(new(x, 1), projection, FeatureKernel.Softmax, keys, Scale, Stabilizer)
                .Keep(), cotangent);
        Tensor fused = Ops.RandomFeatures(new(x, 1), projection, FeatureKernel.Softmax, keys, Scale, Stabilizer);

        Tensor composed;
        using (Tape tape = Tape.Record())
        {
            Tensor u = Ops.Scale(same, Scale),
                half = Ops.Scale(Ops.Sum(Ops.Apply(UnaryOperator.Square, u), 2), 0.5f).Reshape(1, Tokens, 1);
            Tensor projected = Ops.MatMul(u, projection, transposeB: true), largest;
            using (Tape.Pause())
                largest = keys ? Ops.Max(projected.Reshape(-1), 0).Reshape(1, 1, 1)
                : Ops.Max(projected, 2).Reshape(1, Tokens, 1);
            Tensor powers = Ops.Apply(UnaryOperator.Exp, Ops.Subtract(Ops.Subtract(projected, half), largest));
            composed = Ops.Scale(Ops.Add(powers, Tensor.Full([1], Stabilizer, device)), 1 / MathF.Sqrt(Features))
                .Keep();
            tape.Backward(composed, cotangent);
        }

        GoldenAssert.Close(composed.Doubles(), fused.Doubles(), 0, 1e-7);   // single-precision factors differ
        GoldenAssert.Close(same.Gradient!.Doubles(), x.Gradient!.Doubles(), 1e-7, 1e-6);
    }

    [Theory]
    [InlineData(FeatureKernel.Softmax, "reference")]
    [InlineData(FeatureKernel.Softmax, "cpu")]
    [InlineData(FeatureKernel.Relu, "reference")]
    [InlineData(FeatureKernel.Relu, "cpu")]
    public void Vectors_of_length_1000_give_finite_features_results_and_gradients(FeatureKernel kernel,
        string deviceName)
    {
        Device device = deviceName == "cpu" ? Device.Cpu : Device.CreateReference();
        using StepScope scope = StepScope.Begin();
        Tensor qkv = Normal([2, 9, 3 * 2 * 8], 1000 / Math.Sqrt(8)).Create(device, 0),
            projection = Normal([16, 8]).WithoutGradient().Create(device, 1);
        using Tape tape = Tape.Record();
        Tensor q = Ops.RandomFeatures(new(qkv, 2, 3), projection, kernel, keys: false).Keep();
        Tensor k = Ops.RandomFeatures(new(qkv, 2, 3, 1), projection, kernel, keys: true).Keep();
        Tensor y = Ops.KernelAttention(new(q, 2), new(k, 2), new(qkv, 2, 3, 2), FeatureMap.Identity).Keep();
        tape.Backward(y, Normal(y.Shape).Create(device, 2));

        foreach (Tensor tensor in (Tensor[])[q, k, y, qkv.Gradient!])
            Assert.All(tensor.ToArray(), value => Assert.True(float.IsFinite(value)));
        Assert.All(q.ToArray(), value => Assert.True(value > 0));
    }

    /// <summary>E φ(q)·φ(k) = exp(scale² q·k), here with the maxima's factors divided out by a third vector.</summary>
    [Fact]
    public void Products_of_many_softmax_features_estimate_the_exponential()
    {
        const int HeadDim = 4, Features = 20000;
        Tensor x = Normal([1, 3, HeadDim], 0.5).Create(Device.Reference, 0),
            projection = Normal([Features, HeadDim]).Create(Device.Reference, 1);
        double[] features = Ops.RandomFeatures(new(x, 1), projection, FeatureKernel.Softmax, keys: true, stabilizer: 0)
            .Doubles(), values = x.Doubles();

        double Estimate(int i, int j) =>
            Enumerable.Range(0, Features).Sum(e => features[i * Features + e] * features[j * Features + e]);
        double Exact(int i, int j) =>
            Math.Exp(Enumerable.Range(0, HeadDim).Sum(e => values[i * HeadDim + e] * values[j * HeadDim + e]) / 2);

        foreach ((int i, int j) in ((int, int)[])[(0, 2), (1, 2), (1, 1)])
            Assert.Equal(Exact(i, j) / Exact(0, 1), Estimate(i, j) / Estimate(0, 1), 0.05 * Exact(i, j) / Exact(0, 1));
    }

    [Fact]
    public void A_projection_of_another_width_is_refused() =>
        Assert.Contains("projection must be [feature, 6]", Assert.Throws<ShapeException>(() => Ops.RandomFeatures(
            new(Tensor.Zeros([1, 2, 12], Device.Reference), 2), Tensor.Zeros([7, 5], Device.Reference),
            FeatureKernel.Relu, keys: false)).Message);
}
