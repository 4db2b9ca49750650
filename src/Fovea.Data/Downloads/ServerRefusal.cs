using System.Net;

namespace Fovea.Data.Downloads;

/// <summary>Answers that bring no file, as sentences.</summary>
internal static class ServerRefusal
{
    private const int FirstFault = 500;

    /// <exception cref="DataException">The answer is no file, and another attempt will not change that.</exception>
    /// <exception cref="BusyServerException">Another attempt may.</exception>
    public static void Check(HttpResponseMessage answer, RemoteFile file, string path)
    {
        int code = (int)answer.StatusCode;
        string said = $"{file.Address}: the server answers {code} ({answer.StatusCode})";
        if (answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || code >= FirstFault)
            throw new BusyServerException($"{said}; try again later, or fetch the file by other means.",
                PauseOf(answer));
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw new DataException($"{said}: it wants a login, or its licence accepted. Fetch the file with a browser "
                + $"and put it at {path}.");
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            throw new DataException($"{said}: the file is not there, or not any more.");
        if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            throw new DataException($"{said}; try again later, or fetch the file by other means.");
        if (answer.Content.Headers.ContentEncoding.FirstOrDefault(coding => coding != "identity") is string packed)
            throw new DataException($"{file.Address}: the server sends the file packed ({packed}), which was not asked "
                + "for; a proxy may be in between.");
        if (answer.Content.Headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml")
            throw new DataException($"{file.Address}: the server sends a web page in place of the file, such as one to "
                + $"log in. Fetch the file with a browser and put it at {path}.");
    }

    private static TimeSpan? PauseOf(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: TimeSpan pause } => pause,
        { Date: DateTimeOffset time } => time - DateTimeOffset.UtcNow,
        _ => null,
    };
}
