using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>
/// libjpeg-turbo's TurboJPEG, where it is installed: the same pixels in less time. <c>FOVEA_JPEG</c> chooses:
/// <c>auto</c>, the default, takes it if it is there, <c>turbo</c> insists on it, <c>managed</c> leaves it alone.
/// </summary>
/// <remarks>
/// It gets what all its versions decode to the samples that are decoded here: sequential images, grey or YCbCr with the
/// usual sampling, whose headers were checked here. Whatever it does not decode without a warning is decoded here, so
/// that errors do not depend on what is installed. A library whose pixels differ from those here, which is tried once,
/// counts as missing.
/// </remarks>
internal sealed class TurboJpeg
{
    // From turbojpeg.h, version 2; version 3 kept them.
    private const int FourBytes = 2, GreyBytes = 6, AccurateTransform = 4096, StopOnWarning = 8192;

    // The same name in versions 2 and 3.
    private static readonly string[] Names = ["libturbojpeg.so.0", "libturbojpeg.0.dylib", "turbojpeg.dll",
        "libturbojpeg.dll"];
    private static readonly Lazy<TurboJpeg?> Library = new(Load);
    private static readonly Lazy<TurboJpeg?> Chosen = new(() =>
        Choose(Environment.GetEnvironmentVariable("FOVEA_JPEG")));

    private readonly InitDecompress _open;
    private readonly Decompress _decompress;
    private readonly Destroy _close;

    private TurboJpeg(nint library)
    {
        _open = Marshal.GetDelegateForFunctionPointer<InitDecompress>(
            NativeLibrary.GetExport(library, "tjInitDecompress"));
        _decompress = Marshal.GetDelegateForFunctionPointer<Decompress>(
            NativeLibrary.GetExport(library, "tjDecompress2"));
        _close = Marshal.GetDelegateForFunctionPointer<Destroy>(NativeLibrary.GetExport(library, "tjDestroy"));
    }

    private delegate nint InitDecompress();

    private delegate int Decompress(nint handle, ref byte file, CULong length, ref byte pixels, int width, int pitch,
        int height, int format, int flags);

    private delegate int Destroy(nint handle);

    /// <summary>The library, if it is there and <c>FOVEA_JPEG</c> does not refuse it, or null.</summary>
    /// <exception cref="UsageException"><c>FOVEA_JPEG</c> is none of its three words, or insists on what is
    /// missing.</exception>
    public static TurboJpeg? Active => Chosen.Value;

    /// <summary>The library, if it is there, or null.</summary>
    internal static TurboJpeg? Installed => Library.Value;

    internal static TurboJpeg? Choose(string? wish) => wish switch
    {
        null or "" or "auto" => Installed,
        "managed" => null,
        "turbo" => Installed ?? throw new UsageException(
            "FOVEA_JPEG=turbo: the library TurboJPEG (libturbojpeg.so.0, version 2 or 3) is not installed, or does not "
                + "decode as it should."),
        _ => throw new UsageException($"FOVEA_JPEG={wish}: must be auto, managed or turbo."),
    };

    /// <summary>Decodes the image in the frame's scale, not yet turned upright.</summary>
    /// <param name="source">The file.</param>
    /// <param name="parser">At its first scan.</param>
    /// <param name="scan">The first scan.</param>
    /// <param name="image">Receives the image; undefined if it is not decoded.</param>
    /// <returns>False if it is of another kind, or the library did not like it.</returns>
    public bool TryDecode(ImageSource source, JpegParser parser, JpegScan? scan, RawImage image)
    {
        JpegFrame frame = parser.RequireFrame();
        if (scan is null || !IsUsual(frame, scan, parser.Color)) return false;
        long pixels = (long)frame.OutputWidth * frame.OutputHeight;
        bool isGrey = frame.Components.Length == 1;
        // With the interleaved pixels beside the result. A few rows are all that the library takes itself for one scan
        // of everything.
        if (!isGrey && 7 * pixels > Math.Min(source.Options.Limits.Bytes, Array.MaxLength)) return false;

        image.SetSize(isGrey ? 1 : 3, frame.OutputHeight, frame.OutputWidth);
        return isGrey ? Run(source, image, image.Pixels, GreyBytes) : DecodeColours(source, image, (int)(4 * pixels));
    }

