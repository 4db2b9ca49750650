using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Loading;

/// <summary>
/// Weights of a first layer <c>[out, channel, row, column]</c> for other channels, as timm does it: summed for one
/// channel; else repeated in turn and scaled, so that a grey image in all channels gives what it gave.
/// </summary>
internal static class ChannelAdaptation
{
    /// <param name="source">For the file's channels.</param>
    /// <param name="channels">The model's.</param>
    public static Weight Adapt(Weight source, int channels)
    {
        (int outputs, int old, int pixels) = ((int)source.Shape[0], (int)source.Shape[1],
            (int)(source.Shape[2] * source.Shape[3]));
        float[] from = source.ToArray(), to = new float[outputs * channels * pixels];
        float scale = channels == 1 ? 1 : (float)old / channels;
        int terms = channels == 1 ? old : 1;
        for (int output = 0; output < outputs; output++)
            for (int channel = 0; channel < channels; channel++)
                for (int term = 0; term < terms; term++)
                    for (int i = 0; i < pixels; i++)
                        to[(output * channels + channel) * pixels
                            + i] += scale * from[(output * old + (channel + term) % old) * pixels + i];
        return Weight.Of(source.Name, source.Type, [outputs, channels, source.Shape[2], source.Shape[3]], to);
    }
}
