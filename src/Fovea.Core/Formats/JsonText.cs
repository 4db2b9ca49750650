using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fovea.Core.Formats;

/// <summary>JSON of runs, studies and listings: members in snake_case, those that do not apply left out.</summary>
public static class JsonText
{
    private static readonly JsonSerializerOptions Lines = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly JsonSerializerOptions Indented = new(Lines) { WriteIndented = true, NewLine = "\n" };

    /// <summary>A value on one line.</summary>
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, Lines);

    /// <summary>A value on several lines.</summary>
    public static string Document<T>(T value) => JsonSerializer.Serialize(value, Indented);

    /// <summary>Reads what <see cref="Line"/> or <see cref="Document"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static T Read<T>(string text) =>
        JsonSerializer.Deserialize<T>(text, Lines) ?? throw new JsonException("null is no value here.");
}
