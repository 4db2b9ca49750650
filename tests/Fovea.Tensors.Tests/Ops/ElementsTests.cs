using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class ElementsTests
{
    public static TheoryData<UnaryOperator> UnaryOperators() => [.. Enum.GetValues<UnaryOperator>()];

    /// <summary>Inputs for which the function is defined.</summary>
    internal static Sample Domain(UnaryOperator f, Shape shape) =>
        f is UnaryOperator.Log or UnaryOperator.Sqrt ? Uniform(shape, 0.5f, 3) : Normal(shape, scale: 2);

    [Theory]
    [MemberData(nameof(UnaryOperators))]
    public void Gradient_of_a_function(UnaryOperator f) =>
        GradientCheck.Run(x => Ops.Apply(f, x[0]), Domain(f, [3, 7]));

    [Theory]
    [MemberData(nameof(UnaryOperators))]
    public void Gradient_of_a_gate(UnaryOperator f)
    {
        Sample halves = Domain(f, [3, 2, 14]);
        GradientCheck.Run(x => Ops.Gate(f, x[0]), halves);
        // added to a gradient that is there
        GradientCheck.Run(x => Ops.Add(Ops.Gate(f, x[0]), Ops.Slice(x[0], 2, 0, 7)), halves);
    }

    [Fact]
    public void A_gate_is_the_function_of_the_first_half_times_the_second()
    {
        Tensor x = Normal([2, 3, 10]).Create(Device.CreateReference(), 0);
        Tensor steps = Ops.Multiply(Ops.Apply(UnaryOperator.Silu, Ops.Slice(x, 2, 0, 5)), Ops.Slice(x, 2, 5, 5));
        Assert.Equal(steps.Doubles(), Ops.Gate(UnaryOperator.Silu, x).Doubles());
    }

    [Fact]
    public void Integers_are_not_taken_for_numbers()
    {
        Tensor integers = Tensor.From([1, 2], [2], Device.Reference);

        Assert.Equal(
            "Relu: computes with numbers, got integers [2]; make the tensor from floats.",
            Assert.Throws<ArgumentException>(() => Ops.Relu(integers)).Message);
    }

    public static TheoryData<string, int[], int[]> BroadcastPatterns()
    {
        TheoryData<string, int[], int[]> data = [];
        foreach (string f in (string[])["add", "subtract", "multiply", "divide", "maximum", "minimum"])
            foreach ((int[] a, int[] b) in ((int[], int[])[])[
                ([3, 4], [3, 4]), ([3, 4], [4]), ([4], [3, 4]), ([3, 1], [1, 4]), ([2, 3, 4], [1, 3, 1]),
                ([2, 1, 4], [3, 1]), ([], [2, 3]),
                ([2, 3], []), ([], [])])
                data.Add(f, a, b);
        return data;
    }

    [Theory]
    [MemberData(nameof(BroadcastPatterns))]
    public void Gradient_of_two_operands(string f, int[] a, int[] b)
    {
        Func<Tensor, Tensor, Tensor> combine = Combination(f);
        Sample right = f == "divide" ? Uniform(Shape.Create(b), 0.5f, 2) : Normal(Shape.Create(b));
        GradientCheck.Run(x => combine(x[0], x[1]), Normal(Shape.Create(a)), right);
        GradientCheck.Run(x => combine(x[0], x[1]), Normal(Shape.Create(a)).WithoutGradient(), right);
        GradientCheck.Run(x => combine(x[0], x[1]), Normal(Shape.Create(a)), right.WithoutGradient());
    }

    [Theory]
    [InlineData("add")]
    [InlineData("subtract")]
    [InlineData("multiply")]
    [InlineData("divide")]
    public void Gradient_where_both_operands_are_one_tensor(string f)
    {
        Func<Tensor, Tensor, Tensor> combine = Combination(f);
        GradientCheck.Run(x => combine(x[0], x[0]), Uniform([2, 3], 0.5f, 2));
    }

    [Fact]
    public void Gradient_of_a_scaled_tensor() => GradientCheck.Run(x => Ops.Scale(x[0], -1.75f), Normal([3, 5]));

    [Fact]
    public void Where_two_operands_are_equal_the_left_one_takes_the_gradient()
    {
        foreach (Func<Tensor, Tensor, Tensor> f in (Func<Tensor, Tensor, Tensor>[])[Ops.Maximum, Ops.Minimum])
        {
            Tensor a = Tensor.Full([2], 1, Device.Reference), b = Tensor.Full([2], 1, Device.Reference);
            (a.RequiresGradient, b.RequiresGradient) = (true, true);
            using Tape tape = Tape.Record();
            tape.Backward(Ops.Sum(f(a, b)));
            Assert.Equal([1, 1], a.Gradient!.ToArray());
            Assert.Equal([0, 0], b.Gradient!.ToArray());
        }
    }

    private static Func<Tensor, Tensor, Tensor> Combination(string f) => f switch
    {
        "add" => Ops.Add,
        "subtract" => Ops.Subtract,
        "multiply" => Ops.Multiply,
        "divide" => Ops.Divide,
        "maximum" => Ops.Maximum,
        _ => Ops.Minimum,
    };
}
