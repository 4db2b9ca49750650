using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Endpoints;

/// <summary>Answers in JSON.</summary>
internal static class Answers
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = false,
        // Quotes as they are, for people who read; what could be markup is escaped below.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes an object.</summary>
    public static async Task Json<T>(HttpContext context, int status, T value)
    {
        string text = JsonSerializer.Serialize(value, Options);
        byte[] body = Encoding.UTF8.GetBytes(text
            .Replace("<", "\\u003C", StringComparison.Ordinal).Replace(">", "\\u003E", StringComparison.Ordinal));
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Writes a text.</summary>
    public static Task Text(HttpContext context, int status, string text, string type = "text/plain; charset=utf-8")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    /// <summary>Writes an error; after a temporary one the client may try again in a second.</summary>
    public static Task Error(HttpContext context, int status, string reason)
    {
        if (status == 503) context.Response.Headers.RetryAfter = "1";
        return Json(context, status, new ErrorAnswer(reason));
    }
}

/// <summary>An error in a sentence.</summary>
internal sealed record ErrorAnswer(string Error);

/// <summary>Results of the images of a request, in their order.</summary>
internal sealed record ResultsAnswer(string Model, string Checkpoint, IReadOnlyList<ImageResult> Results);

/// <summary>Result of one image, or the reason why there is none.</summary>
internal sealed record ImageResult
{
    public required string Image { get; init; }

    public IReadOnlyList<ClassProbability>? Classes { get; init; }

    public IReadOnlyList<float>? Features { get; init; }

    public string? Error { get; init; }
}

/// <summary>A class with its probability.</summary>
internal sealed record ClassProbability(string Name, double Probability);

/// <summary>All models.</summary>
internal sealed record ModelsAnswer(IReadOnlyList<ModelDescription> Models);

/// <summary>A model.</summary>
/// <param name="Name">By which it is asked for.</param>
/// <param name="Preset">Its preset.</param>
/// <param name="Checkpoint">Its file.</param>
/// <param name="ImageSize">Side of the images that it sees, pixels.</param>
/// <param name="Epoch">Epoch of the checkpoint.</param>
/// <param name="Generation">Number of the checkpoint since the start of the server, from 1.</param>
/// <param name="Loaded">Time when it was loaded.</param>
/// <param name="Classes">Names of its classes.</param>
internal sealed record ModelDescription(string Name, string Preset, string Checkpoint, int ImageSize, int Epoch,
    int Generation, DateTimeOffset Loaded, IReadOnlyList<string> Classes);
