namespace Fovea.Data;

/// <summary>
/// One image of bytes, planar: <c>[channel, height, width]</c>. It belongs to whoever made it, is filled again and
/// again, and keeps its memory when it shrinks, so that a worker reuses a few of them for a whole run.
/// </summary>
public sealed class RawImage
{
    private const int MostKept = 64 << 20;

    private byte[] _bytes = [];

    /// <summary>An empty image (no channels); <see cref="SetSize"/> gives it a shape.</summary>
    public RawImage()
    {
    }

    /// <summary>An image of the given shape. Its pixels are zero.</summary>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public RawImage(int channels, int height, int width) => SetSize(channels, height, width);

    /// <summary>Planes: 1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>Columns.</summary>
    public int Width { get; private set; }

    /// <summary>All samples, <c>[channel, height, width]</c>.</summary>
    public Span<byte> Pixels => _bytes.AsSpan(0, Channels * Height * Width);

    /// <summary>One channel, <c>[height, width]</c>.</summary>
    public Span<byte> Plane(int channel) => _bytes.AsSpan(channel * Height * Width, Height * Width);

    /// <summary>Gives the image another shape. Its pixels are undefined until they are written.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or the image is larger than 2³¹
    /// bytes.</exception>
    public void SetSize(int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        long length = (long)channels * height * width;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Array.MaxLength, nameof(height));
        // A huge image among usual ones does not stay in memory behind them.
        if (_bytes.Length < length || _bytes.Length > MostKept && length < _bytes.Length / 4)
            _bytes = new byte[length];
        (Channels, Height, Width) = (channels, height, width);
    }

    /// <summary>Takes over shape and pixels of another image.</summary>
    public void CopyFrom(RawImage other)
    {
        SetSize(other.Channels, other.Height, other.Width);
        other.Pixels.CopyTo(Pixels);
    }

    /// <summary>Makes a grey image one of several equal channels.</summary>
    internal void Repeat(int channels)
    {
        int area = Height * Width;
        if (_bytes.Length < (long)channels * area) Array.Resize(ref _bytes, channels * area);
        Channels = channels;
        for (int channel = 1; channel < channels; channel++) Plane(0).CopyTo(Plane(channel));
    }

    /// <summary>Exchanges the contents of two images without copying pixels.</summary>
    internal void Swap(RawImage other)
    {
        (_bytes, other._bytes) = (other._bytes, _bytes);
        (Channels, other.Channels) = (other.Channels, Channels);
        (Height, other.Height) = (other.Height, Height);
        (Width, other.Width) = (other.Width, Width);
    }
}
