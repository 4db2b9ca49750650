using System.Text;
using System.Text.Json;
using Fovea.Server.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Fovea.Server.Requests;

/// <summary>Reads images out of the bodies of requests: one image as it is, several files of a form, or JSON with
/// base64. All of it within limits.</summary>
/// <param name="options">Limits.</param>
/// <param name="budget">Memory of all bodies.</param>
internal sealed class BodyReader(ServerOptions options, ByteBudget budget)
{
    private const int MostName = 200, PartSize = 1 << 16, MostFields = 16, MostText = 4096;
    private const string Kinds = "send an image (Content-Type: image/jpeg and so on, or application/octet-stream), "
        + "files of a form (multipart/form-data) or JSON (application/json)";

    private enum Form
    {
        Image,
        Multipart,
        Json,
    }

    /// <summary>Reads a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="share">Holds the memory of the body.</param>
    /// <param name="settings">Names of settings that it may have.</param>
    /// <param name="stop">Ends the reading.</param>
    /// <exception cref="RequestException">The body is of another kind, malformed, empty or too large.</exception>
    public async Task<ImageRequest> Read(
        HttpRequest request, ByteBudget.Share share, IReadOnlyList<string> settings, CancellationToken stop)
    {
        Dictionary<string, string> chosen = OfQuery(request, settings);
        (Form form, MediaTypeHeaderValue type) = FormOf(request);
        if (request.ContentLength > options.MaxBody) throw TooLarge();
        ReadOnlyMemory<byte> body = await ReadAll(request, share, stop).ConfigureAwait(false);
        if (body.Length == 0) throw new RequestException(400, $"the body is empty; {Kinds}.");
        List<Upload> images = form switch
        {
            Form.Multipart => await OfParts(body, type, chosen, settings, stop).ConfigureAwait(false),
            Form.Json => OfJson(body, chosen, settings),
            _ => [new Upload("image", body)],
        };
        if (images.Count == 0) throw new RequestException(400, "there is no image in the request.");
        return new() { Images = images, Settings = chosen };
    }

    /// <summary>A budget for a new request.</summary>
    public ByteBudget.Share Begin() => budget.Begin();

    private static Dictionary<string, string> OfQuery(HttpRequest request, IReadOnlyList<string> settings)
    {
        Dictionary<string, string> chosen = new(StringComparer.Ordinal);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Query)
        {
            Require(name, settings);
            if (values.Count != 1) throw new RequestException(400, $"'{name}' is given more than once.");
            chosen[name] = values.ToString();
        }

