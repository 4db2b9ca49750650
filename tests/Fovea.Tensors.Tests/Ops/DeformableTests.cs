using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class DeformableTests
{
    public static TheoryData<string> InstructionSets() => [.. TestDevices.InstructionSets];

    // batch, prefix, queries, heads, width, points, rows, columns; locations stay away from kinks, see Sample.Locations
    [Theory]
    [InlineData(1, 0, 1, 1, 1, 1, 1, 1)]
    [InlineData(1, 0, 1, 1, 3, 2, 3, 5)]
    [InlineData(2, 1, 3, 2, 3, 4, 2, 3)]
    [InlineData(1, 2, 4, 3, 1, 1, 7, 1)]
    public void Gradient(int batch, int prefix, int queries, int heads, int width, int points, int rows, int columns)
    {
        GridLevel[] levels = [new(rows, columns)];
        GradientCheck.Run(x => Ops.DeformableSample(new HeadTensor(x[0], heads), levels, x[1], x[2], prefix),
            Normal([batch, prefix + rows * columns, heads * width]), Locations(batch, queries, heads, levels, points),
            Normal([batch, queries, heads, 1, points]));
    }

    [Fact]
    public void Gradient_of_several_levels()
    {
        GridLevel[] levels = [new(5, 3), new(3, 2), new(2, 1)];
        GradientCheck.Run(x => Ops.DeformableSample(new HeadTensor(x[0], 2), levels, x[1], x[2], 1),
            Normal([2, 1 + 15 + 6 + 2, 6]), Locations(2, 3, 2, levels, 2), Normal([2, 3, 2, 3, 2]));
    }

    [Fact]
    public void Gradient_of_one_part_of_packed_projections()
    {
        GridLevel[] levels = [new(2, 3)];
        GradientCheck.Run(x => Ops.DeformableSample(new HeadTensor(x[0], 2, 3, 1), levels, x[1], x[2], 1),
            Normal([2, 7, 3 * 2 * 2]), Locations(2, 3, 2, levels, 2), Normal([2, 3, 2, 1, 2]));
    }

    [Fact]
    public void Gradient_of_two_parts_read_at_the_same_places()
    {
        GridLevel[] levels = [new(2, 3)];
        GradientCheck.Run(x => Ops.Concat(2,
                Ops.DeformableSample(new HeadTensor(x[0], 1, 3, 1), levels, x[1], x[2], 1),
                Ops.DeformableSample(new HeadTensor(x[0], 1, 3, 2), levels, x[1], x[2], 1)),
            Normal([1, 7, 3 * 2]), Locations(1, 3, 1, levels, 1), Normal([1, 3, 1, 1, 1]).WithoutGradient());
    }

    [Theory]
    [InlineData(1, 0, 1, 1, 2)]
    [InlineData(2, 1, 3, 4, 2)]
    [InlineData(1, 2, 5, 3, 1)]
    public void Gradient_of_pooling(int batch, int prefix, int rows, int columns, int width) =>
        GradientCheck.Run(x => Ops.PoolGrid(x[0], new(rows, columns), prefix),
            Normal([batch, prefix + rows * columns, width]));

    [Theory]   // batch, prefix, rows, columns, heads, width, kernel, stride
    [InlineData(1, 0, 1, 1, 1, 1, 3, 1)]
    [InlineData(2, 1, 3, 4, 2, 2, 3, 1)]
    [InlineData(1, 2, 5, 2, 1, 3, 5, 2)]
    [InlineData(1, 0, 4, 3, 1, 2, 1, 2)]
    public void Gradient_of_a_convolution_of_tokens(int batch, int prefix, int rows, int columns, int heads, int width,
        int kernel, int stride) =>
        GradientCheck.Run(x => Ops
            .GridConvolution(new HeadTensor(x[0], heads, 2, 1), new(rows, columns), x[1], x[2], stride, prefix),
            Normal([batch, prefix + rows * columns, 2 * heads * width]), Normal([kernel * kernel, width]),
            Normal([width]));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_convolution_of_tokens_is_the_depthwise_convolution_of_their_image(int stride)
    {
        Device device = Device.CreateReference();
        Tensor image = Normal([2, 3, 5, 4]).Create(device, 0), weight = Normal([3, 1, 3, 3]).Create(device, 1),
            bias = Normal([3]).Create(device, 2);
        Tensor tokens = Ops.Permute(image.Reshape(2, 3, 20), 0, 2, 1), kernel = Ops.Permute(weight.Reshape(3, 9), 1, 0);
        Tensor expected = Ops.Conv2d(image, weight, bias, stride, padding: 1, groups: 3);
        Tensor actual = Ops.GridConvolution(new HeadTensor(tokens, 1), new(5, 4), kernel, bias, stride);
        GoldenAssert.Close(Ops.Permute(expected.Reshape(2, 3, -1), 0, 2, 1).Doubles(), actual.Doubles(), 1e-14, 1e-13);
    }

    [Fact]
    public void A_location_is_read_between_the_centres_of_its_neighbours()
    {
        // 2 rows, 3 columns; the centre of position (row, column) is ((column + ½) / 3, (row + ½) / 2).
        Assert.Equal(20, Read(0.5f, 0.25f), 1e-6f);
        Assert.Equal(15, Read(1 / 3f, 0.25f), 1e-5f);
        Assert.Equal((10 + 20 + 40 + 50) / 4f, Read(1 / 3f, 0.5f), 1e-5f);
        Assert.Equal(5, Read(0, 0.25f), 1e-6f);         // on the left edge half of the kernel is outside
        Assert.Equal(15, Read(1, 1), 1e-6f);            // on a corner three quarters
        Assert.Equal(0, Read(-0.2f, 0.25f));
        Assert.Equal(0, Read(0.5f, 1.3f));

        static float Read(float x, float y) => Ops.DeformableSample(
            new HeadTensor(Tensor.From([10f, 20, 30, 40, 50, 60], [1, 6, 1], Device.Reference), 1), [new(2, 3)],
            Tensor.From([x, y], [1, 1, 1, 1, 1, 2], Device.Reference),
            Tensor.From([1f], [1, 1, 1, 1, 1], Device.Reference)).Item();
    }

    [Fact]
    public void Inside_the_grid_the_kernel_sums_to_one()
    {
        GridLevel[] levels = [new(4, 5)];
        Tensor ones = Tensor.Full([1, 20, 3], 1, Device.Reference),
            weights = Tensor.Full([1, 50, 1, 1, 1], 1, Device.Reference);
        Tensor locations = Uniform([1, 50, 1, 1, 1, 2], 0.125f, 0.875f).Create(Device.Reference, 3);
        Assert.All(Ops.DeformableSample(new HeadTensor(ones, 1), levels, locations, weights).ToArray(),
            value => Assert.Equal(1, value, 1e-6f));
    }

    [Fact]
    public void Pooling_takes_means_of_what_there_is()
    {
        Tensor x = Tensor.From([99f, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 10, 1], Device.Reference);
        Assert.Equal([3, 4.5f, 7.5f, 9], Ops.PoolGrid(x, new(3, 3), prefix: 1).ToArray());
    }

    [Fact]
    public void Pooling_and_projecting_commute()
    {
        Device device = Device.CreateReference();
        Tensor x = Normal([2, 15, 4]).Create(device, 0), weight = Normal([6, 4]).Create(device, 1),
            bias = Normal([6]).Create(device, 2);
        GridLevel grid = new(3, 5);
        GoldenAssert.Close(
            Ops.Linear(Ops.PoolGrid(x, grid), weight, bias).Doubles(),
            Ops.PoolGrid(Ops.Linear(x, weight, bias), grid).Doubles(), 1e-14, 1e-13);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Far_and_infinite_locations_count_as_outside_and_nan_shows(string instructionSet)
    {
        float[] coordinates = [1e9f, -1e9f, 1e30f, -1e30f, float.MaxValue, float.PositiveInfinity,
            float.NegativeInfinity, float.NaN];
        foreach (Device device in (Device[])[Device.Reference, TestDevices.Cpu(instructionSet)])
            foreach (float x in coordinates)
                foreach (float y in (float[])[0.4f, .. coordinates])
                {
                    using StepScope scope = StepScope.Begin();
                    Tensor[] inputs = [Sample(device, [1, 6, 5]), Tensor.From([x, y], [1, 1, 1, 1, 1, 2], device),
                        Sample(device, [1, 1, 1, 1, 1])];
                    foreach (Tensor input in inputs) input.RequiresGradient = true;
                    using Tape tape = Tape.Record();
                    Tensor result = Ops.DeformableSample(new HeadTensor(inputs[0], 1), [new(2, 3)], inputs[1],
                        inputs[2]).Keep();
                    tape.Backward(result, Sample(device, [1, 1, 5]));

                    bool unknown = float.IsNaN(x) || float.IsNaN(y);
                    Assert.All(result.ToArray(), value => Assert.Equal(unknown ? float.NaN : 0, value));
                    Assert.All(inputs[1].Gradient!.ToArray(), value => Assert.Equal(unknown ? float.NaN : 0, value));
                    if (!unknown) Assert.All(inputs[0].Gradient!.ToArray(), value => Assert.Equal(0, value));
                }

        static Tensor Sample(Device device, Shape shape) => Uniform(shape, 1, 2).Create(device, 4);
    }

    [Fact]
    public void Tokens_outside_the_sampled_levels_receive_no_gradient()
    {
        Device device = Device.Cpu;
        GridLevel[] levels = [new(2, 3)];
        using StepScope scope = StepScope.Begin();
        Tensor qkv = Normal([2, 8, 9]).Create(device, 0);
        using Tape tape = Tape.Record();
        Tensor y = Ops.DeformableSample(new HeadTensor(qkv, 1, 3, 1), levels,
            Locations(2, 4, 1, levels, 1).Create(device, 1),
            Normal([2, 4, 1, 1, 1]).Create(device, 2), prefix: 2);
        tape.Backward(y, Normal(y.Shape).Create(device, 3));

        float[] gradient = qkv.Gradient!.ToArray();
        Assert.All(Enumerable.Range(0, gradient.Length).Where(i => i / 9 % 8 < 2 || i % 9 / 3 != 1),
            i => Assert.Equal(0, gradient[i]));
        Assert.Contains(gradient, value => value != 0);
    }
}
