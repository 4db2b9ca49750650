using System.Globalization;

namespace Fovea.Core;

/// <summary>Amounts of memory as people read them.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Bytes in the unit that suits them, to three digits: 512 B, 1.5 MiB, 2.25 GiB.</summary>
    public static string Text(double bytes)
    {
        int unit = 0;
        for (; bytes >= 1024 && unit < Units.Length - 1; unit++) bytes /= 1024;
        string form = bytes >= 100 ? "#,0" : bytes >= 10 ? "0.#" : "0.##";
        return $"{bytes.ToString(form, CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}
