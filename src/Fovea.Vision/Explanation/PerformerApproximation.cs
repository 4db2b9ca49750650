using System.Globalization;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>
/// How well random features stand in for the softmax of a trained model: its weights are put into Performers with more and more features, and
/// what they compute is compared. The error of an unbiased estimate falls as 1/√features.
/// </summary>
public static class PerformerApproximation
{
    /// <summary>Errors for every number of features and every seed, in that order.</summary>
    /// <param name="model">A model with softmax attention and weights; it is not changed.</param>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="features">Numbers of features, each 1 or more.</param>
    /// <param name="seeds">Draws to try with each.</param>
    /// <exception cref="ArgumentException">The model's attention is not softmax.</exception>
    /// <exception cref="UsageException">A number of features is out of range.</exception>
    public static IReadOnlyList<PerformerError> Measure(VisionTransformer model, Tensor images, IReadOnlyList<int> features, IReadOnlyList<ulong> seeds)
    {
        if (model.Config.Attention.Specs is not [{ Name: "softmax" }])
            throw new ArgumentException($"PerformerApproximation: needs a model with softmax attention, got '{model.Config.Attention}'.", nameof(model));
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

    private static PerformerError Compare(VisionTransformer model, Tensor images, int features, ulong seed)
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer performer = WithFeatures(model, images.Device, features, seed);
        double attention = 0;
        Tensor x = model.Embed(images);
        TokenGrid grid = model.GridOf(images);
        for (int i = 0; i < model.Blocks.Count; i++)
        {
            AttentionLayer layer = model.Blocks[i].Attention;
            AttentionInput input = new(layer.Qkv.Forward(model.Blocks[i].Norm1, x), grid, layer.Qkv);
            attention += RelativeError(layer.Mechanism.Forward(input), performer.Blocks[i].Attention.Mechanism.Forward(input)) / model.Blocks.Count;
            x = model.Blocks[i].Forward(x, grid);
        }

        PerformerError error = new(features, seed, attention, RelativeError(model.Forward(images), performer.Forward(images)));
        foreach ((_, NamedTensor tensor) in performer.NamedState()) tensor.Value.Release();
        return error;
    }

    private static VisionTransformer WithFeatures(VisionTransformer model, Device device, int features, ulong seed)
    {
        string scale = model.Config.Attention.Of(0).Options.TryGetValue("scale", out string? given) ? $",scale={given}" : "";
        AttentionList attention = string.Create(CultureInfo.InvariantCulture, $"performer:features={features}{scale}");
        VisionTransformer performer = (model.Config with { Attention = attention }).Build();
        performer.Initialize(device, seed);
        performer.Load(model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));
        performer.Train(false);
        return performer;
    }

    private static double RelativeError(Tensor expected, Tensor actual) =>
        Math.Sqrt(Update.SumOfSquares(Ops.Subtract(actual, expected)) / Update.SumOfSquares(expected));
}
