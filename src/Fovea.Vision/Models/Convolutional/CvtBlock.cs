using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Convolutional;

/// <summary>x ← x + attn(norm1(x)); x ← x + mlp(norm2(x)), <c>[batch, token, dim]</c>. The MLP has the approximation of
/// GELU that the authors trained with, x · sigmoid(1.702 x).</summary>
internal sealed class CvtBlock : Module
{
    internal const float NormEpsilon = 1e-5f;
    private const float GeluSlope = 1.702f;

    private readonly LayerNorm _norm1, _norm2;
    private readonly CvtAttention _attention;
    private readonly Mlp _mlp;
    private readonly DropPath _path1, _path2;

    /// <param name="config">The model.</param>
    /// <param name="stage">The block's stage, from 0.</param>
    /// <param name="dropPath">Share of samples that skip a branch while training.</param>
    internal CvtBlock(CvtConfig config, int stage, float dropPath)
    {
        int dim = config.Dims[stage];
        _norm1 = Register("norm1", new LayerNorm(dim, NormEpsilon));
        _attention = Register("attn", new CvtAttention(dim, config.Heads[stage], config.Dropout));
        _path1 = Register("drop_path1", new DropPath(dropPath));
        _norm2 = Register("norm2", new LayerNorm(dim, NormEpsilon));
        _mlp = Register("mlp", new Mlp(dim, config.HiddenOf(stage), UnaryOperator.Silu, config.Dropout,
            Init.TruncatedNormal(0.02), Init.Zeros, slope: GeluSlope));
        _path2 = Register("drop_path2", new DropPath(dropPath));
    }

    /// <summary>A layer with the authors' first values.</summary>
    internal static Linear Linear(int inputs, int outputs) =>
        new(inputs, outputs, true, Init.TruncatedNormal(0.02), Init.Zeros);

    /// <summary><c>[batch, dim, row, column] → [batch, token, dim]</c>.</summary>
    internal static Tensor Tokens(Tensor map) =>
        Ops.Permute(map.Reshape(map.Shape[0], map.Shape[1], map.Shape[2] * map.Shape[3]), 0, 2, 1);

    /// <summary><c>[batch, token, dim] → [batch, dim, row, column]</c>, of tokens that are all patches.</summary>
    internal static Tensor Map(Tensor tokens, TokenGrid grid) =>
        Ops.Permute(tokens, 0, 2, 1).Reshape(tokens.Shape[0], tokens.Shape[2], grid.Rows, grid.Columns);

    /// <param name="x"><c>[batch, token, dim]</c>.</param>
    /// <param name="grid">Arrangement of the tokens.</param>
    internal Tensor Forward(Tensor x, TokenGrid grid)
    {
        Tensor normed = _norm1.Forward(x);
        x = _path1.IsActive ? Ops.Add(x, _path1.Forward(_attention.Forward(normed, grid, null)))
            : _attention.Forward(normed, grid, x);
        return _path2.IsActive ? Ops.Add(x, _path2.Forward(_mlp.Forward(_norm2, x))) : _mlp.Forward(_norm2, x, x);
    }

    /// <summary>MACs for one sequence.</summary>
    internal double Macs(TokenGrid grid) => _attention.Macs(grid)
        + (double)grid.Tokens * (_mlp.Fc1.Weight.Shape.Elements + _mlp.Fc2.Weight.Shape.Elements);

    /// <summary>Exponentials of the attention for one sequence.</summary>
    internal double Exponentials(TokenGrid grid) => _attention.Exponentials(grid);
}
