using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Training.Objectives;

/// <summary>
/// Masked autoencoder (He et al. 2022, arXiv:2111.06377): most patches of an image are hidden, the encoder sees the
/// others alone, and a small decoder predicts the pixels of the hidden ones. Which ones is a function of the seed, the
/// step and the image's place in the batch.
/// </summary>
internal sealed class MaskedAutoencoder : Objective
{
    private readonly VisionTransformer _encoder;
    private readonly PatchDecoder _decoder;
    private readonly PretrainingSection _options;
    private readonly ulong _seed;
    private readonly Device _device;

    /// <param name="encoder">The model that learns.</param>
    /// <param name="options">Mask and decoder.</param>
    /// <param name="seed">Key of the masks.</param>
    /// <param name="device">Device of the model.</param>
    /// <exception cref="UsageException">No patch would be visible, or none hidden, or the decoder's sizes do not
    /// fit.</exception>
    public MaskedAutoencoder(VisionTransformer encoder, PretrainingSection options, ulong seed, Device device)
        : this(encoder, new PatchDecoder(encoder.Config, options.DecoderDepth, options.DecoderDim), options, seed,
            device)
    {
    }

    private MaskedAutoencoder(VisionTransformer encoder, PatchDecoder decoder, PretrainingSection options, ulong seed,
        Device device)
        : base(encoder, decoder)
    {
        (_encoder, _decoder, _options, _seed, _device) = (encoder, decoder, options, seed, device);
        int patches = Patches(encoder.Config);
        int visible = VisibleOf(patches, options.MaskRatio);
        if (visible < 1 || visible == patches)
            throw new UsageException(
                $"of {patches} patches {visible} would be visible: some must be, and some must not.")
            {
                Field = "mask-ratio",
                Remedy = "A smaller `patch-size` makes more patches.",
            };
    }

    /// <summary>Blocks and elements of the decoder.</summary>
    public (int Depth, int Dim) Decoder => (_decoder.Depth, _decoder.Dim);

    /// <inheritdoc/>
    public override (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step, ClassLoss classes)
    {
        Tensor images = part.Images(_device);
        int patches = Patches(_encoder.Config);
        List<int[]> visible = [], hidden = [];
        for (int i = 0; i < part.Count; i++)
        {
            (int[] seen, int[] unseen) = Mask(_seed, step, part.First + i, patches, _options.MaskRatio);
            visible.Add(seen);
            hidden.Add(unseen);
        }

        Tensor predicted = _decoder.Forward(_encoder.Encode(images, visible), visible, hidden);
        return (Losses.PatchError(predicted, Targets(images, patches, hidden), _options.NormalisedPixels), null);
    }

    /// <summary>The visible and the hidden patches of an image, each in rising order: of a random order the first
    /// (1 − ratio) · patches, rounded down, are visible, as in the paper's code.</summary>
    /// <param name="seed">Key of the run.</param>
    /// <param name="step">Steps done before.</param>
    /// <param name="place">The image's place in the batch.</param>
    /// <param name="patches">Patches of an image.</param>
    /// <param name="ratio">Share of the hidden ones.</param>
    internal static (int[] Visible, int[] Hidden) Mask(ulong seed, int step, int place, int patches, double ratio)
    {
        int[] order = Philox.For(seed, "mask", (ulong)step, (ulong)place).Permutation(patches);
        int count = VisibleOf(patches, ratio);
        return ([.. order.Take(count).Order()], [.. order.Skip(count).Order()]);
    }

    private static int VisibleOf(int patches, double ratio) => (int)(patches * (1 - ratio) + 1e-9);

    private static int Patches(VisionTransformerConfig config) =>
        config.ImageSize / config.PatchSize * (config.ImageSize / config.PatchSize);

    private Tensor Targets(Tensor images, int patches, List<int[]> hidden)
    {
        using IDisposable pause = Tape.Pause();
        Tensor all = Ops.Patchify(images, _encoder.Config.PatchSize);
        return PatchDecoder.Pick(all.Reshape(-1, all.Shape[2]),
            [.. hidden.SelectMany((numbers, image) => numbers.Select(patch => image * patches + patch))]);
    }
}
