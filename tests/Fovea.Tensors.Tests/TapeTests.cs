namespace Fovea.Tensors.Tests;

public sealed class TapeTests
{
    private readonly Device _device = Device.CreateReference();

    [Fact]
    public void Backward_releases_intermediates_but_neither_inputs_nor_the_output_nor_what_is_kept()
    {
        Tensor x = Parameter(), kept, hidden, output;
        using Tape tape = Tape.Record();
        hidden = Ops.Gelu(x);
        kept = Ops.Relu(hidden).Keep();
        output = Ops.Sum(kept);
        tape.Backward(output);
        Assert.Equal((false, true, false, false),
            (x.IsReleased, hidden.IsReleased, kept.IsReleased, output.IsReleased));
        Assert.Equal(
            "Gelu: this tensor [3] was released by Backward; call Keep() on it before that to use it afterwards.",
            Assert.Throws<TensorReleasedException>(() => hidden.ToArray()).Message);
    }

    [Fact]
    public void Only_what_lives_on_keeps_memory_after_backward()
    {
        Tensor x = Parameter();
        using Tape tape = Tape.Record();
        Tensor output = Ops.Sum(Ops.LayerNorm(Ops.Softmax(x), x, x));   // saves a mean and a deviation
        tape.Backward(output);
        Assert.Equal((3 + 3 + 1) * sizeof(double), _device.Backend.AllocatedBytes);   // x, its gradient, the output
    }

    [Fact]
    public void Backward_twice_throws()
    {
        using Tape tape = Tape.Record();
        Tensor output = Ops.Sum(Parameter());
        tape.Backward(output);
        Assert.Equal(
            "Backward: this tape was already walked; record the forward pass again.",
            Assert.Throws<InvalidOperationException>(() => tape.Backward(output)).Message);
    }

    [Fact]
    public void Backward_of_what_depends_on_nothing_throws()
    {
        using Tape tape = Tape.Record();
        Tensor output = Ops.Sum(Tensor.Zeros([2], _device));
        Assert.Equal(
            "Backward: Sum [] depends on nothing that requires a gradient.",
            Assert.Throws<InvalidOperationException>(() => tape.Backward(output)).Message);
    }

    [Fact]
    public void Output_gradients_must_fit()
    {
        using Tape tape = Tape.Record();
        Tensor output = Ops.Relu(Parameter());
        Assert.Equal(
            "Backward: pass an output gradient for [3]; it may only be left out for one element.",
            Assert.Throws<ShapeException>(() => tape.Backward(output)).Message);
        Assert.Equal(
            "Backward: output gradient [2] must have the output's shape [3].",
            Assert.Throws<ShapeException>(() => tape.Backward(output, Tensor.Zeros([2], _device))).Message);
    }

    [Fact]
    public void Nothing_is_recorded_without_a_tape_or_while_it_pauses()
    {
        Tensor x = Parameter();
        Assert.False(Ops.Relu(x).RequiresGradient);
        using Tape tape = Tape.Record();
        using (Tape.Pause())
        {
            Assert.Null(Tape.Current);
            Assert.False(Ops.Relu(x).RequiresGradient);
        }

        Assert.Same(tape, Tape.Current);
        Assert.True(Ops.Relu(x).RequiresGradient);
        Assert.False(Ops.Relu(Tensor.Zeros([2], _device)).RequiresGradient);
    }

    [Fact]
    public void Tapes_nest()
    {
        using Tape outer = Tape.Record();
        using (Tape inner = Tape.Record()) Assert.Same(inner, Tape.Current);
        Assert.Same(outer, Tape.Current);
    }

    [Fact]
    public void A_tape_that_was_never_walked_frees_what_it_saved()
    {
        Tensor x = Parameter(), y;
        using (Tape.Record()) y = Ops.LayerNorm(x, x, x);
        Assert.Equal(6 * sizeof(double), _device.Backend.AllocatedBytes);
        Assert.False(y.IsReleased);
    }

    [Fact]
    public void Operators_free_what_only_a_backward_pass_would_need_when_none_will_come()
    {
        Tensor x = Parameter();
        Ops.LayerNorm(x, x, x);
        Ops.Max(x, 0);
        Ops.Attention(x.Reshape(1, 1, 3), 1);
        Assert.Equal((3 + 3 + 1 + 1) * sizeof(double), _device.Backend.AllocatedBytes);
    }

    [Fact]
    public void A_gradient_does_not_change_with_what_is_done_to_the_output_gradient()
    {
        Tensor x = Parameter(), seed = Tensor.Full([3], 1, _device);
        using Tape tape = Tape.Record();
        tape.Backward(x.Reshape(3), seed);
        seed.CopyFrom([9, 9, 9]);
        Assert.Equal([1, 1, 1], x.Gradient!.ToArray());
    }

    private Tensor Parameter()
    {
        Tensor x = Tensor.From([1f, 2, 3], [3], _device);
        x.RequiresGradient = true;
        return x;
    }
}
