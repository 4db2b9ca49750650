using System.Runtime.InteropServices;
using Fovea.Data.Codecs.Decoding;
using SkiaSharp;

namespace Fovea.Data.Codecs.Skia;

/// <summary>Reads PNG, WebP, GIF (its first frame) and icons with Skia.</summary>
/// <remarks>Samples are those of the file: no colour management, and no multiplication by alpha, which is
/// dropped.</remarks>
internal sealed class SkiaReader : IDisposable
{
    private readonly ImageSource _source;
    private readonly PngStructure? _png;
    private readonly GCHandle _pin;
    private readonly SKData _data;
    private readonly SKCodec _codec;

    private SkiaReader(ImageSource source, ImageFormat format)
    {
        _source = source;
        _png = format == ImageFormat.Png ? PngStructure.Read(source) : null;
        ReadOnlyMemory<byte> file = _png?.Repaired
            ?? (format == ImageFormat.Gif ? GifStructure.Opaque(source) : source.File);
        if (!MemoryMarshal.TryGetArray(file, out ArraySegment<byte> bytes)) bytes = new(file.ToArray());
        _pin = GCHandle.Alloc(bytes.Array, GCHandleType.Pinned);
        _data = SKData.Create(_pin.AddrOfPinnedObject() + bytes.Offset, bytes.Count)
            ?? throw new InsufficientMemoryException();
        if (SKCodec.Create(_data) is not SKCodec codec)
        {
            Free();
            throw source.Error("is cut off or damaged: its header cannot be read.");
        }

        _codec = codec;
    }

    /// <summary>Skia knows no orientation of PNG.</summary>
    private int Orientation => !_source.Options.ApplyOrientation
        ? ExifOrientation.Upright : _png?.Orientation ?? (int)_codec.EncodedOrigin;

    private int Channels => _png?.Channels ?? 3;

    public static ImageInfo Identify(ImageSource source, ImageFormat format)
    {
        using SkiaReader reader = new(source, format);
        (int width, int height) = (reader._codec.Info.Width, reader._codec.Info.Height);
        return ExifOrientation.Transposes(reader.Orientation)
            ? new(format, height, width, reader.Channels) : new(format, width, height, reader.Channels);
    }

    /// <exception cref="DataException">The file is damaged, cut off or beyond the limits.</exception>
    public static void Decode(ImageSource source, ImageFormat format, RawImage image)
    {
        using SkiaReader reader = new(source, format);
        using DecodeMemory.Lease memory = reader.Reserve();
        image.SetSize(reader.Channels, reader._codec.Info.Height, reader._codec.Info.Width);
        reader.ReadPixels(image);
        ExifOrientation.Apply(reader.Orientation, image);
    }

    public void Dispose()
    {
        _codec.Dispose();
        Free();
    }

    private void Free()
    {
        _data.Dispose();
        _pin.Free();
    }

    /// <summary>Takes memory for the result, a second one that is turned, interleaved pixels of four bytes, and the
    /// whole image as stored where its rows come in seven passes.</summary>
    private DecodeMemory.Lease Reserve()
    {
        long width = _codec.Info.Width, height = _codec.Info.Height;
        int copies = Orientation == ExifOrientation.Upright ? 1 : 2;
        long passes = _png is { IsInterlaced: true } ? _png.Unpacked : 0;
        return _source.Reserve(width, height, width * height * (Channels * copies + 4) + passes);
    }

    private void ReadPixels(RawImage image)
    {
        bool isGrey = _codec.Info.ColorType == SKColorType.Gray8 && image.Channels == 1;
        SKAlphaType alpha = _codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul;
        SKColorType color = isGrey ? SKColorType.Gray8 : SKColorType.Rgba8888;
        SKImageInfo info = new(image.Width, image.Height, color, alpha);
        byte[] pixels = DecodeBuffers.Rent<byte>(info.BytesSize);
        GCHandle pin = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        try
        {
            RequireSuccess(_codec.GetPixels(info, pin.AddrOfPinnedObject()));
            Store(pixels.AsSpan(0, info.BytesSize), info.BytesPerPixel, image);
        }
        finally
        {
            pin.Free();
            DecodeBuffers.Return(pixels);
        }
    }

    private void RequireSuccess(SKCodecResult result)
    {
        if (result == SKCodecResult.Success) return;
        throw _source.Error(result switch
        {
            SKCodecResult.IncompleteInput => "is cut off or damaged: its pixels end too early.",
            // also Skia's answer where it gets no memory
            SKCodecResult.InternalError =>
                "its pixels cannot be decoded: it is damaged, or there is too little memory.",
            _ => "is damaged: its pixels cannot be decoded.",
        });
    }

    private static void Store(ReadOnlySpan<byte> pixels, int step, RawImage image)
    {
        if (step == 1)
        {
            pixels.CopyTo(image.Pixels);
            return;
        }

        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> plane = image.Plane(channel);
            for (int i = 0; i < plane.Length; i++) plane[i] = pixels[4 * i + channel];
        }
    }
}
