using System.Text;

namespace Fovea.Vision.Weights.Safetensors;

/// <summary>
/// SHA-256 over header and data, kept in the header's metadata as <c>"sha256": "64 digits"</c>. While it is computed
/// the digits are zeros, so it covers everything but the length in front and itself.
/// </summary>
internal static class SafetensorsChecksum
{
    /// <summary>The metadata's key.</summary>
    public const string Key = "sha256";

    private const int Digits = 64;
    private static readonly byte[] Mark = Encoding.ASCII.GetBytes($"\"{Key}\":\"");

    /// <summary>The digits while the sum is computed.</summary>
    public static string Blank { get; } = new('0', Digits);

    /// <summary>Takes the digits out of a header.</summary>
    /// <param name="header">As it stands in the file.</param>
    /// <param name="blanked">The same with zeros for digits.</param>
    /// <param name="digits">What stood there.</param>
    /// <returns>False where the header has no checksum.</returns>
    public static bool TryBlank(ReadOnlySpan<byte> header, out byte[] blanked, out string digits)
    {
        (blanked, digits) = (header.ToArray(), "");
        int start = header.IndexOf(Mark) + Mark.Length;
        if (start < Mark.Length || header.Length - start < Digits) return false;
        digits = Encoding.ASCII.GetString(header.Slice(start, Digits));
        blanked.AsSpan(start, Digits).Fill((byte)'0');
        return true;
    }

    /// <summary>Puts the digits into a blank header.</summary>
    public static void Fill(Span<byte> header, ReadOnlySpan<byte> hash) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash)).CopyTo(header[(header.IndexOf(Mark) + Mark.Length)..]);
}
