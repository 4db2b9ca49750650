using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Explanation;

/// <summary>A recorder of heads and tokens, for what is no attention map.</summary>
internal sealed class BlockRecorder : IAttentionRecorder
{
    /// <summary>Changes what a block's output projection reads; null: nothing.</summary>
    public Func<int, Tensor, Tensor>? Heads { get; init; }

    /// <summary>Hears the tokens behind each block; null: nobody.</summary>
    public Action<int, Tensor>? Tokens { get; init; }

    public Tensor Record(IAttention mechanism, AttentionInput input, Tensor mixed) => mixed;

    public Tensor RecordHeads(int block, Tensor heads) => Heads?.Invoke(block, heads) ?? heads;

    public void RecordTokens(int block, Tensor tokens) => Tokens?.Invoke(block, tokens);

    public void RecordPooling(Tensor weights)
    {
    }
}
