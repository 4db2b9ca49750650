using BitMiracle.LibTiff.Classic;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.LibTiff;

/// <summary>Reads the first image of a TIFF file with LibTiff.NET.</summary>
internal static class TiffReader
{
    private static readonly object[] Associated = [1, new[] { (short)ExtraSample.ASSOCALPHA }];

    static TiffReader() => Tiff.SetErrorHandler(new Silent());

    /// <exception cref="DataException">There is no directory, or it lacks a size.</exception>
    public static ImageInfo Identify(ImageSource source) => Use(source, tiff => Describe(source, tiff));

    /// <exception cref="DataException">The file is damaged, cut off, of another kind or beyond the limits.</exception>
    public static void Decode(ImageSource source, RawImage image) => Use(source, tiff =>
    {
        int orientation = Orientation(source, tiff);
        int width = Field(tiff, TiffTag.IMAGEWIDTH, 0), height = Field(tiff, TiffTag.IMAGELENGTH, 0);
        ImageInfo info = Describe(source, tiff);
        double pixels = (double)width * height;
        using DecodeMemory.Lease memory = source.Reserve(width, height, (long)(pixels * (8 + 2 * info.Channels)));
        if (GreySamples.Of(tiff) is GreySamples grey)
        {
            image.SetSize(1, height, width);
            grey.Read(source, image.Plane(0), width, height);
            ExifOrientation.Apply(orientation, image);
            return info;
        }

        int[] raster = new int[width * height];
        // Alpha is dropped: colours that count as multiplied by it already are not multiplied again.
        if (tiff.GetField(TiffTag.EXTRASAMPLES) is not null) tiff.SetField(TiffTag.EXTRASAMPLES, Associated);
        tiff.SetField(TiffTag.ORIENTATION, BitMiracle.LibTiff.Classic.Orientation.TOPLEFT);
        if (!tiff.ReadRGBAImageOriented(width, height, raster, BitMiracle.LibTiff.Classic.Orientation.TOPLEFT, true))
            throw source.Error("is cut off, damaged or of a kind of TIFF that cannot be read.");
        image.SetSize(info.Channels, height, width);
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> plane = image.Plane(channel);
            for (int i = 0; i < plane.Length; i++) plane[i] = (byte)(raster[i] >> 8 * channel);
        }

        ExifOrientation.Apply(orientation, image);
        return info;
    });

    private static ImageInfo Describe(ImageSource source, Tiff tiff)
    {
        int width = Field(tiff, TiffTag.IMAGEWIDTH, 0), height = Field(tiff, TiffTag.IMAGELENGTH, 0);
        if (width < 1 || height < 1) throw source.Error($"has a size of {width} x {height} pixels.");
        int channels = Field(tiff, TiffTag.PHOTOMETRIC, 0) is (int)Photometric.MINISBLACK or (int)Photometric.MINISWHITE
            ? 1 : 3;
        return ExifOrientation.Transposes(Orientation(source, tiff))
            ? new(ImageFormat.Tiff, height, width, channels) : new(ImageFormat.Tiff, width, height, channels);
    }

    private static int Orientation(ImageSource source, Tiff tiff) => source.Options.ApplyOrientation
        && Field(tiff, TiffTag.ORIENTATION, 1) is >= 1 and <= 8 and int value ? value : ExifOrientation.Upright;

    /// <summary>A number of the directory.</summary>
    internal static int Field(Tiff tiff, TiffTag tag, int otherwise) =>
        tiff.GetField(tag) is { Length: > 0 } values ? values[0].ToInt() : otherwise;

    /// <summary>Opens a file. The library throws whatever comes up where a damaged file leads it astray.</summary>
    private static T Use<T>(ImageSource source, Func<Tiff, T> use)
    {
        new TiffStructure(source).RequireHonest();
        using MemoryStream stream = new(source.File.ToArray(), writable: false);
        try
        {
            using Tiff tiff = Tiff.ClientOpen("image", "r", stream, new TiffStream())
                ?? throw source.Error("is cut off or damaged: its header cannot be read.");
            return use(tiff);
        }
        catch (Exception error) when (error is not (DataException or OutOfMemoryException))
        {
            throw source.Error($"is cut off or damaged: {error.Message}", error);
        }
    }

    /// <summary>Keeps warnings off the console; what is wrong is thrown.</summary>
    private sealed class Silent : TiffErrorHandler
    {
        public override void ErrorHandler(Tiff tif, string method, string format, params object[] args)
        {
        }

        public override void ErrorHandlerExt(
            Tiff tif, object clientData, string method, string format, params object[] args)
        {
        }

        public override void WarningHandler(Tiff tif, string method, string format, params object[] args)
        {
        }

        public override void WarningHandlerExt(
            Tiff tif, object clientData, string method, string format, params object[] args)
        {
        }
    }
}
