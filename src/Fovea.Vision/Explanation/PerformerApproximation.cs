using System.Globalization;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Explanation;

/// <summary>
/// How well random features stand in for the softmax of a trained model: its weights are put into Performers with more
/// and more features, and what they compute is compared. The error of an unbiased estimate falls as 1/√features.
/// </summary>
public static class PerformerApproximation
{
    /// <summary>The model has softmax attention in all blocks.</summary>
    public static bool CanMeasure(ImageClassifier model) => Softmax(model) is not null;

    /// <summary>Errors for every number of features and every seed, in that order.</summary>
    /// <param name="model">A model with softmax attention and weights; it is not changed.</param>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="features">Numbers of features, each 1 or more.</param>
    /// <param name="seeds">Draws to try with each.</param>
    /// <exception cref="ArgumentException">The model's attention is not softmax.</exception>
    /// <exception cref="UsageException">A number of features is out of range.</exception>
    public static IReadOnlyList<PerformerError> Measure(
        ImageClassifier model, Tensor images, IReadOnlyList<int> features, IReadOnlyList<ulong> seeds)
    {
        if (!CanMeasure(model))
            throw new ArgumentException(
                "PerformerApproximation: needs a model with softmax attention, got "
                    + $"'{model.Config.Describe().Attention}'.", nameof(model));
        bool training = model.Training;
        model.Train(false);
        try
        {
            using IDisposable pause = Tape.Pause();
            return [.. features.SelectMany(count => seeds.Select(seed => Compare(model, images, count, seed)))];
        }
        finally
        {
            model.Train(training);
        }
    }

    private static PerformerError Compare(ImageClassifier model, Tensor images, int features, ulong seed)
    {
        using StepScope scope = StepScope.Begin();
        ImageClassifier performer = WithFeatures(model, images.Device, features, seed);
        BlockErrors blocks = new(((IAttentionModel)performer).Mechanisms);
        Tensor expected = ((IAttentionModel)model).Forward(images, blocks);
        PerformerError error = new(features, seed, blocks.Mean, RelativeError(expected, performer.Forward(images)));
        foreach ((_, NamedTensor tensor) in performer.NamedState()) tensor.Value.Release();
        return error;
    }

    private static ImageClassifier WithFeatures(ImageClassifier model, Device device, int features, ulong seed)
    {
        double? given = Softmax(model)!.Values.Of(SoftmaxAttention.Scale);
        string scale = given is null ? "" : string.Create(CultureInfo.InvariantCulture, $",scale={given}");
        AttentionList attention = $"performer:features={features}{scale}";
        ImageClassifier performer = model.Config.Apply(new() { Attention = attention }).Build();
        performer.Initialize(device, seed);
        performer.Load(model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));
        performer.Train(false);
        return performer;
    }

    /// <summary>The one mechanism of a model with softmax attention in all blocks; null for other models.</summary>
    private static AttentionSpec? Softmax(ImageClassifier model) =>
        model.Config.Describe().Attention?.Specs is [{ Name: "softmax" } softmax] && model is IAttentionModel ? softmax
            : null;

    private static double RelativeError(Tensor expected, Tensor actual) =>
        Math.Sqrt(Update.SumOfSquares(Ops.Subtract(actual, expected)) / Update.SumOfSquares(expected));

    /// <summary>Errors of Performers' mechanisms, each given the input of the model's own mechanism.</summary>
    private sealed class BlockErrors(IReadOnlyList<IAttention> performers) : IAttentionRecorder
    {
        private int _block;

        /// <summary>Mean of the blocks' relative errors.</summary>
        public double Mean { get; private set; }

        public Tensor Record(IAttention mechanism, AttentionInput input, Tensor mixed)
        {
            Mean += RelativeError(mixed, performers[_block++].Forward(input)) / performers.Count;
            return mixed;
        }

        public void RecordPooling(Tensor weights)
        {
        }
    }
}
