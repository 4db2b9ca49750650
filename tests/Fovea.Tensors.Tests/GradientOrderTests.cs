namespace Fovea.Tensors.Tests;

public sealed class GradientOrderTests
{
    private readonly Device _device = Device.CreateReference();

    [Fact]
    public void From_the_second_pass_on_gradients_leave_when_nothing_is_added_to_them_any_more()
    {
        Tensor first = Leaf(2), shared = Leaf(3), last = Leaf(5), unused = Leaf(7);
        GradientOrder order = new([first, shared, last, unused]);
        List<string> told = [];
        for (int pass = 0; pass < 3; pass++)
        {
            told.Clear();
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            Tensor x = Ops.Multiply(first, shared);            // record 0
            x = Ops.Multiply(Ops.Multiply(x, shared), last);   // records 1 and 2
            tape.Backward(x, null, order, leaf =>
            {
                Tensor tensor = ((Tensor[])[first, shared, last, unused])[leaf];
                told.Add($"{leaf}: {tensor.Gradient?.Item()}");
                tensor.ClearGradient();
            });
            string[] expected = pass == 0
                ? ["0: 45", "1: 60", "2: 18", "3: "]    // not known yet: all at the end
                : ["3: ", "2: 18", "0: 45", "1: 60"];   // both of record 0, and the shared one not before
            Assert.Equal(expected, told);
        }
    }

    [Fact]
    public void A_gradient_that_changes_after_it_left_is_a_defect()
    {
        Tensor a = Leaf(2), b = Leaf(3);
        GradientOrder order = new([a, b]);
        void Pass(Func<Tensor> compute)
        {
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            tape.Backward(compute(), null, order, _ => { });
            a.ClearGradient();
            b.ClearGradient();
        }

        Pass(() => Ops.Multiply(Ops.Multiply(a, a), b));
        Assert.Throws<InvalidOperationException>(() => Pass(() => Ops.Multiply(Ops.Multiply(b, b), a)));
    }

    [Fact]
    public void A_gradient_can_be_set_taken_away_and_put_back()
    {
        Tensor x = Tensor.Zeros([2], _device).Keep();
        x.SetGradient([1f, 2]);
        Tensor gradient = x.DetachGradient()!;
        Assert.Null(x.Gradient);
        Assert.Null(x.DetachGradient());
        x.SetGradient([5f, 6]);
        x.AttachGradient(gradient);
        Assert.Equal([1f, 2], x.Gradient!.ToArray());
        Assert.Throws<ShapeException>(() => x.SetGradient([1f]));
    }

    private Tensor Leaf(float value)
    {
        Tensor leaf = Tensor.Full([1], value, _device).Keep();
        leaf.RequiresGradient = true;
        return leaf;
    }
}
