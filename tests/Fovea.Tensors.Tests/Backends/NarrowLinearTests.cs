using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests.Backends;

/// <summary>Linear layers of the CPU in bf16 and int8 against their definitions in double precision.</summary>
public sealed class NarrowLinearTests
{
    private static readonly (int Rows, int In, int Out)[] Sizes =
    [
        (1, 1, 1), (3, 5, 4), (13, 33, 17), (25, 64, 48), (300, 70, 45), (2100, 23, 40), (2052, 8, 300), (40, 4200, 33),
    ];

    public static TheoryData<string, int> InstructionSetsAndSizes()
    {
        TheoryData<string, int> data = [];
        foreach (string set in TestDevices.InstructionSets)
            for (int i = 0; i < Sizes.Length; i++) data.Add(set, i);
        return data;
    }

    [Theory]
    [MemberData(nameof(InstructionSetsAndSizes))]
    public void Products_of_bfloat16_are_those_of_rounded_operands(string set, int size)
    {
        (int rows, int inner, int outer) = Sizes[size];
        Case test = new(rows, inner, outer);
        Results found = test.Run(Open(set, Precision.Bf16));

        double[] x = [.. test.X.Select(Rounded)], w = [.. test.W.Select(Rounded)], dy = [.. test.Dy.Select(Rounded)];
        Close(found.Y, (r, o) => Sum(inner, i => x[r * inner + i] * w[o * inner + i])
            + test.Bias[o] + test.Residual[r * outer + o], outer, inner);
        Close(found.Dx, (r, i) => Sum(outer, o => dy[r * outer + o] * w[o * inner + i]), inner, outer);
        Close(found.Dw, (o, i) => Sum(rows, r => dy[r * outer + o] * x[r * inner + i]), inner, rows);
        Close(found.Dbias, (_, o) => Sum(rows, r => (double)test.Dy[r * outer + o]), outer, rows);
    }

    [Theory]
    [MemberData(nameof(InstructionSetsAndSizes))]
    public void Products_of_bytes_are_those_of_operands_on_their_grids(string set, int size)
    {
        (int rows, int inner, int outer) = Sizes[size];
        Case test = new(rows, inner, outer);
        float[] found = test.Forward(Open(set, Precision.Int8));

        double[] x = Grid(test.X, inner, 128), w = Grid(test.W, inner, 0);
        Close(found, (r, o) => Sum(inner, i => x[r * inner + i] * w[o * inner + i])
            + test.Bias[o] + test.Residual[r * outer + o], outer, inner);
    }

