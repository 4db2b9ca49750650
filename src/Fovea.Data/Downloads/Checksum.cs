using System.Security.Cryptography;

namespace Fovea.Data.Downloads;

/// <summary>A checksum of a file's contents, or the first digits of one, as some publishers put them into the
/// name.</summary>
public sealed record Checksum
{
    private readonly HashAlgorithmName _algorithm;

    private Checksum(HashAlgorithmName algorithm, string digits) =>
        (_algorithm, Digits) = (algorithm, digits.ToLowerInvariant());

    /// <summary>Hexadecimal digits in small letters.</summary>
    public string Digits { get; }

    /// <summary>Who says so, as a message has it in front of the digits.</summary>
    public string Whose { get; init; } = "the published";

    /// <summary>False where only the first digits are known.</summary>
    public bool IsWhole => Digits.Length == (_algorithm == HashAlgorithmName.MD5 ? MD5.HashSizeInBytes
        : SHA256.HashSizeInBytes) * 2;

    /// <summary>The algorithm, for people.</summary>
    public string Algorithm => _algorithm == HashAlgorithmName.MD5 ? "MD5" : "SHA-256";

    /// <summary>MD5, which tells damage only.</summary>
    public static Checksum Md5(string digits) => new(HashAlgorithmName.MD5, digits);

    /// <summary>SHA-256.</summary>
    public static Checksum Sha256(string digits) => new(HashAlgorithmName.SHA256, digits);

    /// <summary>The whole checksum of a file's contents, by the same algorithm.</summary>
    public async Task<string> OfAsync(Stream contents, CancellationToken stop = default) => Convert.ToHexStringLower(
        await CryptographicOperations.HashDataAsync(_algorithm, contents, stop).ConfigureAwait(false));

    /// <summary>True for a whole checksum that begins with these digits.</summary>
    public bool Fits(string whole) => whole.StartsWith(Digits, StringComparison.OrdinalIgnoreCase);
}
