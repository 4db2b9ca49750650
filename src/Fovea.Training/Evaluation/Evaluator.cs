using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Vision;

namespace Fovea.Training.Evaluation;

/// <summary>Runs a model over all images of a loader, without dropout and without a tape.</summary>
public static class Evaluator
{
    private const int Top = 5;

    /// <summary>Evaluates a model.</summary>
    /// <param name="model">The model; in evaluation mode while this runs.</param>
    /// <param name="loader">In the dataset's order.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="augmentation">Views of each image.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static EvaluationResult Run(
        ImageClassifier model, DataLoader loader, int classes, Device device,
        TestTimeAugmentation augmentation = TestTimeAugmentation.None,
        CancellationToken stop = default)
    {
        bool wasTraining = model.Training;
        model.Train(false);
        try
        {
            Scores scores = new(classes);
            foreach (Batch batch in loader.Epoch(0, stop: stop))
            {
                stop.ThrowIfCancellationRequested();
                using StepScope scope = StepScope.Begin();
                scores.Add(Predict(model, batch, device, augmentation), batch);
            }

            return scores.ToResult();
        }
        finally
        {
            model.Train(wasTraining);
        }
    }

    /// <summary>Scores <c>[count, class]</c>; of several views their mean.</summary>
    private static Tensor Predict(ImageClassifier model, Batch batch, Device device, TestTimeAugmentation augmentation)
    {
        Tensor scores = model.Forward(batch.ToImages(device));
        if (augmentation == TestTimeAugmentation.None) return scores;
        batch.Flip();
        return Ops.Scale(Ops.Add(scores, model.Forward(batch.ToImages(device))), 0.5f);
    }

    /// <summary>Sums over batches.</summary>
    private sealed class Scores(int classes)
    {
        private readonly int[,] _confusion = new int[classes, classes];
        private readonly List<int> _labels = [];
        private readonly List<int> _predicted = [];
        private readonly List<float> _probability = [];
        private float[] _row = [];
        private double _loss;
        private int _top1;
        private int _top5;

        public void Add(Tensor logits, Batch batch)
        {
            if (_row.Length < logits.Shape.Elements) _row = new float[logits.Shape.Elements];
            logits.CopyTo(_row.AsSpan(0, logits.Shape.Elements));
            for (int i = 0; i < batch.Count; i++) AddRow(_row.AsSpan(i * classes, classes), batch.Labels[i]);
        }

        public EvaluationResult ToResult()
        {
            int count = Math.Max(1, _predicted.Count);
            return new()
            {
                Loss = _loss / count,
                Top1 = (double)_top1 / count,
                Top5 = (double)_top5 / count,
                Confusion = _confusion,
                Labels = _labels,
                Predicted = _predicted,
                Probability = _probability,
            };
        }

        /// <summary>A class's rank is the number of classes with a higher score, or an equal one before it.</summary>
        private void AddRow(ReadOnlySpan<float> scores, int label)
        {
            int best = Classification.Best(scores);
            int rank = 0;
            double logSum = Classification.LogSumOfExponentials(scores);
            for (int c = 0; c < scores.Length; c++)
                if (scores[c] > scores[label] || (scores[c] == scores[label] && c < label)) rank++;
            _loss += logSum - scores[label];
            _top1 += best == label ? 1 : 0;
            _top5 += rank < Top ? 1 : 0;
            _confusion[label, best]++;
            _labels.Add(label);
            _predicted.Add(best);
            _probability.Add((float)Math.Exp(scores[best] - logSum));
        }
    }
}
