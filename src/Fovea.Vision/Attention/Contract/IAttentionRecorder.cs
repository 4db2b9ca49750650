using Fovea.Tensors;

namespace Fovea.Vision.Attention.Contract;

/// <summary>Hears what each block of a model attends to in a forward pass.</summary>
public interface IAttentionRecorder
{
    /// <summary>Takes note of one mechanism's forward pass; blocks come first to last.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="input">The mechanism's input.</param>
    /// <param name="mixed">Its result, <c>[batch, token, head · headDim]</c>.</param>
    /// <returns>The tensor to go on with: the same values as <paramref name="mixed"/>.</returns>
    Tensor Record(IAttention mechanism, AttentionInput input, Tensor mixed);

    /// <summary>Takes note of what a block's output projection reads: its heads side by side, finished and
    /// gated.</summary>
    /// <param name="block">From 0.</param>
    /// <param name="heads"><c>[batch, token, head · headDim]</c>.</param>
    /// <returns>The tensor to go on with; other values are an intervention, which changes the model's answer.</returns>
    Tensor RecordHeads(int block, Tensor heads) => heads;

    /// <summary>Takes note of the tokens behind a block.</summary>
    /// <param name="block">From 0.</param>
    /// <param name="tokens"><c>[batch, token, dim]</c>; valid during the call.</param>
    void RecordTokens(int block, Tensor tokens)
    {
    }

    /// <summary>Takes note of learned pooling.</summary>
    /// <param name="weights">Weight of each patch in the model's answer, <c>[batch, 1, patch]</c>.</param>
    void RecordPooling(Tensor weights);
}
