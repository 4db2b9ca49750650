using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class RowsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5)]
    [InlineData(4, 7)]
    public void LayerNorm_gradient(int rows, int columns) =>
        GradientCheck.Run(x => Ops.LayerNorm(x[0], x[1], x[2], 1e-3f), Normal([rows, columns]), Normal([columns]),
            Normal([columns]));

    [Fact]
    public void LayerNorm_gradient_of_the_input_alone() =>
        GradientCheck.Run(x => Ops.LayerNorm(x[0], x[1], x[2]), Normal([2, 3, 4]), Normal([4]).WithoutGradient(),
            Normal([4]).WithoutGradient());

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5)]
    [InlineData(4, 7)]
    public void RmsNorm_gradient(int rows, int columns) =>
        GradientCheck.Run(x => Ops.RmsNorm(x[0], x[1], 1e-3f), Normal([rows, columns]), Normal([columns]));

    /// <summary>Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4, evaluated in double.</summary>
    [Fact]
    public void RmsNorm_is_its_papers_formula()
    {
        Device device = Device.CreateReference();
        Tensor x = Normal([3, 7]).Create(device, 0), gamma = Normal([7]).Create(device, 1);
        double[] values = x.Doubles(), scale = gamma.Doubles(), expected = new double[21];
        for (int i = 0; i < 21; i++)
        {
            double square = values[(i / 7 * 7)..(i / 7 * 7 + 7)].Sum(value => value * value) / 7;
            expected[i] = values[i] / Math.Sqrt(square + 1e-6f) * scale[i % 7];
        }

        Fovea.Tests.GoldenAssert.Close(expected, Ops.RmsNorm(x, gamma, 1e-6f).Doubles(), 1e-14, 1e-14);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    public void Softmax_gradient(int rows, int columns)
    {
        GradientCheck.Run(x => Ops.Softmax(x[0]), Normal([rows, columns]));
        GradientCheck.Run(x => Ops.LogSoftmax(x[0]), Normal([rows, columns]));
    }

    [Fact]
    public void LogSoftmax_is_the_logarithm_of_the_softmax()
    {
        Tensor x = Normal([4, 9], scale: 3).Create(Device.CreateReference(), 0);
        GoldenAssert.Close(Ops.Softmax(x).Doubles(), Ops.Apply(UnaryOperator.Exp, Ops.LogSoftmax(x)).Doubles(), 0,
            1e-14);
        GoldenAssert.Close([1, 1, 1, 1], Ops.Sum(Ops.Softmax(x), -1).Doubles(), 1e-15, 0);
    }

    [Theory]
    [InlineData(0f, false)]
    [InlineData(0.1f, false)]
    [InlineData(0f, true)]
    [InlineData(0.3f, true)]
    [InlineData(1f, true)]
    public void CrossEntropy_gradient(float smoothing, bool weighted)
    {
        Sample[] inputs = [Normal([4, 5]), Integers([4], 5), Uniform([5], 0.5f, 2).WithoutGradient()];
        GradientCheck.Run(x => Ops.CrossEntropy(x[0], x[1], smoothing, weighted ? x[2] : null), inputs);
        GradientCheck.Run(x => Ops.CrossEntropyPerRow(x[0], x[1], smoothing, weighted ? x[2] : null), inputs);
    }

    [Fact]
    public void SoftCrossEntropy_gradient()
    {
        Sample[] inputs = [Normal([3, 4]), Uniform([3, 4], 0, 1).WithoutGradient()];   // rows need not sum to 1
        GradientCheck.Run(x => Ops.SoftCrossEntropy(x[0], x[1]), inputs);
        GradientCheck.Run(x => Ops.SoftCrossEntropyPerRow(x[0], x[1]), inputs);
    }

    [Fact]   // loss_i = −(1−s) w_y log p_y − s/C Σ_c w_c log p_c; their mean is divided by Σ w_y, as PyTorch does
    public void CrossEntropy_is_what_its_formula_says()
    {
        const float Smoothing = 0.2f;
        Device device = Device.CreateReference();
        Tensor logits = Normal([3, 4]).Create(device, 0), labels = Tensor.From([2, 0, 2], [3], device),
            weights = Tensor.From([1f, 2, 3, 4], [4], device);
        double[] logP = Ops.LogSoftmax(logits).Doubles(), w = weights.Doubles();
        double total = 0, totalWeight = 0;
        foreach ((int row, int label) in ((int, int)[])[(0, 2), (1, 0), (2, 2)])
        {
            total -= (1 - (double)Smoothing) * w[label] * logP[row * 4 + label];
            for (int c = 0; c < 4; c++) total -= (double)Smoothing / 4 * w[c] * logP[row * 4 + c];
            totalWeight += w[label];
        }

        Assert.Equal(total / totalWeight, Ops.CrossEntropy(logits, labels, Smoothing, weights).Doubles()[0], 1e-13);
    }

    [Fact]
    public void CrossEntropy_refuses_to_drop_a_gradient_of_its_targets()
    {
        Tensor logits = Tensor.Zeros([1, 2], Device.Reference), targets = Tensor.Zeros([1, 2], Device.Reference);
        targets.RequiresGradient = true;
        using Tape tape = Tape.Record();
        Exception refused = Assert.Throws<InvalidOperationException>(() => Ops.SoftCrossEntropy(logits, targets));
        Assert.StartsWith("CrossEntropy: has no gradient for targets", refused.Message, StringComparison.Ordinal);
    }
}
