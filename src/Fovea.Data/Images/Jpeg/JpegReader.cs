namespace Fovea.Data.Images.Jpeg;

internal static class JpegReader
{
    public static ImageInfo Identify(ImageSource source) => throw source.Error("JPEG");

    public static void Decode(ImageSource source, RawImage image) => throw source.Error("JPEG");
}
