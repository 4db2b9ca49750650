using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Windows;

namespace Fovea.Vision.Tests.Attention.Windows;

public sealed class LocalityTests
{
    private static readonly AttentionContext Context = new() { Dim = 12, Heads = 2, HeadDim = 6, Grid = new(1, 4, 4) };

    [Fact]
    public void Windows_widen_by_epoch_and_then_open()
    {
        Locality locality = Locality.From(
            new AttentionSpec("softmax:window=8/12/18/20,until=2/4/6/8,lai=sequence").Values, Context)!;

        int?[] windows = [.. Enumerable.Range(0, 10).Select(epoch =>
        {
            locality.Context = locality.Context with { Epoch = epoch };
            return locality.Window;
        })];

        Assert.Equal([8, 8, 12, 12, 18, 18, 20, 20, null, null], windows);
        Assert.Null(locality.Relation(Context.Grid));
    }

    [Fact]
    public void The_last_window_stays_when_it_has_no_end()
    {
        Locality locality = Locality.From(new AttentionSpec("softmax:window=1/2,until=3").Values, Context)!;
        locality.Context = locality.Context with { Epoch = 1000 };
        Assert.Equal(2, locality.Window);
    }

    [Fact]
    public void A_grid_window_is_a_square_and_a_sequence_window_a_band()
    {
        TokenRelation grid = Locality.From(new AttentionSpec("softmax:window=1").Values,
            Context)!.Relation(Context.Grid)!;
        TokenRelation sequence = Locality.From(new AttentionSpec("softmax:window=1,lai=sequence").Values,
            Context)!.Relation(Context.Grid)!;
        TokenRelation band = Locality.From(new AttentionSpec("softmax:window=1,lai=sequence,class=band").Values,
            Context)!.Relation(Context.Grid)!;

        int below = 1 + 4, at = 1;   // the patch below the first one
        Assert.Equal([true, false, false],
            [grid.IsVisible(at, below), sequence.IsVisible(at, below), band.IsVisible(at, below)]);
        Assert.Equal([true, true, false], [grid.IsVisible(0, 9), sequence.IsVisible(0, 9), band.IsVisible(0, 9)]);
    }

    [Fact]
    public void A_soft_window_penalises_distance_less_from_epoch_to_epoch()
    {
        using StepScope scope = StepScope.Begin();
        Locality locality = Locality.From(new AttentionSpec("softmax:soft=2,penalty=3,fade=4").Values, Context)!;
        locality.Initialize(Device.Cpu, 0);
        float previous = float.NegativeInfinity;
        for (int epoch = 0; epoch < 4; epoch++)
        {
            locality.Context = locality.Context with { Epoch = epoch };
            TokenRelation relation = locality.Relation(Context.Grid)!;
            float[] penalty = locality.Penalty(relation)!.ToArray();
            float far = penalty[relation.Bucket(1, 16)], near = penalty[relation.Bucket(1, 2)];
            Assert.True(far < near && near < 0);
            Assert.Equal(0, penalty[relation.Bucket(0, 5)]);
            Assert.True(far > previous);
            previous = far;
        }

        locality.Context = locality.Context with { Epoch = 4 };
        Assert.Null(locality.Relation(Context.Grid));
    }

    [Theory]
    [InlineData("softmax:window=1/2",
        "softmax: option 'until' needs an epoch for each of the 2 windows (the last may stay out, it then holds for "
            + "good), got 0.")]
    [InlineData("softmax:window=1/2,until=5/3", "softmax: option 'until' must rise from epoch to epoch, got '5/3'.")]
    [InlineData("softmax:window=1.5", "softmax: option 'window' must be whole numbers of at least 0, got 1.5.")]
    [InlineData("softmax:window=1,lai=round", "softmax: option 'lai' must be one of grid, sequence, got 'round'.")]
    [InlineData("softmax:window=1,class=band",
        "softmax: option 'class=band' needs 'lai=sequence'; on the grid the class token has no place.")]
    [InlineData("softmax:until=3", "softmax: option 'until' needs 'window' or 'soft' beside it.")]
    [InlineData("softmax:window=2,penalty=5",
        "softmax: option 'penalty' needs 'soft' beside it; a hard window has no penalty.")]
    [InlineData("sinkhorn:window=2,fade=3",
        "sinkhorn: option 'fade' needs 'soft' beside it; a hard window has no penalty.")]
    public void Wrong_options_are_refused_with_a_sentence(string spec, string message) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, Context)).Message);
}
