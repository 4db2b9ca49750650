namespace Fovea.Data.Codecs.Decoding;

/// <summary>Substitute for colours that pixels name and a palette lacks: the grey of their number, as in
/// Pillow.</summary>
internal static class PaletteGaps
{
    /// <summary>Fills the rest of a palette of red, green and blue.</summary>
    /// <param name="palette">Three bytes a colour.</param>
    /// <param name="start">Bytes that it has already.</param>
    public static void Fill(Span<byte> palette, int start)
    {
        for (int i = start; i < palette.Length; i++) palette[i] = (byte)(i / 3);
    }
}
