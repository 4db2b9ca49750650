namespace Fovea.Data.Codecs.Jpeg;

/// <summary>One colour component of a frame: its share of the samples, and where they are decoded to.</summary>
internal sealed class JpegComponent
{
    /// <summary>Number by which scans call it.</summary>
    public required byte Id { get; init; }

    /// <summary>Samples in a row relative to the other components, 1 to 4.</summary>
    public required int Horizontal { get; init; }

    /// <summary>Rows relative to the other components, 1 to 4.</summary>
    public required int Vertical { get; init; }

    /// <summary>Which quantisation table it uses, 0 to 3.</summary>
    public required int Selector { get; init; }

    /// <summary>Blocks that hold samples of the image, in a row and in a column.</summary>
    public int BlocksWide { get; set; }

    /// <inheritdoc cref="BlocksWide"/>
    public int BlocksHigh { get; set; }

    /// <summary>Blocks with those that fill up the last MCUs.</summary>
    public int PaddedWide { get; set; }

    /// <inheritdoc cref="PaddedWide"/>
    public int PaddedHigh { get; set; }

    /// <summary>Samples that a block becomes, in a row and in a column: 8, or 4, 2 or 1 when the image is
    /// shrunk.</summary>
    public int Size { get; set; } = 8;

    /// <summary>Samples of the image in a row.</summary>
    public int Width { get; set; }

    /// <summary>Rows of the image.</summary>
    public int Height { get; set; }

    /// <summary>The steps of its coefficients, row by row; that of its first scan. Null before.</summary>
    public int[]? Quantization { get; set; }

    /// <summary>Decoded samples, [PaddedHigh · Size, Stride], rented and longer than that.</summary>
    public byte[] Plane { get; set; } = [];

    /// <summary>Progressive frames only: [PaddedHigh, PaddedWide, 64] coefficients, rented.</summary>
    public short[] Coefficients { get; set; } = [];

    /// <summary>Bytes between rows of the plane.</summary>
    public int Stride => PaddedWide * Size;

    /// <summary>All blocks.</summary>
    public long Blocks => (long)PaddedWide * PaddedHigh;

    /// <summary>Offset of a block's samples in the plane.</summary>
    public Span<byte> Target(int blockX, int blockY) => Plane.AsSpan((blockY * Stride + blockX) * Size);

    /// <summary>A block's coefficients.</summary>
    public Span<short> Block(int blockX, int blockY) => Coefficients.AsSpan((blockY * PaddedWide + blockX) * 64, 64);
}
