namespace Fovea.Tensors.Tests;

public sealed class TapeCheckpointTests
{
    private readonly Device _device = Device.CreateCpu(2);

    [Theory]
    [InlineData(0f)]
    [InlineData(0.3f)]
    public void Gradients_have_the_same_bits_as_without(float dropout)
    {
        (float[] plain, float[] plainInput) = Gradients(dropout, checkpointed: false);
        (float[] again, float[] againInput) = Gradients(dropout, checkpointed: true);

        Assert.Equal(plain, again);
        Assert.Equal(plainInput, againInput);
    }

    [Fact]
    public void Until_the_backward_pass_only_inputs_and_results_stay()
    {
        Tensor weight = Tensor.Full([64, 64], 0.01f, _device).Keep();
        weight.RequiresGradient = true;
        List<Tensor> inside = [];
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor y = Tape.Checkpoint(x => Note(Ops.Linear(Note(Ops.Gelu(x)), weight)), Tensor.Full([8, 64], 1, _device));

        Assert.Equal([true, false], inside.Select(tensor => tensor.IsReleased));
        Assert.Equal(1, tape.Count);
        tape.Backward(Ops.Sum(y));
        Assert.NotNull(weight.Gradient);

        Tensor Note(Tensor tensor)
        {
            inside.Add(tensor);
            return tensor;
        }
    }

    [Fact]
    public void What_is_frozen_is_neither_recorded_nor_computed_again()
    {
        int calls = 0;
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor y = Tape.Checkpoint(x => { calls++; return Ops.Gelu(x); }, Tensor.Full([2], 1, _device));
        Assert.Equal((false, 0, 1), (y.RequiresGradient, tape.Count, calls));
    }

    [Fact]
    public void The_second_time_can_be_told_from_the_first()
    {
        List<bool> seen = [];
        Tensor x = Tensor.Full([2], 1, _device).Keep();
        x.RequiresGradient = true;
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        tape.Backward(Ops.Sum(Tape.Checkpoint(v => { seen.Add(Tape.IsRecomputing); return Ops.Gelu(v); }, x)));
        Assert.Equal([false, true], seen);
        Assert.False(Tape.IsRecomputing);
    }

    [Fact]
    public void Without_a_tape_it_is_a_plain_call()
    {
        Tensor y = Tape.Checkpoint(Ops.Relu, Tensor.Full([2], -1, _device));
        Assert.Equal([0, 0], y.ToArray());
    }

    /// <summary>Two blocks with a residual each, one weight used by both.</summary>
    private (float[] Weight, float[] Input) Gradients(float dropout, bool checkpointed)
    {
        Tensor weight = Tensor.From(Values(5 * 5, 1), [5, 5], _device).Keep(),
            input = Tensor.From(Values(3 * 5, 2), [3, 5], _device).Keep();
        (weight.RequiresGradient, input.RequiresGradient) = (true, true);
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor x = input;
        for (ulong block = 0; block < 2; block++)
        {
            Philox random = new(9, block);
            Tensor Block(Tensor v) =>
                Ops.Dropout(Ops.ActivationLinear(UnaryOperator.Gelu, Ops.Linear(v, weight), weight, residual: v),
                    dropout, random);
            x = checkpointed ? Tape.Checkpoint(Block, x) : Block(x);
        }

        tape.Backward(Ops.Sum(Ops.Apply(UnaryOperator.Square, x)));
        return (weight.Gradient!.ToArray(), input.Gradient!.ToArray());
    }

    private static float[] Values(int count, ulong stream) =>
        [.. Enumerable.Range(0, count).Select(i => new Philox(4, stream).Uniform((ulong)i, -1, 1))];
}