    /// <summary>The instructions and what stands for them where they are missing: one answer.</summary>
    [Theory]
    [InlineData(Precision.Bf16)]
    [InlineData(Precision.Int8)]
    public void Bits_do_not_depend_on_the_instruction_set_or_the_threads(Precision precision)
    {
        foreach ((int rows, int inner, int outer) in Sizes)
        {
            Case test = new(rows, inner, outer);
            float[] expected = test.Forward(Device.CreateCpu(1, "scalar", precision));
            foreach (string set in TestDevices.InstructionSets)
                foreach (int threads in (int[])[1, 3])
                {
                    Device device;
                    try
                    {
                        device = Device.CreateCpu(threads, set, precision);
                    }
                    catch (ArgumentException)
                    {
                        continue;   // not on this machine
                    }

                    Assert.Equal(expected, test.Forward(device));
                }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_no_number_does_not_become_one(float value)
    {
        foreach (Precision precision in (Precision[])[Precision.Bf16, Precision.Int8])
        {
            Case test = new(5, 37, 20);
            test.X[2 * 37 + 36] = value;
            float[] found = test.Forward(Device.CreateCpu(2, precision: precision));
            for (int i = 0; i < found.Length; i++) Assert.Equal(i / 20 != 2, float.IsFinite(found[i]));
        }
    }

    [Fact]
    public void Rows_of_zeros_and_tiny_numbers_have_products_of_zero()
    {
        Case test = new(3, 40, 7);
        Array.Clear(test.X);
        Array.Fill(test.X, 1e-42f, 40, 40);
        foreach (Precision precision in (Precision[])[Precision.Bf16, Precision.Int8])
        {
            float[] found = test.Forward(Device.CreateCpu(1, precision: precision));
            for (int i = 0; i < found.Length; i++) Assert.Equal(test.Bias[i % 7] + test.Residual[i], found[i]);
        }
    }

    [Theory]
    [InlineData(Precision.Bf16)]
    [InlineData(Precision.Int8)]
    public void Norms_and_activations_on_the_way_in_are_those_of_single_precision(Precision precision)
    {
        foreach ((int rows, int inner, int outer) in Sizes)
        {
            Case test = new(rows, inner, outer);
            Device narrow = Device.CreateCpu(2, precision: precision), single = Device.CreateCpu(2);
            double unit = precision == Precision.Bf16 ? 1.0 / 256 : 1.0 / 64;   // a row reaches about 6 deviations
            foreach (bool norm in (bool[])[false, true])
            {
                Results expected = test.Run(single, norm ? Input.Norm : Input.Gelu, precision == Precision.Bf16),
                    found = test.Run(narrow, norm ? Input.Norm : Input.Gelu, precision == Precision.Bf16);
                Near(expected.Y, found.Y, unit);
                Near(expected.Dx, found.Dx, unit);
                Near(expected.Dw, found.Dw, unit);
                Near(expected.Dgamma, found.Dgamma, unit);
            }
        }
    }

    [Fact]
    public void Int8_has_no_gradients()
    {
        Case test = new(3, 5, 4);
        Assert.Equal("precision", Assert.Throws<UsageException>(() =>
            test.Run(Device.CreateCpu(1, precision: Precision.Int8))).Field);
    }

    /// <summary>What was made of a weight is used again, and not once the weight is another one.</summary>
    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    [InlineData(Precision.Int8)]
    public void A_settled_weight_gives_the_same_bits_and_its_changes_are_noticed(Precision precision)
    {
        Device device = Device.CreateCpu(2, precision: precision);
        Random random = new(1);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        float[] x = Values(30 * 40), w = Values(50 * 40), other = Values(50 * 40);
        Tensor input = Tensor.From(x, [30, 40], device).Keep(), weight = Tensor.From(w, [50, 40], device).Keep(),
            fresh = Tensor.From(w, [50, 40], device).Keep();
        weight.Settle();
        float[] Product(Tensor by)
        {
            using StepScope scope = StepScope.Begin();
            return Ops.Linear(input, by).ToArray();
        }

        Action<Tensor>[] changes =
        [
            _ => { },
            tensor => tensor.CopyFrom(other),
            tensor => tensor.CopyFrom(w.AsSpan(0, 80), 120),
            tensor => device.Backend.Lerp([(input.Storage, tensor.Storage, 30 * 40)], 0.25f),
            tensor => device.Backend.AddScaled(input.Storage, new(tensor.Storage, true), 30 * 40, 0.5f),
            tensor => device.Backend.Sgd([new(new(0.1, 0, 0, 0.1, false, true, 1), tensor.Storage, input.Storage, [],
                30 * 40)], null),
            tensor => device.Backend.Fill(tensor.Storage, 100, 0.125f),
        ];
        foreach (Action<Tensor> change in changes)
        {
            change(weight);
            change(fresh);
            float[] expected = Product(fresh);
            Assert.Equal(expected, Product(weight));
            Assert.Equal(expected, Product(weight));   // from what was kept
        }
    }

    [Fact]
    public void Memory_that_is_used_for_something_else_is_not_settled_any_more()
    {
        Device device = Device.CreateCpu(1);
        Tensor weight = Tensor.Full([50, 40], 1, device).Keep(), input = Tensor.Full([1, 40], 1, device).Keep();
        weight.Settle();
        using StepScope scope = StepScope.Begin();
        Assert.Equal(40, Ops.Linear(input, weight).ToArray()[0]);
        Storage memory = weight.Storage;
        weight.Release();
        Tensor next = Tensor.Full([50, 40], 2, device);
        Assert.Same(memory, next.Storage);
        Assert.Equal(80, Ops.Linear(input, next).ToArray()[0]);
        Tensor last = Ops.Scale(next, 2);
        Assert.Equal(160, Ops.Linear(input, last).ToArray()[0]);
    }

    private static Device Open(string set, Precision precision)
    {
        TestDevices.Cpu(set);   // skips where there is none
        return Device.CreateCpu(2, set, precision);
    }

    private static double Sum(int count, Func<int, double> term)
    {
        double sum = 0;
        for (int i = 0; i < count; i++) sum += term(i);
        return sum;
    }

    private static double Rounded(float value)
    {
        // 8 bits from the leading one on, ties to even.
        double unit = Math.ScaleB(1, Math.ILogB(value) - 7);
        return value == 0 ? 0 : Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }

    /// <summary>Each row on its grid of 255 numbers.</summary>
    private static double[] Grid(float[] values, int columns, float offset) =>
        [.. values.Chunk(columns).SelectMany(row =>
    {
        float scale = row.Max(MathF.Abs) / 127;
        return row.Select(value =>
            (double)(MathF.Round(MathF.FusedMultiplyAdd(value, 1 / scale, offset)) - offset) * scale);
    })];

    private static void Close(float[] found, Func<int, int, double> expected, int columns, int terms)
    {
        double allowed = 4e-7 * (4 + Math.Sqrt(terms)) * Math.Sqrt(terms);
        for (int i = 0; i < found.Length; i++)
        {
            double value = expected(i / columns, i % columns);
            Assert.True(Math.Abs(found[i] - value) <= allowed, $"element {i}: {found[i]} instead of {value}");
        }
    }

    /// <summary>Rounding errors of independent signs, of products of the usual size.</summary>
    private static void Near(float[] expected, float[] found, double unit)
    {
        if (expected.Length == 0) return;
        double size = Math.Sqrt(expected.Average(value => (double)value * value));
        double error = Math.Sqrt(expected.Zip(found, (e, f) => (double)(e - f) * (e - f)).Average());
        Assert.True(error <= 2 * unit * size + 1e-6, $"{error} of {size}");
    }

    private enum Input
    {
        Identity,
        Gelu,
        Norm,
    }

    private sealed record Results(float[] Y, float[] Dx, float[] Dw, float[] Dbias, float[] Dgamma);

    private sealed class Case(int rows, int inner, int outer)
    {
        public float[] X { get; } = Normal(rows * inner, 1);

        public float[] W { get; } = Normal(outer * inner, 2);

        public float[] Bias { get; } = Normal(outer, 3);

        public float[] Residual { get; } = Normal(rows * outer, 4);

        public float[] Dy { get; } = Normal(rows * outer, 5);

        public float[] Forward(Device device) => Run(device, Input.Identity, backward: false).Y;

        public Results Run(Device device, Input input = Input.Identity, bool backward = true)
        {
            using StepScope scope = StepScope.Begin();
            Tensor x = Make(X, [rows, inner]), w = Make(W, [outer, inner]), bias = Make(Bias, [outer]),
                residual = Make(Residual, [rows, outer]), gamma = Make(Normal(inner, 6), [inner]),
                shift = Make(Normal(inner, 7), [inner]);
            using Tape tape = Tape.Record();
            Tensor y = input switch
            {
                Input.Gelu => Ops.ActivationLinear(UnaryOperator.Gelu, x, w, bias, residual),
                Input.Norm => Ops.LayerNormLinear(x, gamma, shift, 1e-5f, w, bias),
                _ => Ops.Linear(x, w, bias, residual),
            };
            if (!backward) return new(y.ToArray(), [], [], [], []);
            tape.Backward(y, Tensor.From(Dy, [rows, outer], device));
            return new(y.ToArray(), x.Gradient!.ToArray(), w.Gradient!.ToArray(), bias.Gradient!.ToArray(),
                gamma.Gradient?.ToArray() ?? []);

            Tensor Make(float[] values, Shape shape)
            {
                Tensor tensor = Tensor.From(values, shape, device);
                tensor.RequiresGradient = backward;
                return tensor;
            }
        }

        private static float[] Normal(int count, int seed)
        {
            Random random = new(seed);
            return [.. Enumerable.Range(0, count).Select(_ =>
                (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(
                    random.NextDouble() * 6.2831853)))];
        }
    }
}
