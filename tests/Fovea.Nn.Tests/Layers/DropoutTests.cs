using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Layers;

public sealed class DropoutTests
{
    private static readonly Tensor Ones = Tensor.Full([64, 64], 1, Device.Reference).Keep();

    [Fact]
    public void It_needs_random_numbers_while_training_only()
    {
        Dropout layer = new(0.5f);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => layer.Forward(Ones));
        Assert.Contains("model.Context", error.Message);

        layer.Train(false);
        Assert.Same(Ones, layer.Forward(Ones));
    }

    [Fact]
    public void The_same_step_draws_the_same_mask_and_another_step_another()
    {
        Bag model = new Bag().Add("drop", new Dropout(0.25f));
        float[] first = Draw(model, "drop", 3), again = Draw(model, "drop", 3), later = Draw(model, "drop", 4);

        Assert.Equal(first, again);
        Assert.NotEqual(first, later);
        Assert.InRange(first.Average(), 0.97, 1.03);
        Assert.InRange(first.Count(value => value == 0) / (double)first.Length, 0.23, 0.27);
    }

    [Fact]
    public void Layers_draw_by_name_whatever_was_drawn_before()
    {
        Bag both = new Bag().Add("a", new Dropout(0.5f)).Add("b", new Dropout(0.5f));
        Bag alone = new Bag().Add("b", new Dropout(0.5f));

        Assert.NotEqual(Draw(both, "a", 1), Draw(both, "b", 1));
        Assert.Equal(Draw(both, "b", 1), Draw(alone, "b", 1));
    }

    [Fact]
    public void Drop_path_drops_whole_samples()
    {
        DropPath path = new(0.5f) { Context = new() { Random = new Philox(1, 1) } };
        float[] y = path.Forward(Ones).ToArray();

        Assert.All(y.Chunk(64), row => Assert.Single(row.Distinct()));
        Assert.Equal([0f, 2f], y.Distinct().Order());
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(1f)]
    [InlineData(float.NaN)]
    public void Probabilities_out_of_range_are_refused(float probability)
    {
        Assert.Throws<UsageException>(() => new Dropout(probability));
        Assert.Throws<UsageException>(() => new DropPath(probability));
    }

    private static float[] Draw(Bag model, string name, ulong step)
    {
        model.Context = model.Context with { Random = Philox.For(5, "dropout", step) };
        return ((Dropout)model.Child(name)).Forward(Ones).ToArray();
    }
}
