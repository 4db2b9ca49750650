using System.Net.Http.Headers;
using System.Text.Json;
using Fovea.Core.Formats;

namespace Fovea.Data.Downloads;

/// <summary>The version of a file that a part of it is of, by what the server said of it.</summary>
/// <param name="Address">Where the whole file is asked for.</param>
/// <param name="Tag">Entity tag, in quotation marks; null: none.</param>
/// <param name="Modified">Time of the last change; null: not said.</param>
/// <param name="Bytes">Length of the whole file; null: not said.</param>
internal sealed record PartMark(string Address, string? Tag, DateTimeOffset? Modified, long? Bytes)
{
    /// <summary>True where a later answer can be told from one of another version.</summary>
    public bool IsTelling => Tag is not null || Modified is not null;

    /// <summary>The mark of an answer's contents.</summary>
    public static PartMark Of(Uri address, HttpResponseMessage answer, long? bytes) => new(address.AbsoluteUri,
        answer.Headers.ETag?.ToString(), answer.Content.Headers.LastModified, bytes);

    /// <summary>The condition under which the rest may be sent; null where the server has to be asked without
    /// (RFC 9110, 13.1.5: neither weak tags nor lists).</summary>
    public RangeConditionHeaderValue? Condition =>
        Tag is string tag && EntityTagHeaderValue.TryParse(tag, out EntityTagHeaderValue? known) && !known.IsWeak
            ? new RangeConditionHeaderValue(known)
            : Tag is null && Modified is DateTimeOffset time ? new RangeConditionHeaderValue(time) : null;

    /// <summary>True where an answer with the rest is of another version, as some servers send in spite of the
    /// condition.</summary>
    public bool IsOther(PartMark answer) => Differs(Tag, answer.Tag) || Differs(Bytes, answer.Bytes)
        || (Tag is null && Differs(Modified, answer.Modified));

    /// <summary>Reads a mark; null where there is none, or none that can be read.</summary>
    public static PartMark? Read(string path)
    {
        const int Largest = 1 << 16;
        try
        {
            return File.Exists(path) && new FileInfo(path).Length <= Largest
                ? JsonText.Read<PartMark>(File.ReadAllText(path)) : null;
        }
        catch (JsonException)
        {
            return null;   // killed while it wrote this
        }
    }

    private static bool Differs<T>(T? known, T? said) => known is not null && said is not null && !known.Equals(said);
}
