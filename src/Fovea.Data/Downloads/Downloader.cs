using System.Reflection;

namespace Fovea.Data.Downloads;

/// <summary>
/// Fetches files so that an interruption costs nothing: bytes go to <c>NAME.part</c>, which the next attempt goes on
/// with if the file is the same still; only when length and checksum are right does it get its name. Of several
/// processes one fetches, and the others wait for it. No file that came is deleted.
/// </summary>
/// <param name="client">Makes the requests; belongs to the caller. Of one that follows redirections by itself, what the
/// first server says of the file is not seen.</param>
public sealed class Downloader(HttpClient client)
{
    /// <summary>Waits and attempts.</summary>
    internal DownloadPatience Patience { get; init; } = DownloadPatience.Usual;

    /// <summary>Room where a path lies; null: not known.</summary>
    internal Func<string, long?> Space { get; init; } = DiskSpace.At;

    /// <summary>A client for downloads: with the proxy of the system, and no hurry.</summary>
    public static HttpClient CreateClient()
    {
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) };
        HttpClient client = new(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        Version? version = Assembly.GetExecutingAssembly().GetName().Version;
        client.DefaultRequestHeaders.UserAgent.Add(new("fovea", $"{version?.ToString(3) ?? "0"}"));
        return client;
    }

    /// <summary>Fetches a file unless it is already there.</summary>
    /// <param name="file">What to fetch.</param>
    /// <param name="directory">Where it goes; made where it does not exist.</param>
    /// <param name="progress">Is told how many bytes are there, and of how many where that is known, from time to
    /// time.</param>
    /// <param name="said">Is told what people should know, such as that another process is waited for.</param>
    /// <param name="stop">Ends the work; what has come stays.</param>
    /// <exception cref="DataException">The server refuses, the connection breaks again and again, length or checksum
    /// are wrong, or nothing can be written.</exception>
    public async Task<DownloadedFile> FetchAsync(RemoteFile file, string directory,
        Action<long, long?>? progress = null, Action<string>? said = null, CancellationToken stop = default)
    {
        string path = Path.Combine(directory, file.Name);
        try
        {
            using Download download = new(client, Patience, Space, file, path, progress, said);
            return await download.RunAsync(stop).ConfigureAwait(false)
                ?? await VerifyAsync(file, path, stop).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be written: {error.Message}", error);
        }
        catch (BusyServerException error)
        {
            throw new DataException(error.Message, error);
        }
    }

    /// <summary>Verifies length and checksum of a file that is there.</summary>
    /// <exception cref="DataException">They are wrong, or the file cannot be read.</exception>
    internal static async Task<DownloadedFile> VerifyAsync(RemoteFile file, string path, CancellationToken stop)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16,
                useAsync: true);
            if (file.Bytes is long bytes && bytes != stream.Length)
                throw new DataException($"{path}: has {stream.Length} bytes, not the {bytes} that are published; "
                    + "nothing was deleted. Remove it and run the command again.");
            string sum = await (file.Sum ?? Checksum.Sha256("")).OfAsync(stream, stop).ConfigureAwait(false);
            return Misfit(file, sum) is string misfit
                ? throw new DataException($"{path}: {misfit}; nothing was deleted. Remove it and run the command "
                    + "again.")
                : new DownloadedFile(path, IsNew: false, stream.Length, sum, IsVouched: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>A clause on a checksum that is not the published one; null where it is, or none is known.</summary>
    internal static string? Misfit(RemoteFile file, string sum) => file.Sum is not { } published || published.Fits(sum)
        ? null
        : $"its checksum ({published.Algorithm}) is {sum}, not {published.Whose} {published.Digits}"
            + $"{(published.IsWhole ? "" : "...")}";
}
