using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Transformers;

/// <summary>
/// x ← x + attn(norm1(x)); x ← x + mlp(norm2(x)), <c>[batch, token, dim]</c>. Without dropout, drop path and layer
/// scale it is five operators: the norms are folded into the projections behind them, the residuals into those before
/// them. With <see cref="VisionTransformerConfig.NormedResidual"/> the second norm's result goes on along the residual
/// path as well. With <see cref="VisionTransformerConfig.ParallelBlocks"/> it is x ← x + attn(norm1(x)) +
/// mlp(norm1(x)): both halves read the same (Dehghani et al. 2023, "Scaling Vision Transformers to 22 Billion
/// Parameters", arXiv:2302.05442, section 2.1; timm's <c>ParallelScalingBlock</c>, which joins the two projections into
/// one matrix), with one layer scale and one drop path for their sum.
/// </summary>
public sealed class TransformerBlock : Module
{
    private readonly RowNorm _norm1;
    private readonly RowNorm? _norm2;
    private readonly LayerScale? _scale1, _scale2;
    private readonly DropPath _path1, _path2;
    private readonly bool _normedResidual;

    /// <param name="config">The model.</param>
    /// <param name="grid">Arrangement of the tokens over an image of the configured size.</param>
    /// <param name="index">Which block, from 0.</param>
    public TransformerBlock(VisionTransformerConfig config, TokenGrid grid, int index)
        : this(config, grid, index, config.Depth > 1 ? config.DropPath * index / (config.Depth - 1) : 0)
    {
    }

    /// <param name="config">The model, or a stage of it.</param>
    /// <param name="grid">Arrangement of the tokens over an image of the configured size.</param>
    /// <param name="index">Which block, from 0.</param>
    /// <param name="dropPath">Share of samples that skip a branch of this block.</param>
    internal TransformerBlock(VisionTransformerConfig config, TokenGrid grid, int index, float dropPath)
    {
        AttentionContext context = new()
        {
            Dim = config.Dim,
            Heads = config.Heads,
            HeadDim = config.HeadSize,
            Grid = grid,
            PositionGrid = config.PositionGrid,
            Block = index,
            Depth = config.Depth,
            Dropout = config.AttentionDropout,
            Mechanism = config.Attention.Of(index).ToString(),
        };
        Initializer weights = WeightInits.Of(config.WeightInit);
        _normedResidual = config.NormedResidual;

        _norm1 = Register("norm1", config.CreateNorm(config.Dim));
        Attention = Register("attn", new AttentionLayer(
            AttentionCatalogue.Create(config.Attention.Of(index), context), context, config.QkvBias,
            config.ProjectionBias, config.Dropout, weights, Init.Zeros, config.Position,
            config.QkNorm ? config.CreateNorm : null, config.AttentionGate, config.KeyBias));
        if (config.LayerScale is { } first) _scale1 = Register("ls1", new LayerScale(config.Dim, first));
        _path1 = Register("drop_path1", new DropPath(dropPath));
        _path2 = Register("drop_path2", new DropPath(config.ParallelBlocks ? 0 : dropPath));
        if (config.HiddenSize == 0) return;

        if (!config.ParallelBlocks) _norm2 = Register("norm2", config.CreateNorm(config.Dim));
        Mlp = Register("mlp", new Mlp(config.Dim, config.HiddenSize, config.Activation, config.Dropout, weights,
            Init.Zeros, config.GatedMlp));
        if (!config.ParallelBlocks && config.LayerScale is { } second)
            _scale2 = Register("ls2", new LayerScale(config.Dim, second));
    }

    /// <summary>Norm of the first half's input.</summary>
    public RowNorm Norm1 => _norm1;

    /// <summary>The first half.</summary>
    public AttentionLayer Attention { get; }

    /// <summary>The second half; null in an attention-only model.</summary>
    public Mlp? Mlp { get; }

    /// <param name="x"><c>[batch, token, dim]</c>.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="recorder">Hears what is attended to, or null.</param>
    /// <returns><c>[batch, token, dim]</c>.</returns>
    public Tensor Forward(Tensor x, TokenGrid grid, IAttentionRecorder? recorder = null)
    {
        if (Mlp is not null && _norm2 is null) return Together(Mlp, x, grid, recorder);
        x = IsPlain(_scale1, _path1)
            ? Attention.Forward(_norm1, x, grid, residual: x, recorder)
            : Ops.Add(x, End(Attention.Forward(_norm1, x, grid, recorder: recorder), _scale1, _path1));
        if (Mlp is null || _norm2 is null) return x;
        if (_normedResidual) return AfterNorm(Mlp, _norm2.Forward(x));
        return IsPlain(_scale2, _path2)
            ? Mlp.Forward(_norm2, x, residual: x)
            : Ops.Add(x, End(Mlp.Forward(_norm2, x), _scale2, _path2));
    }

    /// <summary>MACs for one sequence.</summary>
    internal double Macs(TokenGrid grid)
    {
        double weights = 0;
        foreach (Linear? layer in (Linear?[])[Attention.Qkv, Attention.Gate, Attention.Proj, Mlp?.Fc1, Mlp?.Fc2])
            weights += layer?.Weight.Shape.Elements ?? 0;
        return grid.Tokens * weights + Attention.Mechanism.Macs(grid);
    }

    /// <summary>Both halves of the same normed tokens.</summary>
    private Tensor Together(Mlp mlp, Tensor x, TokenGrid grid, IAttentionRecorder? recorder) =>
        IsPlain(_scale1, _path1)
            ? mlp.Forward(_norm1, x, residual: Attention.Forward(_norm1, x, grid, residual: x, recorder))
            : Ops.Add(x, End(mlp.Forward(_norm1, x, residual: Attention.Forward(_norm1, x, grid, recorder: recorder)),
                _scale1, _path1));

    private Tensor AfterNorm(Mlp mlp, Tensor x) => IsPlain(_scale2, _path2)
        ? mlp.Forward(x, residual: x)
        : Ops.Add(x, End(mlp.Forward(x), _scale2, _path2));

    private static bool IsPlain(LayerScale? scale, DropPath path) => scale is null && !path.IsActive;

    private static Tensor End(Tensor branch, LayerScale? scale, DropPath path) =>
        path.Forward(scale?.Forward(branch) ?? branch);
}
