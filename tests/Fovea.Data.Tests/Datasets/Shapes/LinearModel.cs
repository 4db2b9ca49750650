using System.Numerics;
using Fovea.Data.Loading;

namespace Fovea.Data.Tests.Datasets.Shapes;

/// <summary>Multinomial logistic regression on pixels, by stochastic gradient descent: no dataset should be easy for
/// it.</summary>
internal static class LinearModel
{
    private const float LearningRate = 2e-4f;

    public static double TestAccuracy(IImageDataset train, IImageDataset test, int epochs)
    {
        DataLoader learning = new(train, new() { BatchSize = 50, Shuffle = true }),
            testing = new(test, new() { BatchSize = 50 });
        int features = train.Info.Channels * train.Info.Height * train.Info.Width;
        float[][] weights = [.. Enumerable.Range(0, train.Info.Classes).Select(_ => new float[features])];
        float[] biases = new float[weights.Length];

        for (int epoch = 0; epoch < epochs; epoch++)
        {
            foreach (Batch batch in learning.Epoch(epoch))
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    ReadOnlySpan<float> pixels = batch.Images.AsSpan(i * features, features);
                    float[] probabilities = Softmax(Scores(weights, biases, pixels));
                    for (int c = 0; c < weights.Length; c++)
                    {
                        float step = LearningRate * ((c == batch.Labels[i] ? 1 : 0) - probabilities[c]);
                        Add(weights[c], pixels, step);
                        biases[c] += step;
                    }
                }
            }
        }

        int right = 0;
        foreach (Batch batch in testing.Epoch(0))
            for (int i = 0; i < batch.Count; i++)
            {
                float[] scores = Scores(weights, biases, batch.Images.AsSpan(i * features, features));
                if (Array.IndexOf(scores, scores.Max()) == batch.Labels[i]) right++;
            }

        return (double)right / test.Count;
    }

    private static float[] Scores(float[][] weights, float[] biases, ReadOnlySpan<float> pixels)
    {
        float[] scores = new float[weights.Length];
        for (int c = 0; c < scores.Length; c++)
        {
            Vector<float> sum = Vector<float>.Zero;
            for (int i = 0; i < pixels.Length; i += Vector<float>.Count)
                sum += new Vector<float>(pixels[i..]) * new Vector<float>(weights[c], i);
            scores[c] = biases[c] + Vector.Sum(sum);
        }

        return scores;
    }

    private static void Add(float[] weights, ReadOnlySpan<float> pixels, float scale)
    {
        for (int i = 0; i < pixels.Length; i += Vector<float>.Count)
            (new Vector<float>(weights, i) + scale * new Vector<float>(pixels[i..])).CopyTo(weights, i);
    }

    private static float[] Softmax(float[] scores)
    {
        float highest = scores.Max();
        float[] powers = Array.ConvertAll(scores, score => MathF.Exp(score - highest));
        float sum = powers.Sum();
        return Array.ConvertAll(powers, power => power / sum);
    }
}
