using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Explanation;

public sealed class LayerSimilarityTests
{
    private const int Images = 12;

    [Fact]
    public void Products_of_centred_kernels_are_the_unbiased_estimate()
    {
        float[] x = Draw(Images * 5, 1), y = Draw(Images * 3, 2);
        double[] k = LayerSimilarity.Kernel(Tensor.From(x, [Images, 5], Device.Reference));
        double[] l = LayerSimilarity.Kernel(Tensor.From(y, [Images, 3], Device.Reference));
        double ours = k.Zip(l, (a, b) => a * b).Sum() / (Images * (Images - 3.0));
        Assert.Equal(Hsic(Products(x, 5), Products(y, 3)), ours, 1e-5);
    }

    [Fact]
    public void A_rotated_and_scaled_representation_is_the_same_and_noise_is_independent()
    {
        const int Many = 400;
        float[] x = Draw(Many * 2, 3), turned = new float[x.Length], noise = Draw(Many * 2, 4);
        (float sine, float cosine) = MathF.SinCos(0.7f);
        for (int i = 0; i < Many; i++)
        {
            turned[2 * i] = 3 * (cosine * x[2 * i] - sine * x[2 * i + 1]) + 5;
            turned[2 * i + 1] = 3 * (sine * x[2 * i] + cosine * x[2 * i + 1]) - 1;
        }

        LayerSimilarity similarity = new();
        for (int first = 0; first < Many; first += 100)
            similarity.Add([Kernel(x, first)], [Kernel(turned, first), Kernel(noise, first)], 100);
        double[,] result = similarity.Result();
        Assert.Equal(1, result[0, 0], 1e-4);
        Assert.InRange(result[0, 1], -0.02, 0.02);
        Assert.Equal(Many, similarity.Images);

        static double[] Kernel(float[] all, int first) =>
            LayerSimilarity.Kernel(Tensor.From(all.AsSpan(2 * first, 200), [100, 2], Device.Cpu));
    }

    [Fact]
    public void Batches_are_weighted_by_their_images()
    {
        float[] x = Draw(Images * 4, 5), y = Draw(Images * 4, 6);
        (int, int)[] parts = [(0, 5), (5, 7)];
        LayerSimilarity similarity = new();
        double cross = 0, left = 0, right = 0;
        foreach ((int first, int count) in parts)
        {
            float[] ours = x[(4 * first)..(4 * (first + count))], theirs = y[(4 * first)..(4 * (first + count))];
            similarity.Add([LayerSimilarity.Kernel(Tensor.From(ours, [count, 4], Device.Reference))],
                [LayerSimilarity.Kernel(Tensor.From(theirs, [count, 4], Device.Reference))], count);
            cross += count * Hsic(Products(ours, 4), Products(theirs, 4));
            left += count * Hsic(Products(ours, 4), Products(ours, 4));
            right += count * Hsic(Products(theirs, 4), Products(theirs, 4));
        }

        if (left > 0 && right > 0) Assert.Equal(cross / Math.Sqrt(left * right), similarity.Result()[0, 0], 1e-4);
        else Assert.Equal(double.NaN, similarity.Result()[0, 0]);
    }

    [Fact]
    public void Layers_of_a_transformer_and_of_a_residual_network_can_be_compared()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config with { ImageSize = 16 }, Device.Cpu);
        ResNet network = new(new ResNetConfig { ImageSize = 16, Classes = 3, Layers = [1, 1], Widths = [4, 8] });
        network.Initialize(Device.Cpu, 1);
        network.Train(false);
        Tensor images = TestTensors.Normal([6, 3, 16, 16], Device.Cpu, 3);
        LayerSimilarity similarity = new();
        similarity.Add(model, images, network, images);

        Assert.Equal(["embedding", "block 1", "block 2"], similarity.Names.Left);
        Assert.Equal(["stem", "1.1", "2.1"], similarity.Names.Right);
        LayerSimilarity same = new();
        same.Add(network, images, network, images);
        for (int i = 0; i < 3; i++) Assert.Equal(1, same.Result()[i, i], 1e-9);
    }

    [Fact]
    public void Fewer_than_four_images_have_no_estimate()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        Tensor images = TestTensors.Normal([3, 3, 8, 12], Device.Cpu, 3);
        Assert.Throws<ArgumentException>(() => new LayerSimilarity().Add(model, images, model, images));
    }

    /// <summary>Song et al. 2012, equation 5, as it stands.</summary>
    private static double Hsic(double[,] k, double[,] l)
    {
        int n = k.GetLength(0);
        double trace = 0, sumK = 0, sumL = 0, mixed = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
            {
                if (i == j) continue;
                trace += k[i, j] * l[j, i];
                sumK += k[i, j];
                sumL += l[i, j];
                for (int m = 0; m < n; m++)
                    if (m != j) mixed += k[i, j] * l[j, m];
            }

        return (trace + sumK * sumL / ((n - 1.0) * (n - 2)) - 2 * mixed / (n - 2)) / (n * (n - 3.0));
    }

    private static double[,] Products(float[] x, int width)
    {
        int n = x.Length / width;
        double[,] products = new double[n, n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                for (int k = 0; k < width; k++) products[i, j] += (double)x[i * width + k] * x[j * width + k];
        return products;
    }

    private static float[] Draw(int count, ulong number) =>
        TestTensors.Normal([count], Device.Cpu, number).ToArray();
}
