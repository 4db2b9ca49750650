using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Evaluation;

public sealed class EvaluatorTests
{
    [Fact]
    public void A_flip_averages_the_scores_of_both_views()
    {
        TrainingParts parts = TrainingSetup.New(TinyRun.Recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        DatasetSplits data = TinyRun.Images;
        int classes = data.Info.Classes;
        EvaluationResult plain = Evaluator.Run(parts.Model, parts.TestLoader, classes, parts.Device,
            stop: TestContext.Current.CancellationToken);
        EvaluationResult both = Evaluator.Run(parts.Model, parts.TestLoader, classes, parts.Device,
            TestTimeAugmentation.Flip, stop: TestContext.Current.CancellationToken);

        double loss = 0;
        parts.Model.Train(false);
        foreach (Batch batch in parts.TestLoader.Epoch(0))
        {
            using StepScope scope = StepScope.Begin();
            float[] one = parts.Model.Forward(batch.ToImages(parts.Device)).ToArray();
            batch.Flip();
            float[] other = parts.Model.Forward(batch.ToImages(parts.Device)).ToArray();
            for (int i = 0; i < batch.Count; i++)
            {
                float[] mean = [.. Enumerable.Range(i * classes, classes).Select(j => (one[j] + other[j]) / 2)];
                loss += Classification.LogSumOfExponentials(mean) - mean[batch.Labels[i]];
            }
        }

        Assert.Equal(loss / both.Count, both.Loss, 1e-6);
        Assert.NotEqual(plain.Loss, both.Loss);
    }
}
