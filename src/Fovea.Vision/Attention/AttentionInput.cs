using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>What a mechanism is given in a forward pass.</summary>
/// <param name="Projected">The input projection's result <c>[batch, token, width]</c>; for most packed as <c>[batch, token, 3, head, headDim]</c>.</param>
/// <param name="Grid">How the tokens lie over the image.</param>
/// <param name="Projection">The input projection itself, for mechanisms that send more than the tokens through it.</param>
public readonly record struct AttentionInput(Tensor Projected, TokenGrid Grid, Linear Projection);
