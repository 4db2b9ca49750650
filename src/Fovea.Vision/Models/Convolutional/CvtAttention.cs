using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Convolutional;

/// <summary>
/// Attention whose queries, keys and values come of depthwise convolutions over the map of tokens (Wu et al. 2021,
/// arXiv:2103.15808, section 3.2), <c>[batch, token, dim] → [batch, token, dim]</c>; keys and values at every other row
/// and column. A class token passes by the convolutions.
/// </summary>
/// <remarks><code>
/// q = W_q bn(conv3x3(x)) + b,  k, v = W bn(conv3x3, stride 2(x)) + b
/// y = W_o softmax(q·k / √dim) v + b          √dim, not √headDim: as the authors' code has it
/// </code></remarks>
internal sealed class CvtAttention : Module
{
    private const int Kernel = 3, KeyStride = 2;
    private static readonly (string Name, int Stride)[] Parts = [("q", 1), ("k", KeyStride), ("v", KeyStride)];

    private readonly NormedConvolution[] _convolutions;
    private readonly Linear[] _projections;
    private readonly Linear _proj;
    private readonly Dropout _drop;
    private readonly int _heads, _dim;

    /// <param name="dim">Elements of a token.</param>
    /// <param name="heads">Attention heads, which divide dim.</param>
    /// <param name="dropout">Share of zeroed elements of the result.</param>
    internal CvtAttention(int dim, int heads, float dropout)
    {
        (_heads, _dim) = (heads, dim);
        _convolutions = [.. Parts.Select(part => new NormedConvolution(
            Register($"conv_proj_{part.Name}.conv", new Conv2d(dim, dim, Kernel, part.Stride, Kernel / 2, groups: dim,
                bias: false)),
            Register($"conv_proj_{part.Name}.bn", new BatchNorm2d(dim))))];
        _projections = [.. Parts.Select(part => Register($"proj_{part.Name}", CvtBlock.Linear(dim, dim)))];
        _proj = Register("proj", CvtBlock.Linear(dim, dim));
        _drop = Register("proj_drop", new Dropout(dropout));
    }

    /// <summary>The attention of x (+ residual).</summary>
    /// <param name="x">Normed tokens.</param>
    /// <param name="grid">Their arrangement.</param>
    /// <param name="residual">Added to the result, or null.</param>
    internal Tensor Forward(Tensor x, TokenGrid grid, Tensor? residual)
    {
        Tensor patches = grid.Prefix == 0 ? x : Ops.Slice(x, 1, grid.Prefix, grid.Patches);
        Tensor map = CvtBlock.Map(patches, grid);
        HeadTensor[] parts = [.. Enumerable.Range(0, Parts.Length).Select(part =>
        {
            Tensor tokens = CvtBlock.Tokens(_convolutions[part].Forward(map));
            if (grid.Prefix > 0) tokens = Ops.Concat(1, Ops.Slice(x, 1, 0, grid.Prefix), tokens);
            return new HeadTensor(_projections[part].Forward(tokens), _heads);
        })];
        Tensor mixed = Ops.Attention(parts[0], parts[1], parts[2], (float)(1 / Math.Sqrt(_dim)));
        if (!_drop.IsActive) return _proj.Forward(mixed, residual);
        Tensor y = _drop.Forward(_proj.Forward(mixed));
        return residual is null ? y : Ops.Add(residual, y);
    }

    /// <summary>MACs for one sequence.</summary>
    internal double Macs(TokenGrid grid)
    {
        (double queries, double keys) = (grid.Tokens, KeysOf(grid));
        return _convolutions.Sum(one => one.Convolution.Macs(grid.Rows, grid.Columns))
            + (double)_dim * _dim * (queries + 2 * keys + queries) + 2 * queries * keys * _dim;
    }

    /// <summary>Exponentials for one sequence.</summary>
    internal double Exponentials(TokenGrid grid) => (double)_heads * grid.Tokens * KeysOf(grid);

    private int KeysOf(TokenGrid grid) => grid.Prefix
        + _convolutions[1].Convolution.Positions(grid.Rows) * _convolutions[1].Convolution.Positions(grid.Columns);
}
