namespace Fovea.Data.Datasets.Files;

/// <summary>Which names are those of images.</summary>
internal static class ImageNames
{
    /// <summary>
    /// torchvision's list. TIFF and WebP cannot be read here and are listed all the same: a dataset that silently loses
    /// files would be another one, and reading them ends in an error that says so.
    /// </summary>
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".pbm", ".tif",
        ".tiff", ".webp"];

    /// <summary>True for the extension of an image, whatever its case. Hidden files (macOS' <c>._name.jpg</c>) are
    /// none.</summary>
    public static bool IsImage(ReadOnlySpan<char> name)
    {
        if (IsHidden(name)) return false;
        foreach (string extension in Extensions)
            if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>True for names that begin with a dot, and for what macOS leaves in archives.</summary>
    public static bool IsHidden(ReadOnlySpan<char> name) => name.StartsWith('.') || name is "__MACOSX";

    /// <summary>True where a relative name, with forward slashes, stays below its root on every system.</summary>
    public static bool StaysInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\\') && !path.Contains('\0')
            && !(path.Length > 1 && path[1] == ':')
        && !path.Split('/').Contains("..");
}
