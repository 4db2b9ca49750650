using Fovea.Data.Codecs.Bmp;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Jpeg;
using Fovea.Data.Codecs.LibTiff;
using Fovea.Data.Codecs.Pixmap;
using Fovea.Data.Codecs.Skia;

namespace Fovea.Data.Codecs;

/// <summary>
/// Reads images of every format that is known here into <c>[channel, height, width]</c> bytes: grey files give one
/// channel, all others red, green and blue. Transparency is dropped, not blended, as Pillow's <c>convert("RGB")</c>
/// does.
/// </summary>
public static class ImageFile
{
    /// <summary>Reads an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits, scale and orientation; null: the defaults.</param>
    /// <exception cref="DataException">The file is missing, of no known format, damaged, cut off or beyond the
    /// limits.</exception>
    public static RawImage Read(string path, DecodeOptions? options = null) => Fill(new RawImage(), path, options);

    /// <inheritdoc cref="Read(string, DecodeOptions?)"/>
    /// <param name="stream">Read to its end; it stays open.</param>
    /// <param name="name">Names the image in messages.</param>
    /// <param name="options">Limits, scale and orientation; null: the defaults.</param>
    public static RawImage Read(Stream stream, string name = "image", DecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        RawImage image = new();
        Decode(new ImageSource(name, Contents(stream, name, options), Checked(options)), image);
        return image;
    }

    /// <inheritdoc cref="Read(string, DecodeOptions?)"/>
    /// <param name="file">The contents of a file.</param>
    /// <param name="name">Names the image in messages.</param>
    /// <param name="options">Limits, scale and orientation; null: the defaults.</param>
    public static RawImage Read(ReadOnlyMemory<byte> file, string name = "image", DecodeOptions? options = null)
    {
        RawImage image = new();
        Fill(image, file, name, options);
        return image;
    }

    /// <summary>Reads an image into one that exists, so that its memory serves again.</summary>
    /// <inheritdoc cref="Read(string, DecodeOptions?)"/>
    /// <param name="image">Written over. After an error its contents are undefined.</param>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits, scale and orientation; null: the defaults.</param>
    /// <returns><paramref name="image"/>.</returns>
    public static RawImage Fill(RawImage image, string path, DecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        WithContents(path, options, source =>
        {
            Decode(source, image);
            return image;
        });
        return image;
    }

    /// <inheritdoc cref="Fill(RawImage, string, DecodeOptions?)"/>
    /// <param name="image">Written over. After an error its contents are undefined.</param>
    /// <param name="file">The contents of a file.</param>
    /// <param name="name">Names the image in messages.</param>
    /// <param name="options">Limits, scale and orientation; null: the defaults.</param>
    public static void Fill(RawImage image, ReadOnlyMemory<byte> file, string name = "image",
        DecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        Decode(new ImageSource(name, file, Checked(options)), image);
    }

    /// <summary>Reads format and size without decoding pixels.</summary>
    /// <inheritdoc cref="Read(string, DecodeOptions?)"/>
    public static ImageInfo Identify(string path, DecodeOptions? options = null) =>
        WithContents(path, options, Identify);

    /// <summary>Reads format and size without decoding pixels.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, string, DecodeOptions?)"/>
    public static ImageInfo Identify(ReadOnlyMemory<byte> file, string name = "image", DecodeOptions? options = null) =>
        Identify(new ImageSource(name, file, Checked(options)));

    private static void Decode(ImageSource source, RawImage image)
    {
        switch (ImageSignature.Recognize(source))
        {
            case ImageFormat.Jpeg: JpegReader.Decode(source, image); break;
            case ImageFormat.Bmp: BmpReader.Decode(source, image); break;
            case ImageFormat.PortablePixmap: PortablePixmap.Decode(source, image); break;
            case ImageFormat.Tiff: TiffReader.Decode(source, image); break;
            case var format: SkiaReader.Decode(source, format, image); break;
        }
    }

    private static ImageInfo Identify(ImageSource source) => ImageSignature.Recognize(source) switch
    {
        ImageFormat.Jpeg => JpegReader.Identify(source),
        ImageFormat.Bmp => BmpReader.Identify(source),
        ImageFormat.PortablePixmap => PortablePixmap.Identify(source),
        ImageFormat.Tiff => TiffReader.Identify(source),
        var format => SkiaReader.Identify(source, format),
    };

    private static DecodeOptions Checked(DecodeOptions? options)
    {
        options ??= DecodeOptions.Default;
        options.Validate();
        return options;
    }

    /// <summary>Reads a file into rented memory for as long as <paramref name="use"/> takes.</summary>
    private static T WithContents<T>(string path, DecodeOptions? options, Func<ImageSource, T> use)
    {
        byte[] rented = [];
        try
        {
            // A pipe or device would wait for data that never come; like an empty file, it has no length.
            if (new FileInfo(path) is { Exists: true, Length: 0 })
                throw new DataException($"{path}: is empty, or no regular file.");
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            int length = CheckedLength(file.Length, path, Checked(options));
            rented = DecodeBuffers.Rent<byte>(length);
            length = file.ReadAtLeast(rented.AsSpan(0, length), length, throwOnEndOfStream: false);
            return use(new ImageSource(path, rented.AsMemory(0, length), Checked(options)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
        finally
        {
            DecodeBuffers.Return(rented);
        }
    }

    private static ReadOnlyMemory<byte> Contents(Stream stream, string name, DecodeOptions? options)
    {
        try
        {
            using MemoryStream contents = new();
            byte[] part = new byte[1 << 16];
            for (int got = stream.Read(part); got > 0; got = stream.Read(part))
            {
                CheckedLength(contents.Length + got, name, Checked(options));
                contents.Write(part, 0, got);
            }

            return contents.GetBuffer().AsMemory(0, (int)contents.Length);
        }
        catch (IOException error)
        {
            throw new DataException($"{name}: cannot be read: {error.Message}", error);
        }
    }

    private static int CheckedLength(long length, string name, DecodeOptions options)
    {
        long limit = Math.Min(options.Limits.Bytes, Array.MaxLength);
        return length <= limit ? (int)length
            : throw new DataException($"{name}: has {length} bytes, more than the limit of {limit}.");
    }
}
