using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class NeighborhoodTests
{
    [Theory]
    [InlineData(1, 0, 1, 1, 1, 1, 1, 1)]
    [InlineData(2, 1, 4, 5, 2, 3, 3, 1)]
    [InlineData(1, 0, 3, 6, 1, 2, 5, 1)]   // fewer rows than the kernel
    [InlineData(1, 2, 5, 6, 2, 2, 3, 2)]   // groups of 3 and 2 rows
    [InlineData(1, 1, 2, 7, 1, 3, 3, 4)]   // steps that leave single rows
    public void Gradient(int batch, int prefix, int rows, int columns, int heads, int headDim, int kernel,
        int dilation) =>
        GradientCheck.Run(
            x => Ops.NeighborhoodAttention(x[0], heads, new(rows, columns), new(kernel, dilation), prefix, 0.7f),
            Normal([batch, prefix + rows * columns, 3 * heads * headDim]));

    /// <summary>NATTEN's own code for the first neighbour (csrc, <c>get_window_start</c>), wherever it takes the
    /// sizes.</summary>
    [Fact]
    public void Windows_begin_where_NATTEN_begins_them()
    {
        for (int kernel = 1; kernel <= 9; kernel += 2)
            for (int dilation = 1; dilation <= 5; dilation++)
                for (int size = kernel * dilation; size <= 40; size++)
                    for (int position = 0; position < size; position++)
                        Assert.Equal((Start(position, size, kernel, dilation), kernel),
                            new Neighborhood(kernel, dilation).Along(position, size));

        static int Start(int index, int length, int kernel, int dilation)
        {
            int near = kernel / 2;
            if (dilation <= 1)
                return Math.Max(index - near, 0) + (index + near >= length ? length - index - near - 1 : 0);
            int first = index - near * dilation;
            if (first < 0) return index % dilation;
            if (index + near * dilation < length) return first;
            int rest = index % dilation, whole = length / dilation * dilation, left = length - whole;
            return rest < left ? length - left + rest - 2 * near * dilation : whole + rest - kernel * dilation;
        }
    }

    /// <summary>Softmax over the window in double, by the definition: the class token and 3 × 3 patches, every second
    /// one, in a window that moves inwards.</summary>
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Positions_mix_their_neighbours_alone(string deviceName)
    {
        const int Rows = 7, Columns = 8, D = 3, Kernel = 3, Dilation = 2, N = 1 + Rows * Columns;
        Device device = deviceName == "cpu" ? Device.Cpu : Device.Reference;
        float[] packed = new float[N * 3 * D];
        for (int i = 0; i < packed.Length; i++) packed[i] = (float)Math.Sin(1.7 * i);
        float[] expected = new float[Rows * Columns * D];
        for (int position = 0; position < Rows * Columns; position++)
        {
            List<int> seen = [0];
            foreach (int row in Near(position / Columns, Rows))
                foreach (int column in Near(position % Columns, Columns)) seen.Add(1 + row * Columns + column);
            double[] weights = [.. seen.Select(key => Math.Exp(Enumerable.Range(0, D)
                .Sum(d => (double)At(1 + position, 0, d) * At(key, 1, d)) / Math.Sqrt(D)))];
            for (int d = 0; d < D; d++)
                expected[position * D + d] =
                    (float)(seen.Select((key, j) => weights[j] * At(key, 2, d)).Sum() / weights.Sum());
        }

        float[] actual = Ops.NeighborhoodAttention(Tensor.From(packed, [1, N, 3 * D], device), 1, new(Rows, Columns),
            new(Kernel, Dilation), 1).ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 2e-6f);

        float At(int token, int part, int element) => packed[(token * 3 + part) * D + element];

        // the three of the same parity that are nearest; of equally near ones those to both sides
        static IEnumerable<int> Near(int position, int size) => Enumerable.Range(0, size)
            .Where(other => (other - position) % Dilation == 0)
            .OrderBy(other => Math.Abs(other - position)).Take(Kernel);
    }

    /// <summary>One head whose rows are shared out: the same bits for any number of threads, and for results also
    /// beside so many others that heads are not cut.</summary>
    [Theory]
    [InlineData(0, 3, 1)]
    [InlineData(2, 7, 1)]
    [InlineData(1, 3, 2)]
    public void Cut_heads_give_the_same_bits(int prefix, int kernel, int dilation)
    {
        const int Rows = 40, Columns = 19, Width = 3 * 5, Copies = 20;
        int tokens = prefix + Rows * Columns;
        float[] one = Run(1, 1, out float[] gradient);
        foreach (int threads in (int[])[2, 3, 7])
        {
            Assert.Equal(one, Run(1, threads, out float[] other));
            Assert.Equal(gradient, other);
        }

        float[] many = Run(Copies, 2, out float[] whole);
        for (int i = 0; i < many.Length; i++) Assert.Equal(one[i % one.Length], many[i]);
        double largest = gradient.Max(Math.Abs);
        for (int i = 0; i < whole.Length; i++)
            Assert.Equal(gradient[i % gradient.Length], whole[i], 1e-6 * (1 + largest));

        float[] Run(int batch, int threads, out float[] gradient)
        {
            using StepScope scope = StepScope.Begin();
            float[] values = Normal([1, tokens, Width]).Create(Device.Reference, 1).ToArray();
            Tensor qkv = Tensor.From([.. Enumerable.Repeat(values, batch).SelectMany(x => x)], [batch, tokens, Width],
                Device.CreateCpu(threads));
            qkv.RequiresGradient = true;
            using Tape tape = Tape.Record();
            Tensor y = Ops.NeighborhoodAttention(qkv, 1, new(Rows, Columns), new(kernel, dilation), prefix);
            tape.Backward(y, Ops.Scale(y, 2));
            gradient = qkv.Gradient!.ToArray();
            return y.ToArray();
        }
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Tensor qkv = Tensor.Zeros([1, 7, 12], Device.Reference);
        Assert.Contains("1 + 2 · 4", Assert.Throws<ShapeException>(() =>
            Ops.NeighborhoodAttention(qkv, 2, new(2, 4), new(3), 1)).Message);
        foreach (Neighborhood wrong in (Neighborhood[])[new(2), new(0), new(3, 0)])
            Assert.Throws<ArgumentOutOfRangeException>(() =>
                Ops.NeighborhoodAttention(qkv, 2, new(2, 3), wrong, 1));
    }
}
