namespace Fovea.Data.Codecs.Decoding;

/// <summary>Facts that an image's header gives.</summary>
/// <param name="Format">The file format.</param>
/// <param name="Width">Columns, as <see cref="ImageFile"/> would give them: turned upright, and shrunk where the
/// options ask for it.</param>
/// <param name="Height">Rows, likewise.</param>
/// <param name="Channels">Planes that reading gives: 1 (grey) or 3 (red, green, blue).</param>
public sealed record ImageInfo(ImageFormat Format, int Width, int Height, int Channels);
