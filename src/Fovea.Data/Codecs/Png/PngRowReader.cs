namespace Fovea.Data.Codecs.Png;

/// <summary>Turns unfiltered rows of any kind into planes of bytes.</summary>
/// <remarks>
/// Samples of 1, 2 and 4 bits are stretched to 0 to 255. Of 16 bits the upper 8 are kept, which is what Pillow does with colours; its 16-bit
/// greys would be cut off at 255 instead (nearly all white), which nobody wants. Alpha is dropped.
/// </remarks>
internal sealed class PngRowReader(PngHeader header, byte[]? palette)
{
    private readonly byte[] _samples = header.Depth == 8 ? [] : new byte[(long)header.Width * header.Samples];

    /// <summary>Writes one row of a pass into the image.</summary>
    /// <param name="row">Unfiltered bytes.</param>
    /// <param name="image">Receives the pixels.</param>
    /// <param name="pass">Which pixels of a row they are.</param>
    /// <param name="y">Row of the image.</param>
    public void Write(ReadOnlySpan<byte> row, RawImage image, PngPass pass, int y)
    {
        int width = pass.Width(header);
        ReadOnlySpan<byte> samples = Samples(row, width * header.Samples);
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> target = image.Plane(channel).Slice(y * image.Width, image.Width)[pass.X..];
            if (palette is not null && header.ColorType == PngHeader.Palette) LookUp(samples[..width], palette, channel, target, pass.StepX);
            else Scatter(samples[channel..], header.Samples, target, pass.StepX);
        }
    }

    private static void Scatter(ReadOnlySpan<byte> samples, int stride, Span<byte> target, int step)
    {
        if (stride == 1 && step == 1) samples[..target.Length].CopyTo(target);
        else for (int from = 0, to = 0; to < target.Length; from += stride, to += step) target[to] = samples[from];
    }

    private static void LookUp(ReadOnlySpan<byte> indices, ReadOnlySpan<byte> palette, int channel, Span<byte> target, int step)
    {
        for (int i = 0, to = 0; to < target.Length; i++, to += step) target[to] = palette[3 * indices[i] + channel];
    }

    /// <summary>The row with one byte per sample.</summary>
    private ReadOnlySpan<byte> Samples(ReadOnlySpan<byte> row, int count)
    {
        if (header.Depth == 8) return row;
        Span<byte> samples = _samples.AsSpan(0, count);
        if (header.Depth == 16)
        {
            for (int i = 0; i < samples.Length; i++) samples[i] = row[2 * i];
            return samples;
        }

        int mask = (1 << header.Depth) - 1, factor = header.ColorType == PngHeader.Palette ? 1 : 255 / mask;
        for (int i = 0; i < samples.Length; i++)
        {
            int bit = i * header.Depth;
            samples[i] = (byte)((row[bit >> 3] >> (8 - header.Depth - (bit & 7)) & mask) * factor);
        }

        return samples;
    }
}