        return chosen;
    }

    private static void Require(string name, IReadOnlyList<string> settings)
    {
        if (!settings.Contains(name))
            throw new RequestException(400, Shown(NearestName.Message("setting", name, [.. settings])));
    }

    /// <summary>A message that quotes a client's text stays of a readable length.</summary>
    private static string Shown(string message) => message.Length <= 500 ? message : message[..500] + "...";

    private static (Form Form, MediaTypeHeaderValue Type) FormOf(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
            throw new RequestException(415, $"there is no content type; {Kinds}.");
        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
            throw new RequestException(415, "bodies are taken as they are, without a content encoding.");
        string name = type.MediaType.Value!.ToLowerInvariant();
        return name switch
        {
            "multipart/form-data" => (Form.Multipart, type),
            "application/json" => (Form.Json, type),
            "application/octet-stream" => (Form.Image, type),
            _ when name.StartsWith("image/", StringComparison.Ordinal) => (Form.Image, type),
            _ => throw new RequestException(415, Shown($"'{name}' is no content type of images; {Kinds}.")),
        };
    }

    private async Task<ReadOnlyMemory<byte>> ReadAll(
        HttpRequest request, ByteBudget.Share share, CancellationToken stop)
    {
        using MemoryStream body = new();
        byte[] part = new byte[PartSize];
        for (int got; (got = await ReadPart(request, part, stop).ConfigureAwait(false)) > 0;)
        {
            if (body.Length + got > options.MaxBody) throw TooLarge();
            if (!share.TryTake(got))
                throw new RequestException(503, "the server has as many bytes of requests in hand as it may.");
            body.Write(part, 0, got);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static async Task<int> ReadPart(HttpRequest request, byte[] part, CancellationToken stop)
    {
        try
        {
            return await request.Body.ReadAsync(part, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new RequestException(408, "the body did not come in time.");
        }
    }

    private RequestException TooLarge() =>
        new(413, $"the body has more than {ByteSize.Text(options.MaxBody)}, the limit of this server (`max-body`).");

    private async Task<List<Upload>> OfParts(ReadOnlyMemory<byte> body, MediaTypeHeaderValue type,
        Dictionary<string, string> chosen, IReadOnlyList<string> settings, CancellationToken stop)
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value ?? "";
        if (boundary.Length is 0 or > 200) throw new RequestException(400, "the form has no boundary.");
        List<Upload> images = [];
        int fields = 0;
        try
        {
            using MemoryStream stream = Readable(body);
            MultipartReader reader = new(boundary, stream) { HeadersCountLimit = 16, HeadersLengthLimit = 4096 };
            while (await reader.ReadNextSectionAsync(stop).ConfigureAwait(false) is MultipartSection section)
            {
                using MemoryStream content = new();
                await section.Body.CopyToAsync(content, stop).ConfigureAwait(false);
                ReadOnlyMemory<byte> bytes = content.GetBuffer().AsMemory(0, (int)content.Length);
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition,
                    out ContentDispositionHeaderValue? disposition))
                    throw new RequestException(400, "a part of the form has no Content-Disposition.");
                string name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
                string? file = HeaderUtilities.RemoveQuotes(
                    disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value;
                if (file is null && settings.Contains(name))
                {
                    if (++fields > MostFields || bytes.Length > MostText)
                        throw new RequestException(400, $"'{name}' is too long, or there are too many fields.");
                    chosen.TryAdd(name, Encoding.UTF8.GetString(bytes.Span));
                }
                else Add(images, file ?? name, bytes);
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            throw new RequestException(400, $"the form is damaged: {error.Message}");
        }

        return images;
    }

    private void Add(List<Upload> images, string name, ReadOnlyMemory<byte> bytes)
    {
        if (images.Count == options.Queue)
            throw new RequestException(413, $"there are more than {options.Queue} images in one request.");
        name = string.IsNullOrEmpty(name) ? $"image {images.Count + 1}" : name;
        images.Add(new(name.Length <= MostName ? name : name[..MostName] + "...", bytes));
    }

    /// <summary>The images of <c>{"image": BASE64}</c> or <c>{"images": [BASE64, {"name": N, "data": BASE64}]}</c>;
    /// settings beside them.</summary>
    private List<Upload> OfJson(ReadOnlyMemory<byte> body, Dictionary<string, string> chosen,
        IReadOnlyList<string> settings)
    {
        List<Upload> images = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new RequestException(400, "the JSON is no object; write {\"images\": [BASE64, ...]}.");
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
                switch (property.Name)
                {
                    case "image":
                        AddJson(images, property.Value);
                        break;
                    case "images" when property.Value.ValueKind == JsonValueKind.Array:
                        foreach (JsonElement one in property.Value.EnumerateArray()) AddJson(images, one);
                        break;
                    case "images":
                        throw new RequestException(400, "'images' is no array of images.");
                    default:
                        Require(property.Name, [.. settings, "image", "images"]);
                        chosen.TryAdd(property.Name, property.Value.ValueKind switch
                        {
                            JsonValueKind.String => property.Value.GetString()!,
                            JsonValueKind.Number => property.Value.GetRawText(),
                            _ => throw new RequestException(400, $"'{property.Name}' is neither text nor a number."),
                        });
                        break;
                }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new RequestException(400, $"the body is no JSON: {error.Message}");   // or text that is no Unicode
        }

        return images;
    }

    private void AddJson(List<Upload> images, JsonElement element)
    {
        string name = "";
        if (element.ValueKind == JsonValueKind.Object)
        {
            JsonElement data = default;
            foreach (JsonProperty property in element.EnumerateObject())
                if (property.NameEquals("data")) data = property.Value;
                else if (property.NameEquals("name") && property.Value.ValueKind == JsonValueKind.String)
                    name = property.Value.GetString()!;
                else throw new RequestException(400, "an image has other fields than \"name\" and \"data\".");
            element = data;
        }

        if (element.ValueKind != JsonValueKind.String)
            throw new RequestException(400, "an image is neither base64 nor {\"name\": NAME, \"data\": BASE64}.");
        Add(images, name, Bytes(element));
    }

    private static ReadOnlyMemory<byte> Bytes(JsonElement element)
    {
        if (element.TryGetBytesFromBase64(out byte[]? bytes)) return bytes;
        string text = element.GetString()!;   // a data URL, or base64 with line breaks
        int comma = text.StartsWith("data:", StringComparison.Ordinal) ? text.IndexOf(',') : -1;
        try
        {
            return Convert.FromBase64String(text[(comma + 1)..]);
        }
        catch (FormatException)
        {
            throw new RequestException(400, "an image is no base64.");
        }
    }

    private static MemoryStream Readable(ReadOnlyMemory<byte> body) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(body, out ArraySegment<byte> array)
            ? new(array.Array!, array.Offset, array.Count, writable: false) : new(body.ToArray());
}
