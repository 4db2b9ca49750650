using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

/// <summary>NaN, infinities, denormals and numbers so large that a careless formula overflows, on every instruction
/// set.</summary>
public sealed class SpecialValueTests
{
    private const float Infinity = float.PositiveInfinity, Unit = 1f / (1 << 24), SmallestNormal = 1.17549435e-38f;

    private static readonly float[] Specials =
    [
        0, -0f, 1e-45f, -1e-45f, 1e-40f, -1e-40f, SmallestNormal, 1e-20f, -1e-20f, 1e-7f, -1e-7f, 1, -1, 5, -5, 20, -20,
        87, -87,
        88.7f, -88.7f, 89, -89, 104, -104, 1e4f, -1e4f, 1e18f, -1e18f, float.MaxValue, -float.MaxValue, Infinity,
        -Infinity, float.NaN,
    ];

    public static TheoryData<string> InstructionSets() => [.. TestDevices.InstructionSets];

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Functions_of_special_values(string instructionSet)
    {
        foreach (UnaryOperator f in Enum.GetValues<UnaryOperator>())
        {
            (double[] expected, double[] actual) = Both(instructionSet, device =>
                Ops.Apply(f, Tensor.From(Specials, [Specials.Length], device)));
            for (int i = 0; i < Specials.Length; i++)
            {
                // −∞ · 0
                bool undefinedAtMinusInfinity = f is UnaryOperator.Gelu or UnaryOperator.GeluTanh or UnaryOperator.Silu;
                if (undefinedAtMinusInfinity && float.IsNegativeInfinity(Specials[i])) continue;
                Assert.True(IsClose(expected[i], actual[i], FloorOf(f)),
                    $"{f}({Specials[i]:G9}) is {actual[i]:G9}, expected {(float)expected[i]:G9}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Derivatives_stay_finite_far_out(string instructionSet)
    {
        float[] far = [.. Specials.Where(value => Math.Abs(value) <= 1e18)];
        foreach (UnaryOperator f in Enum.GetValues<UnaryOperator>()
            .Except([UnaryOperator.Exp, UnaryOperator.Log, UnaryOperator.Sqrt]))
        {
            (double[] expected, double[] actual) = Both(instructionSet,
                device => GradientOfSum(Tensor.From(far, [far.Length], device),
                x => Ops.Apply(f, x)));
            for (int i = 0; i < far.Length; i++)
                Assert.True(IsClose(expected[i], actual[i], 2),
                    $"{f}'({far[i]:G9}) is {actual[i]:G9}, expected {expected[i]:G9}");
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Arithmetic_of_special_values_is_that_of_the_processor(string instructionSet)
    {
        float[] left = [.. Specials.SelectMany(value => Enumerable.Repeat(value, Specials.Length))],
            right = [.. Specials.SelectMany(_ => Specials)];
        Device device = TestDevices.Cpu(instructionSet);
        Tensor a = Tensor.From(left, [left.Length], device), b = Tensor.From(right, [right.Length], device);
        Assert.Equal(left.Zip(right, (x, y) => x + y), Ops.Add(a, b).ToArray());
        Assert.Equal(left.Zip(right, (x, y) => x - y), Ops.Subtract(a, b).ToArray());
        Assert.Equal(left.Zip(right, (x, y) => x * y), Ops.Multiply(a, b).ToArray());
        Assert.Equal(left.Zip(right, (x, y) => x / y), Ops.Divide(a, b).ToArray());
        Assert.Equal(left.Zip(right, MathF.Max), Ops.Maximum(a, b).ToArray());
        Assert.Equal(left.Zip(right, MathF.Min), Ops.Minimum(a, b).ToArray());
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Softmax_and_cross_entropy_neither_overflow_nor_hide_nan(string instructionSet)
    {
        float[] rows =
        [
            1e30f, -1e30f, 0, -Infinity, 0, 1, -3e38f, -3e38f, -3e38f, 88, 89, 90, -104, -103, -102, 1e4f, 1e4f, -1e4f,
            1e-40f, 0, -1e-40f,
            -Infinity, -Infinity, -Infinity, 0, Infinity, 1, 0, float.NaN, 1,
        ];
        foreach (Func<Tensor, Tensor> f in (Func<Tensor, Tensor>[])[Ops.Softmax, Ops.LogSoftmax,
            x => Ops.CrossEntropyPerRow(x, Tensor.From([0, 1, 2, 0, 1, 1, 2, 0, 1, 1], [10], x.Device))])
        {
            (double[] expected, double[] actual) = Both(instructionSet,
                device => f(Tensor.From(rows, [10, 3], device)));
            for (int i = 0; i < expected.Length; i++)
                Assert.True(IsClose(expected[i], actual[i], 1),
                    $"element {i} is {actual[i]:G9}, expected {expected[i]:G9}");
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void The_largest_element_is_nan_where_there_is_one_and_the_first_of_equals(string instructionSet)
    {
        float[] x = [1, float.NaN, 3, float.NaN, -Infinity, -Infinity, -Infinity, -Infinity, 2, 7, 7, 1, 0, -0f, 0, -1];
        foreach (int axis in (int[])[0, 1])
        {
            (double[] expected, double[] actual) = Both(instructionSet,
                device => Ops.Max(Tensor.From(x, [4, 4], device), axis));
            Assert.Equal(expected, actual);
            (expected, actual) = Both(instructionSet,
                device => GradientOfSum(Tensor.From(x, [4, 4], device), input => Ops.Max(input, axis)));
            Assert.Equal(expected, actual);
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void A_nan_spoils_its_own_row_and_no_other(string instructionSet)
    {
        Device device = TestDevices.Cpu(instructionSet);
        Tensor w = Normal([19, 33]).Create(device, 1), gamma = Normal([33]).Create(device, 2),
            square = Normal([33, 19]).Create(device, 3);
        foreach (Func<Tensor, Tensor> f in (Func<Tensor, Tensor>[])[
            x => Ops.Linear(x, w), x => Ops.ActivationLinear(UnaryOperator.Gelu, x, w),
            x => Ops.ActivationLinear(UnaryOperator.Relu, x, w),
            x => Ops.LayerNormLinear(x, gamma, gamma, 1e-5f, w),
            x => Ops.MatMul(x, square), x => Ops.MatMul(x, w, transposeB: true), x => Ops.LayerNorm(x, gamma, gamma),
            Ops.Softmax, Ops.LogSoftmax, x => Ops.Attention(x.Reshape(17, 1, 33), 1)])
            foreach (int column in (int[])[0, 15, 32])   // to attention over one token: query, key and value
            {
                Tensor clean = f(Rows(device, 1, column)), spoilt = f(Rows(device, float.NaN, column));
                int width = clean.Shape.Elements / 17;
                float[][] cleanRows = [.. clean.ToArray().Chunk(width)],
                    spoiltRows = [.. spoilt.ToArray().Chunk(width)];
                for (int row = 0; row < 17; row++)
                    if (row == 5) Assert.Contains(float.NaN, spoiltRows[row]);
                    else Assert.Equal(cleanRows[row], spoiltRows[row]);
            }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Attention_survives_scores_in_the_thousands(string instructionSet)
    {
        (double[] expected, double[] actual) = Both(instructionSet, device =>
            Ops.Attention(Normal([2, 37, 3 * 2 * 16], scale: 30).Create(device, 0), 2));
        // a score of 4,000 is off by 4,000 units, which exp turns into a relative error
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 64 * 4000 * Unit * 30,
                $"element {i} is {actual[i]:G9}, expected {expected[i]:G9}");
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void A_constant_row_normalises_to_the_shift(string instructionSet)
    {
        Device device = TestDevices.Cpu(instructionSet);
        foreach (float value in (float[])[0, 1, -3.25f, 1e4f])
            foreach (int columns in (int[])[1, 16, 33, 64])
                Assert.All(
                    Ops.LayerNorm(Tensor.Full([3, columns], value, device), Tensor.Full([columns], 2, device),
                        Tensor.Full([columns], 0.5f, device)).ToArray(),
                    // 316 is 1/√ε; the mean errs by units of the value
                    y => Assert.Equal(0.5f, y, 2 * 316 * 4 * Unit * Math.Abs(value)));
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Adam_without_gradient_changes_nothing(string instructionSet)
    {
        Device device = TestDevices.Cpu(instructionSet);
        Tensor p = Normal([33]).Create(device, 0), zeros = Tensor.Zeros([33], device),
            mean = Tensor.Zeros([33], device),
            variance = Tensor.Zeros([33], device);
        float[] before = p.ToArray();
        device.Backend.Adam(
            [new(new(0.01f, 0.9f, 0.999f, 1e-8f, 0, false, 1, 1), p.Storage, zeros.Storage,
                [mean.Storage, variance.Storage], 33)], null);
        Assert.Equal(before, p.ToArray());
    }

    private static (double[] Expected, double[] Actual) Both(string instructionSet, Func<Device, Tensor> operation) =>
        (operation(Device.Reference).Doubles(), operation(TestDevices.Cpu(instructionSet)).Doubles());

    private static Tensor GradientOfSum(Tensor x, Func<Tensor, Tensor> operation)
    {
        x.RequiresGradient = true;
        using Tape tape = Tape.Record();
        tape.Backward(Ops.Sum(operation(x)));
        return x.Gradient!;
    }

    /// <summary>[17, 33] normal numbers, one element of row 5 replaced.</summary>
    private static Tensor Rows(Device device, float value, int column)
    {
        float[] values = Normal([17, 33]).Create(device, 0).ToArray();
        values[5 * 33 + column] = value;
        return Tensor.From(values, [17, 33], device);
    }

    /// <summary>Equal where not finite in single precision, else within 16 units of the value or the floor; denormals
    /// may be flushed.</summary>
    private static bool IsClose(double expected, double actual, double floor)
    {
        float rounded = (float)expected;
        if (!float.IsFinite(rounded)) return rounded.Equals((float)actual);
        return Math.Abs(actual - expected) <= 16 * Unit * Math.Max(floor, Math.Abs(expected)) + SmallestNormal;
    }

    /// <summary>Functions that cancel near 0 or in a tail are accurate relative to 1, the others relative to
    /// themselves.</summary>
    private static double FloorOf(UnaryOperator f) => f switch
    {
        UnaryOperator.Gelu or UnaryOperator.GeluTanh or UnaryOperator.Silu or UnaryOperator.Softplus
            or UnaryOperator.Elu or UnaryOperator.Tanh => 1,
        _ => 0,
    };
}
