
namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// Working memory of one worker: crops, resizes and colour changes into memory that is kept, so that transforms
/// allocate nothing once they have seen the largest image. Not for use by two threads at once.
/// </summary>
public sealed class ImageScratch
{
    private readonly RawImage _spare = new(), _narrow = new();
    private readonly ResampleWeights _horizontal = new(), _vertical = new();
    private ulong[] _words = [];
    private float[] _floats = [];

    /// <summary>An image to write a result to; <see cref="Crop"/> and the others write to it too.</summary>
    internal RawImage Spare => _spare;

    /// <summary>Replaces <paramref name="image"/> by the part in <paramref name="box"/>; outside the image it is black
    /// (0).</summary>
    public void Crop(RawImage image, Box box)
    {
        _spare.SetSize(image.Channels, box.Height, box.Width);
        int left = Math.Max(0, box.Left), right = Math.Min(image.Width, box.Left + box.Width);
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> from = image.Plane(channel), to = _spare.Plane(channel);
            to.Clear();
            for (int y = Math.Max(0, box.Top); left < right && y < Math.Min(image.Height, box.Top + box.Height); y++)
            {
                from[(y * image.Width + left)..(y * image.Width + right)]
                    .CopyTo(to[((y - box.Top) * box.Width + left - box.Left)..]);
            }
        }

        image.Swap(_spare);
    }

    /// <summary>
    /// Replaces <paramref name="image"/> by itself in another size, bit for bit as Pillow's <c>Image.resize</c>: rows
    /// first, rounded to bytes, then columns.
    /// </summary>
    public void Resize(RawImage image, int height, int width, Interpolation interpolation)
    {
        if (interpolation == Interpolation.Nearest)
        {
            ResizeNearest(image, height, width);
            return;
        }

        if (width != image.Width) ResizeRows(image, width, interpolation);
        if (height != image.Height) ResizeColumns(image, height, interpolation);
    }

    /// <summary>Mirrors left and right.</summary>
    public static void Flip(RawImage image)
    {
        for (Span<byte> rest = image.Pixels; !rest.IsEmpty; rest = rest[image.Width..]) rest[..image.Width].Reverse();
    }

    /// <summary>Mirrors top and bottom.</summary>
    public void FlipVertically(RawImage image)
    {
        _spare.SetSize(image.Channels, image.Height, image.Width);
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> from = image.Plane(channel), to = _spare.Plane(channel);
            for (int row = 0; row < from.Length; row += image.Width)
                from.Slice(row, image.Width).CopyTo(to[(from.Length - image.Width - row)..]);
        }

        image.Swap(_spare);
    }

    /// <summary>Memory for numbers; undefined until they are written.</summary>
    internal Span<float> Floats(int count)
    {
        if (_floats.Length < count) _floats = new float[count];
        return _floats.AsSpan(0, count);
    }

    /// <summary>
    /// Makes a colour image grey (ITU-R BT.601 luma with Pillow's 16-bit weights) or repeats a grey one in three
    /// channels.
    /// </summary>
    /// <exception cref="NotSupportedException">Neither of the two.</exception>
    public void SetChannels(RawImage image, int channels)
    {
        if (channels == image.Channels) return;
        _spare.SetSize(channels, image.Height, image.Width);
        if (image.Channels == 1)
        {
            for (int channel = 0; channel < channels; channel++) image.Pixels.CopyTo(_spare.Plane(channel));
        }
        else if (image.Channels == 3 && channels == 1)
        {
            Luma.Of(image, _spare.Pixels);
        }
        else
        {
            throw new NotSupportedException(
                $"An image of {image.Channels} channels cannot become one of {channels}; 1 and 3 can.");
        }

        image.Swap(_spare);
    }

    private void ResizeNearest(RawImage image, int height, int width)
    {
        if (width == image.Width && height == image.Height) return;
        _spare.SetSize(image.Channels, height, width);
        double down = (double)image.Height / height, right = (double)image.Width / width;
        for (int channel = 0; channel < image.Channels; channel++)
        {
            ReadOnlySpan<byte> from = image.Plane(channel);
            Span<byte> to = _spare.Plane(channel);
            double atY = down * 0.5;   // summed up as Pillow does, for the same rounding
            for (int y = 0; y < height; y++, atY += down)
            {
                ReadOnlySpan<byte> row = from.Slice(Math.Min((int)atY, image.Height - 1) * image.Width, image.Width);
                double atX = right * 0.5;
                for (int x = 0; x < width; x++, atX += right)
                    to[y * width + x] = row[Math.Min((int)atX, row.Length - 1)];
            }
        }

        image.Swap(_spare);
    }

    private void ResizeRows(RawImage image, int width, Interpolation interpolation)
    {
        _horizontal.Prepare(image.Width, width, interpolation);
        _narrow.SetSize(image.Channels, image.Height, width);
        Resampling.Rows(image.Pixels, image.Width, _narrow.Pixels, width, _horizontal, ref _words);
        image.Swap(_narrow);
    }

    private void ResizeColumns(RawImage image, int height, Interpolation interpolation)
    {
        _vertical.Prepare(image.Height, height, interpolation);
        _spare.SetSize(image.Channels, height, image.Width);
        for (int channel = 0; channel < image.Channels; channel++)
            Resampling.Columns(image.Plane(channel), _spare.Plane(channel), image.Width, _vertical);
        image.Swap(_spare);
    }
}
