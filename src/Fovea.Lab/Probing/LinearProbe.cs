using Fovea.Nn.Layers;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Tensors;
using Fovea.Training.Evaluation;

namespace Fovea.Lab.Probing;

/// <summary>
/// Logistic regression on frozen features: how well classes are linearly separable. Features are standardised; SGD with
/// momentum and a cosine schedule trains one classifier for each rate and weight decay, and the held-out images choose.
/// </summary>
public static class LinearProbe
{
    /// <summary>Learning rates and weight decays that are tried.</summary>
    private static readonly double[] Rates = [0.003, 0.01, 0.03, 0.1, 0.3];
    private static readonly double[] Decays = [0, 1e-4, 1e-3];

    private const int BatchSize = 256;

    /// <summary>Trains all, and tests the one that does best on the held-out images.</summary>
    /// <param name="train">To learn from.</param>
    /// <param name="heldOut">To choose by; none of <paramref name="train"/>.</param>
    /// <param name="test">For the figure.</param>
    /// <param name="epochs">Passes over the training features.</param>
    /// <param name="seed">Decides the order.</param>
    /// <param name="device">Device that computes.</param>
    /// <param name="stop">Ends the work after an epoch.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static LinearProbeResult Run(
        FeatureSet train, FeatureSet heldOut, FeatureSet test, int epochs, ulong seed, Device device,
        CancellationToken stop = default)
    {
        (double[] mean, double[] deviation) = train.Statistics();
        (train, heldOut, test) = (train.Standardised(mean, deviation), heldOut.Standardised(mean, deviation),
            test.Standardised(mean, deviation));
        LinearProbeResult? best = null;
        foreach (double rate in Rates)
        {
            foreach (double decay in Decays)
            {
                Linear classifier = Train(train, rate, decay, epochs, seed, device, stop);
                double accuracy = Accuracy(classifier, heldOut, device);
                if (best is null || accuracy > best.HeldOutAccuracy)
                    best = new(rate, decay, accuracy, Accuracy(classifier, test, device));
            }
        }

        return best!;
    }

    private static Linear Train(FeatureSet data, double rate, double decay, int epochs, ulong seed, Device device,
        CancellationToken stop)
    {
        Linear classifier = new(data.Dim, data.Classes, weightInit: Nn.Init.Zeros, biasInit: Nn.Init.Zeros);
        classifier.Initialize(device, seed);
        Sgd optimizer = new(ParameterGroup.Default(classifier, decay), rate, momentum: 0.9);
        int steps = (data.Count + BatchSize - 1) / BatchSize;
        int done = 0;
        CosineSchedule schedule = new(epochs * steps, 0);
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            stop.ThrowIfCancellationRequested();
            int[] order = Philox.For(seed, "probe", (ulong)epoch).Permutation(data.Count);
            foreach (int[] indices in order.Chunk(BatchSize))
            {
                using StepScope scope = StepScope.Begin();
                using Tape tape = Tape.Record();
                FeatureSet batch = data.Take(indices);
                tape.Backward(Ops.CrossEntropy(classifier.Forward(batch.Rows(0, batch.Count, device)),
                    Tensor.From(batch.Labels, [batch.Count], device)));
                optimizer.LearningRate = rate * schedule.Factor(done++);
                optimizer.Step();
                optimizer.ZeroGradient();
            }
        }

        return classifier;
    }

    private static double Accuracy(Linear classifier, FeatureSet data, Device device)
    {
        int right = 0;
        for (int first = 0; first < data.Count; first += BatchSize)
        {
            using StepScope scope = StepScope.Begin();
            int count = Math.Min(BatchSize, data.Count - first);
            float[] scores = classifier.Forward(data.Rows(first, count, device)).ToArray();
            right += Classification.CountCorrect(scores, data.Labels.AsSpan(first, count));
        }

        return (double)right / Math.Max(1, data.Count);
    }
}
