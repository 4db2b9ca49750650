using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fovea.Data.Images.Jpeg;

/// <summary>
/// libjpeg-turbo's TurboJPEG, for those who ask for it with <c>FOVEA_JPEG=turbo</c> and have it installed: the same pixels. With AVX2 the decoder
/// here is as fast, so it is not used unasked: damaged and hostile files are better kept from native code.
/// </summary>
/// <remarks>
/// It is asked for full-size sequential pictures of one or three components only, after their headers were checked here. Whatever it does not
/// decode without a warning is decoded here, so that errors and damaged files do not depend on what is installed.
/// </remarks>
internal sealed class TurboJpeg
{
    // From turbojpeg.h, version 2.
    private const int FourBytes = 2, GreyBytes = 6, AccurateTransform = 4096, StopOnWarning = 8192;

    private static readonly string[] Names = ["libturbojpeg.so.0", "libturbojpeg.0.dylib", "turbojpeg.dll", "libturbojpeg.dll"];
    private static readonly Lazy<TurboJpeg?> Library = new(Load);
    private static readonly Lazy<TurboJpeg?> Chosen = new(() => Choose(Environment.GetEnvironmentVariable("FOVEA_JPEG")));

    private readonly InitDecompress _open;
    private readonly Decompress _decompress;
    private readonly Destroy _close;

    private TurboJpeg(nint library)
    {
        _open = Marshal.GetDelegateForFunctionPointer<InitDecompress>(NativeLibrary.GetExport(library, "tjInitDecompress"));
        _decompress = Marshal.GetDelegateForFunctionPointer<Decompress>(NativeLibrary.GetExport(library, "tjDecompress2"));
        _close = Marshal.GetDelegateForFunctionPointer<Destroy>(NativeLibrary.GetExport(library, "tjDestroy"));
    }

    private delegate nint InitDecompress();

    private delegate int Decompress(nint handle, ref byte file, CULong length, ref byte pixels, int width, int pitch, int height, int format, int flags);

    private delegate int Destroy(nint handle);

    /// <summary>The library, if <c>FOVEA_JPEG</c> asks for it, or null.</summary>
    /// <exception cref="UsageException"><c>FOVEA_JPEG</c> is neither <c>managed</c> nor <c>turbo</c>, or asks for what is missing.</exception>
    public static TurboJpeg? Active => Chosen.Value;

    /// <summary>The library, if it is there, or null.</summary>
    internal static TurboJpeg? Installed => Library.Value;

    internal static TurboJpeg? Choose(string? wish) => wish switch
    {
        null or "" or "managed" => null,
        "turbo" => Installed ?? throw new UsageException("FOVEA_JPEG=turbo: the library TurboJPEG (libturbojpeg.so.0) is not installed."),
        _ => throw new UsageException($"FOVEA_JPEG={wish}: must be managed or turbo."),
    };

    /// <summary>Decodes the whole picture, not yet turned upright.</summary>
    /// <returns>False if it is of another kind, or the library did not like it.</returns>
    public bool TryDecode(ImageSource source, JpegFrame frame, RawImage image)
    {
        if (frame.IsProgressive || frame.Size != 8 || frame.Components.Length == 4) return false;
        bool isGrey = frame.Components.Length == 1;
        image.SetSize(isGrey ? 1 : 3, frame.Height, frame.Width);
        if (isGrey) return Run(source, image, image.Pixels, GreyBytes);

        int length = 4 * frame.Width * frame.Height;
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

    private bool Run(ImageSource source, RawImage image, Span<byte> pixels, int format)
    {
        nint handle = _open();
        if (handle == 0) return false;
        try
        {
            return _decompress(handle, ref MemoryMarshal.GetReference(source.Bytes), new CULong((uint)source.Length),
                ref MemoryMarshal.GetReference(pixels), image.Width, 0, image.Height, format, AccurateTransform | StopOnWarning) == 0;
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
            Vector256<uint> first = Vector256.Create(pixels[i..]) >> shift, second = Vector256.Create(pixels[(i + 8)..]) >> shift;
            Vector256<ushort> narrow = Vector256.Narrow(first & Vector256.Create(255u), second & Vector256.Create(255u));
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
                return new TurboJpeg(library);
            }
            catch (EntryPointNotFoundException)
            {
                // Another library of that name.
            }
        }

        return null;
    }
}
