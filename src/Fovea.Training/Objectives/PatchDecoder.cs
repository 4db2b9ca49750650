using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Training.Objectives;

/// <summary>
/// The decoder of a masked autoencoder (He et al. 2022, arXiv:2111.06377, section 3): a few narrow blocks over the
/// encoded tokens and a learned token in each hidden place, with sines and cosines as positions; then a linear map to
/// the pixels of the hidden patches. Names as in the paper's code.
/// </summary>
internal sealed class PatchDecoder : Module
{
    private const int HeadSize = 32;

    private readonly Linear _embed, _prediction;
    private readonly Parameter _maskToken;
    private readonly FixedPosition _position;
    private readonly TransformerBlock[] _blocks;
    private readonly RowNorm _norm;
    private readonly TokenGrid _grid;
    private readonly int _dim;

    /// <param name="encoder">The encoder.</param>
    /// <param name="depth">Blocks; null: by the encoder's.</param>
    /// <param name="dim">Elements of a token; null: by the encoder's.</param>
    /// <exception cref="UsageException">The elements do not divide into heads.</exception>
    public PatchDecoder(VisionTransformerConfig encoder, int? depth, int? dim)
    {
        _dim = dim ?? (encoder.Dim >= 768 ? 512
            : Math.Max(HeadSize, (encoder.Dim / 2 + HeadSize - 1) / HeadSize * HeadSize));
        if (_dim % HeadSize != 0)
            throw new UsageException($"the decoder's heads have {HeadSize} elements: take a multiple, not {_dim}.")
            { Field = "decoder-dim" };
        VisionTransformerConfig config = new()
        {
            ImageSize = encoder.ImageSize,
            PatchSize = encoder.PatchSize,
            Channels = encoder.Channels,
            Dim = _dim,
            Depth = depth ?? (encoder.Depth >= 12 ? 8 : Math.Max(1, encoder.Depth / 2)),
            Heads = _dim / HeadSize,
            WeightInit = WeightInit.Xavier,
        };
        TokenGrid whole = encoder.Build().GridOf(encoder.ImageSize, encoder.ImageSize);
        _grid = whole;
        _embed = Register("decoder_embed", new Linear(encoder.Dim, _dim, true, Init.XavierUniform(), Init.Zeros));
        _maskToken = Register(new Parameter("mask_token", [1, 1, _dim], Init.Normal(0.02), decay: false));
        _position = Register("decoder_position", FixedPosition.Grid(_grid, _dim));
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i =>
            Register($"decoder_blocks.{i}", new TransformerBlock(config, _grid, i)))];
        _norm = Register("decoder_norm", new LayerNorm(_dim, config.NormEpsilon));
        _prediction = Register("decoder_pred", new Linear(_dim,
            encoder.Channels * encoder.PatchSize * encoder.PatchSize, true, Init.XavierUniform(), Init.Zeros));
    }

    /// <summary>Blocks.</summary>
    public int Depth => _blocks.Length;

    /// <summary>Elements of a token.</summary>
    public int Dim => _dim;

    /// <summary>Predicted pixels of the hidden patches.</summary>
    /// <param name="encoded">Tokens before the patches, and those of the visible ones, <c>[batch, prefix + visible,
    /// dim]</c>.</param>
    /// <param name="visible">Numbers of the visible patches of each image, rising.</param>
    /// <param name="hidden">Numbers of the hidden ones, rising.</param>
    /// <returns><c>[batch · hidden, channel · patch · patch]</c>.</returns>
    public Tensor Forward(Tensor encoded, IReadOnlyList<int[]> visible, IReadOnlyList<int[]> hidden)
    {
        (int batch, int given) = (encoded.Shape[0], encoded.Shape[1]);
        int[] places = new int[batch * _grid.Tokens];
        Array.Fill(places, batch * given);   // the row behind all: the mask token
        for (int image = 0; image < batch; image++)
            for (int token = 0; token < given; token++)
            {
                int place = token < _grid.Prefix ? token : _grid.Prefix + visible[image][token - _grid.Prefix];
                places[image * _grid.Tokens + place] = image * given + token;
            }

        Tensor rows = Ops.Concat(0, _embed.Forward(encoded).Reshape(-1, _dim), _maskToken.Value.Reshape(1, _dim));
        Tensor x = Pick(rows, places).Reshape(batch, _grid.Tokens, _dim);
        x = Ops.Add(x, _position.At(_grid));
        foreach (TransformerBlock block in _blocks) x = block.Forward(x, _grid);
        int[] wanted = [.. hidden.SelectMany((patches, image) =>
            patches.Select(patch => image * _grid.Tokens + _grid.Prefix + patch))];
        return _prediction.Forward(_norm, Pick(x.Reshape(-1, _dim), wanted));
    }

    internal static Tensor Pick(Tensor rows, int[] numbers) =>
        Ops.Gather(rows, Tensor.From(numbers, [numbers.Length], rows.Device));
}
