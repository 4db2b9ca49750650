using Fovea.Data.Loading;
using Fovea.Nn.Optimization;
using Fovea.Training;

namespace Fovea.Lab.LearningRates;

/// <summary>
/// Learning rate range test (Smith 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186,
/// section 3.3): trains for some steps while the rate rises from one that does nothing to one that destroys, and looks
/// at what becomes of the loss.
/// </summary>
public static class LearningRateTest
{
    /// <summary>The test ends where the running loss is so many times its smallest value.</summary>
    private const double Diverged = 4;

    /// <summary>Share of the past in the running loss, which decides when to end and nothing else.</summary>
    private const double Past = 0.9;

    /// <summary>Trains with rising rates. Schedule and moving averages are left out; all else is as in
    /// training.</summary>
    /// <param name="parts">Model, optimiser and data at the start of a run; they are used up by it.</param>
    /// <param name="range">The rates.</param>
    /// <param name="measured">Gets each rate and the loss behind its step.</param>
    /// <param name="stop">Ends the test.</param>
    /// <exception cref="UsageException">The range makes no sense.</exception>
    /// <exception cref="TrainingDivergedException">The loss was not finite before the first step.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static LearningRateCurve Run(TrainingParts parts, LearningRateRange range,
        Action<LearningRatePoint>? measured = null, CancellationToken stop = default)
    {
        range.Validate();
        BatchGradients gradients = new(parts);
        List<LearningRatePoint> points = [];
        double running = 0;
        double smallest = double.PositiveInfinity;
        int step = 0;
        foreach (Batch batch in Batches(parts))
        {
            stop.ThrowIfCancellationRequested();
            using BatchResult result = gradients.Add(batch, step);
            (double loss, _) = result.Read();
            if (!double.IsFinite(loss)) return End(points, TestEnd.NotFinite, parts);

            // The loss of this batch is what the step before has made of the weights.
            if (step > 0)
            {
                points.Add(new(range.Rate(step - 1), loss));
                measured?.Invoke(points[^1]);
                running = Past * running + (1 - Past) * loss;
                double mean = running / (1 - Math.Pow(Past, step));
                smallest = Math.Min(smallest, mean);
                if (mean > Diverged * smallest) return End(points, TestEnd.Diverged, parts);
                if (step == range.Steps) break;
            }

            GradientNorm norm = GradientNorm.Measure(parts.Optimizer.Groups);
            if (!double.IsFinite(norm.Total)) return End(points, TestEnd.NotFinite, parts);
            parts.Optimizer.LearningRate = range.Rate(step);
            parts.Optimizer.Step(parts.Recipe.Optimisation.ClipGradient is double limit ? norm.ClipScale(limit) : 1);
            parts.Optimizer.ZeroGradient();
            step++;
        }

        return End(points, TestEnd.Complete, parts);
    }

    /// <summary>Training batches, epoch after epoch.</summary>
    private static IEnumerable<Batch> Batches(TrainingParts parts)
    {
        parts.Learner.Train();
        try
        {
            for (int epoch = 0; ; epoch++)
            {
                parts.Learner.Context = parts.Learner.Context with { Epoch = parts.Recipe.WindowEpoch(epoch) };
                foreach (Batch batch in parts.TrainLoader.Epoch(epoch)) yield return batch;
            }
        }
        finally
        {
            parts.Objective?.Leave();
        }
    }

    private static LearningRateCurve End(List<LearningRatePoint> points, TestEnd end, TrainingParts parts) =>
        points.Count > 0
        ? new LearningRateCurve(points, end)
        : throw new TrainingDivergedException(
            $"{parts.Recipe.Model.Name}: the loss is not finite at the smallest rate; look at the weights and the data "
                + "first.");
}
