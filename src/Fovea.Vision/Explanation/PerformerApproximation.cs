using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Position;

namespace Fovea.Vision.Explanation;

/// <summary>
/// How well random features stand in for the softmax of a trained model: its weights are put into Performers with more
/// and more features, and what they compute is compared. The error of an unbiased estimate falls as 1/√features.
/// Windows are the Performers' too, in the epoch of the weights; soft ones in their ranges of distances, whose error
/// beyond 3 patches no number of features mends.
/// </summary>
public static class PerformerApproximation
{
    /// <summary>Obstacle to a measurement, in a sentence; null: there is none.</summary>
    /// <param name="model">Any model.</param>
    public static string? Obstacle(ImageClassifier model)
    {
        ModelOptions options = model.Config.Describe();
        if (model is not IAttentionModel || options.Attention is not { } attention
            || attention.Specs.Any(spec => spec.Part != SoftmaxAttention.Entry))
            return "only a model with softmax attention in all blocks can be approximated, this one has "
                + $"{options.Attention?.ToString() ?? "none that can be chosen"}.";
        if (options.Position is { } position
            && (position.Has(PositionKind.Relative) || position.Has(PositionKind.Alibi)))
            return $"the positions '{position}' are a bias of the scores, for which a Performer has no random "
                + "features.";
        return attention.Specs.FirstOrDefault(spec => spec.Values.Of(SoftmaxAttention.Scale) <= 0) is { } negative
            ? $"random features stand for a softmax whose scale is above 0, this one is '{negative}'." : null;
    }

    /// <summary>Errors for every number of features and every seed, in that order.</summary>
    /// <param name="model">A model with softmax attention and weights; it is not changed.</param>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="features">Numbers of features, each 1 or more.</param>
    /// <param name="seeds">Draws to try with each.</param>
    /// <exception cref="ArgumentException">There is an <see cref="Obstacle"/>.</exception>
    /// <exception cref="UsageException">A number of features is out of range.</exception>
    public static IReadOnlyList<PerformerError> Measure(
        ImageClassifier model, Tensor images, IReadOnlyList<int> features, IReadOnlyList<ulong> seeds)
    {
        if (Obstacle(model) is { } obstacle)
            throw new ArgumentException($"PerformerApproximation: {obstacle}", nameof(model));
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
        ImageClassifier performer = model.Config.Apply(new() { Attention = Performers(model, features) }).Build();
        performer.Context = model.Context;   // whose epoch decides about windows
        performer.Initialize(device, seed);
        performer.Load(model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));
        performer.Train(false);
        return performer;
    }

    /// <summary>The model's mechanisms as Performers. All options of softmax are theirs, too.</summary>
    private static AttentionList Performers(ImageClassifier model, int features) => string.Join(',',
        model.Config.Describe().Attention!.Specs.Select(spec =>
        {
            string options = spec.ToString()[spec.Name.Length..].TrimStart(':');
            return $"performer:features={features}{(options.Length == 0 ? "" : ",")}{options}";
        }));

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
