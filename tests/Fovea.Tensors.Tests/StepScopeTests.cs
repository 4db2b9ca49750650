namespace Fovea.Tensors.Tests;

public sealed class StepScopeTests
{
    private readonly Device _device = Device.CreateReference();

    [Fact]
    public void A_scope_releases_what_was_made_inside()
    {
        Tensor before = Tensor.Zeros([1], _device), inside;
        using (StepScope.Begin()) inside = Ops.Relu(before);
        Assert.Equal((false, true), (before.IsReleased, inside.IsReleased));
        Assert.Equal(
            "Relu: this tensor [1] was released when its step scope ended; call Keep() on it before that to use it "
                + "afterwards.",
            Assert.Throws<TensorReleasedException>(() => inside.Item()).Message);
    }

    [Fact]
    public void Keep_takes_a_tensor_out_of_every_scope()
    {
        Tensor kept;
        using (StepScope.Begin())
        using (StepScope.Begin()) kept = Tensor.Zeros([1], _device).Keep();
        Assert.False(kept.IsReleased);
    }

    [Fact]
    public void Return_hands_a_tensor_to_the_enclosing_scope()
    {
        Tensor returned, forgotten;
        using (StepScope.Begin())
        {
            using (StepScope inner = StepScope.Begin())
            {
                forgotten = Tensor.Zeros([1], _device);
                returned = inner.Return(Tensor.Zeros([1], _device));
            }

            Assert.Equal((false, true), (returned.IsReleased, forgotten.IsReleased));
        }

        Assert.True(returned.IsReleased);
    }

    [Fact]
    public void Return_from_the_outermost_scope_keeps()
    {
        Tensor returned;
        using (StepScope scope = StepScope.Begin()) returned = scope.Return(Tensor.Zeros([1], _device));
        Assert.False(returned.IsReleased);
    }

    [Fact]
    public void Return_of_a_tensor_from_elsewhere_changes_nothing()
    {
        using StepScope outer = StepScope.Begin();
        Tensor own = Tensor.Zeros([1], _device);
        using (StepScope inner = StepScope.Begin()) Assert.Same(own, inner.Return(own));
        Assert.False(own.IsReleased);
    }

    [Fact]
    public void An_inner_scope_leaves_its_tensors_to_a_recording_tape()
    {
        Tensor x = Tensor.Full([2], 3, _device);
        x.RequiresGradient = true;
        using StepScope outer = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor output;
        using (StepScope.Begin()) output = Ops.Sum(Ops.Apply(UnaryOperator.Square, Ops.Relu(x)));
        tape.Backward(output);
        Assert.Equal([6, 6], x.Gradient!.ToArray());
    }

    [Fact]
    public void An_inner_scope_frees_what_no_tape_recorded()
    {
        using StepScope outer = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor frozen = Tensor.Full([2], 3, _device), inside, result;
        using (StepScope inner = StepScope.Begin())
        {
            inside = Ops.Relu(frozen);
            result = inner.Return(Ops.Gelu(inside));
        }

        Assert.Equal((true, false, 0), (inside.IsReleased, result.IsReleased, tape.Count));
    }

    [Fact]
    public void Scopes_belong_to_their_thread()
    {
        using StepScope scope = StepScope.Begin();
        Tensor? other = null;
        Thread thread = new(() => other = Tensor.Zeros([1], _device));
        thread.Start();
        thread.Join();
        scope.Dispose();
        Assert.False(other!.IsReleased);
    }
}
