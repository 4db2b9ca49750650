using Fovea.Tensors;

namespace Fovea.Vision.Explanation;

/// <summary>Relevance of the input tokens for a class score: attention weighted by its gradient, followed through all
/// blocks.</summary>
/// <remarks><code>
/// Ā = mean_heads max(0, A ⊙ ∂score/∂A)          R ← R + Ā R   from R = I, block by block
/// </code>
/// Unlike rollout it depends on the class, and heads that do not matter for the score do not count.
/// Source: Chefer, Gur, Wolf 2021, "Generic attention-model explainability", arXiv:2103.15679, eq. 5 and 6, the
/// successor of arXiv:2012.09838.
/// </remarks>
public static class AttentionRelevance
{
    /// <summary>The blocks of a recorded and differentiated forward pass.</summary>
    /// <inheritdoc cref="Of(IReadOnlyList{Tensor}, Func{int, Tensor})"/>
    /// <exception cref="InvalidOperationException">There are no gradients; see
    /// <see cref="RecordedAttention.Gradient"/>.</exception>
    public static Tensor Of(IReadOnlyList<RecordedAttention> blocks) =>
        Of([.. blocks.Select(block => block.Map)], block => blocks[block].Gradient());

    /// <summary>Follows relevance through the blocks.</summary>
    /// <param name="maps">One per block, first to last, <c>[batch, head, token, token]</c>.</param>
    /// <param name="gradients">The score's gradient with respect to a block's map, same shape; asked for one after
    /// another.</param>
    /// <returns>R − I, <c>[batch, token, token]</c>: what came to the row's token from the column's; owned by the
    /// running scope.</returns>
    /// <exception cref="ArgumentException">There is no map.</exception>
    public static Tensor Of(IReadOnlyList<Tensor> maps, Func<int, Tensor> gradients)
    {
        if (maps.Count == 0)
            throw new ArgumentException("AttentionRelevance: there is no attention map to follow.", nameof(maps));
        using IDisposable pause = Tape.Pause();
        using StepScope scope = StepScope.Begin();
        Tensor identity = AttentionRollout.Identity(maps[0].Shape[2], maps[0].Device);
        Tensor relevance = Ops.Expand(identity, maps[0].Shape[0], identity.Shape[1], identity.Shape[2]);
        for (int block = 0; block < maps.Count; block++)
        {
            using StepScope inner = StepScope.Begin();   // the gradients of one block at a time
            Tensor weighted = Ops.Mean(Ops.Relu(Ops.Multiply(maps[block], gradients(block))), 1);
            relevance = inner.Return(Ops.Add(relevance, Ops.MatMul(weighted, relevance)));
        }

        return scope.Return(Ops.Subtract(relevance, identity));
    }
}
