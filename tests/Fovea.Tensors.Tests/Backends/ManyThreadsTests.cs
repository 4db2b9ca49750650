using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

/// <summary>Sizes that many threads cut finer than few: the bits are those of one thread.</summary>
public sealed class ManyThreadsTests
{
    private static readonly Shape Mlp = [2500, 96];

    private static readonly (string Name, Func<BackendCase> Case)[] Cases =
    [
        ("linear", () => Case("linear", x => Ops.Linear(x[0], x[1], x[2], x[3]),
            Normal(Mlp), Normal([150, 96]), Normal([150]), Normal([2500, 150]))),
        ("linear, few rows", () => Case("linear, few rows", x => Ops.Linear(x[0], x[1], x[2]),
            Normal([130, 200]), Normal([330, 200]), Normal([330]))),
        ("activation", () => Case("activation", x => Ops.ActivationLinear(UnaryOperator.Gelu, x[0], x[1], x[2]),
            Normal(Mlp), Normal([40, 96]), Normal([40]))),
        ("layer norm", () => Case("layer norm",
            x => Ops.LayerNormLinear(x[0], x[1], x[2], 1e-5f, x[3], x[4]),
            Normal(Mlp, 2, 0.5), Normal([96]), Normal([96]), Normal([150, 96]), Normal([150]))),
        ("attention, few heads", () => Attention(2, 50, 5)),
        ("attention", () => Attention(31, 20, 7)),
        ("product", () => Case("product", x => Ops.MatMul(x[0], x[1]), Normal([700, 130]), Normal([130, 90]))),
        ("convolution", () => Case("convolution", x => Ops.Conv2d(x[0], x[1], x[2], 2, 1),
            Normal([9, 33, 20, 20]), Normal([50, 33, 3, 3]), Normal([50]))),
        ("transformed convolution", () => Case("transformed convolution", x => Ops.Conv2d(x[0], x[1], x[2], 1, 1),
            Normal([9, 33, 20, 20]), Normal([50, 33, 3, 3]), Normal([50]))),
        ("addition", () => Case("addition", x => Ops.Add(x[0], x[1]), Normal([70, 33, 150]), Normal([1, 33, 150]))),
        ("few sums", () => Case("few sums", x => Ops.Add(x[0], x[1]), Normal([3, 70, 333]), Normal([3, 1, 333]))),
        ("softmax", () => Case("softmax", x => Ops.Softmax(x[0]), Normal([3000, 37]))),
        ("GELU", () => Case("GELU", x => Ops.Gelu(x[0]), Normal([3, 100_001]))),
    ];

    public static TheoryData<string, Precision> Products()
    {
        TheoryData<string, Precision> data = [];
        foreach ((string name, _) in Cases)
        {
            data.Add(name, Precision.Fp32);
            if (!name.Contains("conv", StringComparison.Ordinal)) data.Add(name, Precision.Bf16);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void Bits_are_those_of_one_thread(string name, Precision precision)
    {
        BackendCase test = Cases.First(one => one.Name == name).Case();
        double[][] alone = test.Results(Device.CreateCpu(1, precision: precision));
        foreach (int threads in (int[])[12, 64])
        {
            double[][] together = test.Results(Device.CreateCpu(threads, precision: precision));
            for (int i = 0; i < alone.Length; i++)
                Assert.True(alone[i].Select(BitConverter.DoubleToInt64Bits)
                    .SequenceEqual(together[i].Select(BitConverter.DoubleToInt64Bits)),
                    $"{threads} threads, tensor {i}");
        }
    }

    [Fact]
    public void Sums_over_images_are_added_in_their_order()
    {
        const int Images = 70, Width = 1333;
        using StepScope scope = StepScope.Begin();
        Tensor x = Normal([Images, 1, Width]).Create(Device.Cpu, 1);
        float[] values = [.. x.Doubles().Select(value => (float)value)], expected = new float[Width];
        for (int image = 0; image < Images; image++)
            for (int i = 0; i < Width; i++) expected[i] += values[image * Width + i];
        Assert.Equal(expected, Ops.Sum(x, 0).Doubles().Select(value => (float)value));
    }

    private static BackendCase Attention(int batch, int tokens, int heads) =>
        Case($"attention {heads}", x => Ops.Attention(x[0], heads), Normal([batch, tokens, 3 * heads * 16]));

    private static BackendCase Case(string name, Func<Tensor[], Tensor> run, params Sample[] samples) =>
        BackendCase.Operator(name, Rounding.Rows(), run, samples);
}
