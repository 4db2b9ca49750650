using Fovea.Training.Evaluation;

namespace Fovea.Training.Tests.Evaluation;

public sealed class AveragePrecisionTests
{
    [Fact]
    public void It_is_the_area_under_precision_by_recall()
    {
        // scikit-learn's example: average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) = 0.8333...
        Assert.Equal(5 / 6.0, AveragePrecision.Of([0.1f, 0.4f, 0.35f, 0.8f], [false, false, true, true])!.Value, 1e-12);
        Assert.Equal(1, AveragePrecision.Of([3, 2, 1], [true, true, false]));
        Assert.Equal(1 / 3.0, AveragePrecision.Of([3, 2, 1], [false, false, true])!.Value, 1e-12);
    }

    [Fact]
    public void Equal_scores_come_together_so_that_their_order_does_not_matter()
    {
        Assert.Equal(0.5, AveragePrecision.Of([1, 1], [true, false]));
        Assert.Equal(0.5, AveragePrecision.Of([1, 1], [false, true]));
        Assert.Equal(0.25, AveragePrecision.Of(new float[8], [true, false, false, false, false, true, false, false]));
    }

    [Fact]
    public void Without_positives_there_is_none_and_it_does_not_count_in_the_mean()
    {
        Assert.Null(AveragePrecision.Of([1, 2], [false, false]));
        Assert.Null(AveragePrecision.Of([], []));
        Assert.Equal(0.6, new MultiLabelResult(4, [new(1, 0.8, 1, 1), new(0, null, 2, 0), new(2, 0.4, 1, 1)])
            .MeanAveragePrecision!.Value, 1e-12);
        Assert.Null(new MultiLabelResult(4, [new(0, null, 0, 0)]).MeanAveragePrecision);
    }

    [Fact]
    public void It_agrees_with_its_definition_on_random_rankings()
    {
        Philox random = new(5, 1);
        for (ulong round = 0; round < 50; round++)
        {
            float[] scores = [.. Enumerable.Range(0, 20).Select(i => random.Below(100 * round + (ulong)i, 8) / 8f)];
            bool[] has = [.. Enumerable.Range(0, 20).Select(i => random.Uniform(100 * round + 50 + (ulong)i) < 0.3)];
            if (!has.Contains(true)) continue;
            double area = 0, recall = 0;
            foreach (float threshold in scores.Distinct().OrderDescending())
            {
                int taken = scores.Count(score => score >= threshold);
                int right = Enumerable.Range(0, 20).Count(i => scores[i] >= threshold && has[i]);
                double now = (double)right / has.Count(one => one);
                area += (now - recall) * right / taken;
                recall = now;
            }

            Assert.Equal(area, AveragePrecision.Of(scores, has)!.Value, 1e-9);
        }
    }

    [Fact]
    public void An_image_is_right_where_all_of_its_classes_are()
    {
        IReadOnlyList<IReadOnlyList<int>> sets = [[], [0], [0, 2]];
        Assert.Equal(3, Classification.CountCorrect([-1, -1, -1, 1, -1, -1, 1, -1, 1], [0, 1, 2], sets));
        Assert.Equal(0, Classification.CountCorrect([1, -1, -1, 1, 1, -1, 1, -1, -1], [0, 1, 2], sets));
        Assert.Equal([0, 0, 0, 0.9f, 0, 0.9f], Classification.Targets(sets, [0, 2], 3, on: 0.9f));
    }
}
