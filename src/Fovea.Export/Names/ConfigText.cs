using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fovea.Export.Names;

/// <summary>JSON for programs in Python.</summary>
internal static class ConfigText
{
    private const double MostWhole = 1e9;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The text of a file.</summary>
    public static string Of(JsonObject config) => config.ToJsonString(Indented) + "\n";

    /// <summary>A number with the digits that it has in single precision, 0.485 and not 0.48500001430511475, and with
    /// a point also where it is whole, so that Python has a float.</summary>
    public static JsonNode Number(double number)
    {
        string text = ((float)number).ToString("R", CultureInfo.InvariantCulture);
        return double.IsInteger(number) && Math.Abs(number) < MostWhole ? JsonValue.Create((decimal)number + 0.0m)
            : JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture));
    }

    /// <summary>A list of numbers.</summary>
    public static JsonArray List(IEnumerable<float> numbers) => [.. numbers.Select(number => Number(number))];

    /// <summary>A list of whole numbers.</summary>
    public static JsonArray List(IEnumerable<int> numbers) => [.. numbers.Select(number => JsonValue.Create(number))];
}
