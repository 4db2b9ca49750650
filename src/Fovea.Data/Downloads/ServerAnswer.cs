using System.Net;
using System.Net.Http.Headers;

namespace Fovea.Data.Downloads;

/// <summary>The answer to a request for a file or the rest of one, from where the address leads.</summary>
internal sealed class ServerAnswer : IDisposable
{
    private const int MostHops = 10, SumDigits = 64;

    // The hub of Hugging Face sends these with the redirection to where a large file lies; there they are gone.
    private const string LinkedTag = "X-Linked-ETag", LinkedSize = "X-Linked-Size";

    private ServerAnswer(HttpResponseMessage response) => Response = response;

    /// <summary>The answer; its contents have not been read.</summary>
    public HttpResponseMessage Response { get; }

    /// <summary>SHA-256 of the whole file, as the server has it; null: not said.</summary>
    public string? Sha256 { get; private set; }

    /// <summary>Length of the whole file; null: not said.</summary>
    public long? Bytes { get; private set; }

    /// <summary>True where the rest follows that was asked for.</summary>
    public bool GoesOn => Response.StatusCode == HttpStatusCode.PartialContent;

    /// <summary>Asks for a file.</summary>
    /// <param name="client">Makes the requests.</param>
    /// <param name="address">Where it is said to lie.</param>
    /// <param name="start">First byte of the rest; 0: the whole file.</param>
    /// <param name="condition">Condition of sending the rest; null: none.</param>
    /// <param name="stop">Ends the work.</param>
    /// <exception cref="DataException">The address leads in circles, or from a safe connection to an open
    /// one.</exception>
    public static async Task<ServerAnswer> AskAsync(HttpClient client, Uri address, long start,
        RangeConditionHeaderValue? condition, CancellationToken stop)
    {
        Uri place = address;
        string? sum = null;
        long? size = null;
        for (int hop = 0; hop < MostHops; hop++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, place);
            if (start > 0)
            {
                request.Headers.Range = new RangeHeaderValue(start, null);
                request.Headers.IfRange = condition;
            }

            HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead,
                stop).ConfigureAwait(false);
            sum ??= SumOf(response);
            size ??= SizeOf(response);
            if (!IsRedirection(response) || response.Headers.Location is not Uri next)
                return new ServerAnswer(response)
                {
                    Sha256 = sum,
                    Bytes = size ?? WholeLength(response),
                };
            response.Dispose();
            next = new Uri(place, next);
            if (next.Scheme != place.Scheme && next.Scheme != Uri.UriSchemeHttps)
                throw new DataException($"{address}: leads to {next}, which is not a safe connection; nothing was "
                    + "fetched.");
            place = next;
        }

        throw new DataException($"{address}: leads on and on ({MostHops} redirections); nothing was fetched.");
    }

    /// <inheritdoc/>
    public void Dispose() => Response.Dispose();

    private static bool IsRedirection(HttpResponseMessage response) => response.StatusCode is HttpStatusCode.Moved
        or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect
        or HttpStatusCode.PermanentRedirect;

    private static string? SumOf(HttpResponseMessage response) =>
        Header(response, LinkedTag)?.Trim('"') is { Length: SumDigits } tag && tag.All(char.IsAsciiHexDigit)
            ? tag.ToLowerInvariant() : null;

    private static long? SizeOf(HttpResponseMessage response) =>
        long.TryParse(Header(response, LinkedSize), out long size) && size > 0 ? size : null;

    private static long? WholeLength(HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.OK => response.Content.Headers.ContentLength,
        HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable =>
            response.Content.Headers.ContentRange?.Length,
        _ => null,
    };

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