    /// <summary>
    /// Old versions do not interpolate 4:4:0, which also few cameras write. In images below a block there are several
    /// scales of one size, among which the library would choose another.
    /// </summary>
    private static bool IsUsual(JpegFrame frame, JpegScan scan, JpegColor color)
    {
        if (frame.IsProgressive || scan.Components.Length < frame.Components.Length) return false;
        if (frame.Size < 8 && Math.Max(frame.Width, frame.Height) < 8) return false;
        if (color == JpegColor.Grey) return true;
        return color == JpegColor.YCbCr
            && frame.Components[1..].All(chroma => (chroma.Horizontal, chroma.Vertical) == (1, 1))
            && (frame.MaxHorizontal, frame.MaxVertical) is (1, 1) or (2, 1) or (2, 2);
    }

    private bool DecodeColours(ImageSource source, RawImage image, int length)
    {
        byte[] pixels = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            if (!Run(source, image, pixels, FourBytes)) return false;
            ReadOnlySpan<uint> colours = MemoryMarshal.Cast<byte, uint>(pixels.AsSpan(0, length));
            for (int channel = 0; channel < 3; channel++) Separate(colours, 8 * channel, image.Plane(channel));
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pixels);
        }
    }

    /// <summary>The library takes the largest of its scales that fits into the size asked for, and never writes beyond
    /// that size.</summary>
    private bool Run(ImageSource source, RawImage image, Span<byte> pixels, int format)
    {
        nint handle = _open();
        if (handle == 0) return false;
        try
        {
            return _decompress(handle, ref MemoryMarshal.GetReference(source.Bytes), new CULong((uint)source.Length),
                ref MemoryMarshal.GetReference(pixels), image.Width, 0, image.Height, format,
                AccurateTransform | StopOnWarning) == 0;
        }
        finally
        {
            _close(handle);
        }
    }

    private static void Separate(ReadOnlySpan<uint> pixels, int shift, Span<byte> plane)
    {
        int i = 0;
        for (; i <= plane.Length - 16; i += 16)
        {
            Vector256<uint> first = Vector256.Create(pixels[i..]) >> shift,
                second = Vector256.Create(pixels[(i + 8)..]) >> shift;
            Vector256<ushort> narrow = Vector256.Narrow(first & Vector256.Create(255u),
                second & Vector256.Create(255u));
            Vector128.Narrow(narrow.GetLower(), narrow.GetUpper()).CopyTo(plane[i..]);
        }

        for (; i < plane.Length; i++) plane[i] = (byte)(pixels[i] >> shift);
    }

    private static TurboJpeg? Load()
    {
        foreach (string name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library)) continue;
            try
            {
                TurboJpeg turbo = new(library);
                if (turbo.Works()) return turbo;
            }
            catch (EntryPointNotFoundException)
            {
                // Another library of that name.
            }
        }

        return null;
    }

    /// <summary>Whether it decodes a small image of each kind as it is decoded here, in every scale, and complains
    /// about half a file.</summary>
    private bool Works()
    {
        foreach (RawImage image in (RawImage[])[Waves(1), Waves(3)])
        {
            foreach (JpegSampling sampling in (JpegSampling[])[JpegSampling.Full, JpegSampling.Quarter])
            {
                byte[] file = JpegWriter.Encode(image, sampling: sampling);
                if (Decode(file.AsMemory(0, file.Length / 2), 1, this) is not null) return false;
                foreach (int scale in (int[])[1, 2, 4, 8])
                {
                    RawImage expected = Decode(file, scale, library: null)!;
                    if (Decode(file, scale, this) is not RawImage decoded
                        || !expected.Pixels.SequenceEqual(decoded.Pixels)) return false;
                }
            }
        }

        return true;
    }

    private static RawImage Waves(int channels)
    {
        RawImage image = new(channels, 27, 37);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(128 + 100 * Math.Sin(i * i * 0.001 + i % 37));
        return image;
    }

    /// <returns>Null if the library does not decode the file.</returns>
    private static RawImage? Decode(ReadOnlyMemory<byte> file, int scale, TurboJpeg? library)
    {
        ImageSource source = new("trial", file, DecodeOptions.Default with { Scale = scale });
        RawImage image = new();
        return JpegReader.TryDecode(source, image, library) ? image : null;
    }
}
