using System.Globalization;
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;
using Fovea.Vision.Models;

namespace Fovea.Training.Pretrained;

/// <summary>The keys of an entry of a list of weights.</summary>
internal static class ListedKeys
{
    private const int SumDigits = 64, FewestDigits = 8;

    private static readonly ValueForm<double> Portion = ValueForm.Real(new Interval(0.01, 1));
    private static readonly ValueForm<Interpolation> Resizing = ValueForm.Choice<Interpolation>();

    private static readonly Dictionary<string, Func<ListedWeights, string, ListedWeights>> Known =
        new(StringComparer.Ordinal)
        {
            ["aliases"] = (entry, text) => entry with { Aliases = text.Split(',', StringSplitOptions.TrimEntries) },
            ["preset"] = (entry, text) => entry with { Preset = Presets.Find(text).Name },
            ["address"] = (entry, text) => entry with { Address = AddressOf(text) },
            ["bytes"] = (entry, text) => entry with { Bytes = Number(text, 1, long.MaxValue) },
            ["sha256"] = (entry, text) => entry with { Sha256 = Sum(text) },
            ["login"] = (entry, text) => entry with { NeedsLogin = ValueForm.Flag().Read(text) },
            ["licence"] = (entry, text) => entry with { Licence = text },
            ["classes"] = (entry, text) => entry with { Classes = (int)Number(text, 0, 1 << 24) },
            ["parameters"] = (entry, text) => entry with { Parameters = Number(text, 1, 1L << 50) },
            ["image-size"] = (entry, text) => entry with { ImageSize = SizeForms.Pixels.Read(text) },
            ["mean"] = (entry, text) => entry with { Mean = Channels(text) },
            ["std"] = (entry, text) => entry with { Std = Channels(text) },
            ["crop-pct"] = (entry, text) => entry with { CropShare = Portion.Read(text) },
            ["interpolation"] = (entry, text) => entry with { Interpolation = Resizing.Read(text) },
            ["first"] = (entry, text) => entry with { IsFirst = ValueForm.Flag().Read(text) },
        };

    /// <summary>Keys that an entry may have beside its name.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The entry with another value.</summary>
    /// <exception cref="UsageException">There is no such key, or the value is wrong.</exception>
    public static ListedWeights Write(ListedWeights entry, string key, string text) => Known.TryGetValue(key,
        out Func<ListedWeights, string, ListedWeights>? write) ? write(entry, text)
        : throw new UsageException($"there is no such key{NearestName.Question(key, Names)}");

    /// <summary>A name that may be one of a folder, too.</summary>
    /// <exception cref="UsageException">It may not.</exception>
    public static string NameOf(string text) => text.Length is > 0 and <= 200 && char.IsAsciiLetterOrDigit(text[0])
        && text[^1] != '.' && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-')
        ? text
        : throw new UsageException($"'{text}' is no name: letters, digits, '.', '_' and '-', a letter or digit first.");

    private static Uri AddressOf(string text)
    {
        Uri? address = Uri.TryCreate(text, UriKind.Absolute, out Uri? read) ? read : null;
        if (address is null || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp))
            throw new UsageException($"'{text}' is no address: https://HOST/.../FILE.");
        _ = NameOf(Uri.UnescapeDataString(address.Segments[^1]));
        return address;
    }

    private static string Sum(string text) =>
        text.Length is >= FewestDigits and <= SumDigits && text.All(char.IsAsciiHexDigit) ? text.ToLowerInvariant()
            : throw new UsageException($"'{text}' is no SHA-256: {SumDigits} hexadecimal digits, or the first "
                + $"{FewestDigits} or more.");

    private static long Number(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && number >= least && number <= most ? number
            : throw new UsageException($"'{text}' is not a whole number of at least {least}.");

    private static (double, double, double) Channels(string text)
    {
        double[] values = [.. text.Split(',').Select(part => ValueForm.Real(new Interval(0, 1)).Read(part.Trim()))];
        return values switch
        {
            [double one] => (one, one, one),
            [double red, double green, double blue] => (red, green, blue),
            _ => throw new UsageException($"'{text}' is not one number or three."),
        };
    }
}
