using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>
/// One image on its way through a transformer: what each block attended to, and what that means for the answer. Maps
/// over patches are read with the weights of the tokens that the classifier head reads: the class token; the mean of
/// the patches, or their learned weights, in models without one.
/// </summary>
public sealed class AttentionTrace : IDisposable
{
    private readonly AttentionRecorder _recorder;
    private readonly PatchMap? _relevance;

    private AttentionTrace(AttentionRecorder recorder, PatchMap? relevance) =>
        (_recorder, _relevance) = (recorder, relevance);

    /// <summary>Arrangement of the tokens over the image.</summary>
    public required TokenGrid Grid { get; init; }

    /// <summary>Names of the tokens before the patches; see <see cref="IAttentionModel.PrefixNames"/>.</summary>
    public required IReadOnlyList<string> PrefixNames { get; init; }

    /// <summary>The model's answer: a score per class.</summary>
    public required float[] Scores { get; init; }

    /// <summary>The explained class.</summary>
    public required int Target { get; init; }

    /// <summary>Weight of each token in the input of the classifier head; they sum to 1.</summary>
    public required float[] Readout { get; init; }

    /// <summary>Attention rollout (<see cref="AttentionRollout"/>), over patches with sum 1.</summary>
    public required PatchMap Rollout { get; init; }

    /// <summary>Relevance of the patches for the class (<see cref="AttentionRelevance"/>), with sum 1; zeros where
    /// nothing speaks for it.</summary>
    /// <exception cref="InvalidOperationException">The trace was made without gradients.</exception>
    public PatchMap Relevance => _relevance
        ?? throw new InvalidOperationException("AttentionTrace: made without gradients, it has no relevance.");

    /// <summary>Record of each block, first to last.</summary>
    public IReadOnlyList<RecordedAttention> Blocks => _recorder.Blocks;

    /// <summary>Sends an image through a model, and a class score back. The model is as before afterwards; it should be
    /// in evaluation mode.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image"><c>[1, channel, height, width]</c>, normalised.</param>
    /// <param name="target">The class to explain; null: the one with the highest score.</param>
    /// <param name="gradients">Send a score back, for <see cref="Relevance"/> and the gradients of
    /// <see cref="Blocks"/>; without, devices that have no gradients will do.</param>
    /// <exception cref="ShapeException">Not one image, or not one that the model takes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such class.</exception>
    public static AttentionTrace Of(IAttentionModel model, Tensor image, int? target = null, bool gradients = true)
    {
        if (image.Shape.Rank != 4 || image.Shape[0] != 1)
            throw new ShapeException(
                $"AttentionTrace: needs one image [1, channel, height, width], got {image.Shape}.");
        AttentionRecorder recorder = new(gradients);
        try
        {
            using StepScope scope = StepScope.Begin();
            using ScoreGradient score = gradients
                ? ScoreGradient.Of(model.NamedParameters(), () => model.Forward(image, recorder), target)
                : ScoreGradient.None(() => model.Forward(image, recorder), target);
            TokenGrid grid = model.GridOf(image.Shape[2], image.Shape[3]);
            float[] readout = model.Readout(grid, recorder.PoolingWeights?.ToArray());
            return new(recorder, gradients ? Read(AttentionRelevance.Of(recorder.Blocks)) : null)
            {
                Grid = grid,
                PrefixNames = model.PrefixNames,
                Scores = score.Scores,
                Target = score.Target,
                Readout = readout,
                Rollout = Read(AttentionRollout.Of(recorder.Maps)),
            };

            PatchMap Read(Tensor flow) => PatchMap.Of(Mix(readout, flow.ToArray()), grid).Normalized();
        }
        catch
        {
            recorder.Dispose();
            throw;
        }
    }

    /// <summary>One head's whole map, <c>[token, token]</c>; null: the mean of the block's heads. Weights of some
    /// mechanisms may be below 0.</summary>
    public float[] Map(int block, int? head = null)
    {
        using StepScope scope = StepScope.Begin();
        return head is null ? Ops.Mean(Blocks[block].Map, 1).ToArray() : Heads(block, head).ToArray();
    }

    /// <summary>Heads of a block.</summary>
    public int HeadCount(int block) => Blocks[block].Map.Shape[1];

    /// <summary>Attention of the tokens that the classifier head reads, in a block, over patches with sum 1 (or 0,
    /// where it all goes to prefix tokens): magnitudes, where weights may be below 0.</summary>
    /// <param name="block">From 0.</param>
    /// <param name="head">From 0; null: the mean of all.</param>
    public PatchMap Attention(int block, int? head = null)
    {
        using StepScope scope = StepScope.Begin();
        float[] map = AttentionRollout.Magnitude(Heads(block, head)).ToArray();
        return PatchMap.Of(Mix(Readout, map), Grid).Normalized();
    }

    /// <summary>Gives the recorded maps back.</summary>
    public void Dispose() => _recorder.Dispose();

    /// <summary>Maps of one head or all, <c>[1, head, token, token]</c>.</summary>
    private Tensor Heads(int block, int? head) =>
        head is int one ? Ops.Slice(Blocks[block].Map, 1, one, 1) : Blocks[block].Map;

    /// <summary>Σ_i weight_i row_i.</summary>
    private static float[] Mix(float[] weights, float[] rows)
    {
        int tokens = weights.Length;
        float[] mixed = new float[tokens];
        for (int i = 0; i < tokens; i++)
            for (int j = 0; weights[i] != 0 && j < tokens; j++) mixed[j] += weights[i] * rows[i * tokens + j];
        return mixed;
    }
}
