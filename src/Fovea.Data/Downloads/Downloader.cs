using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Fovea.Data.Downloads;

/// <summary>
/// Fetches files so that an interruption costs nothing: bytes go to <c>NAME.part</c>, which the next attempt goes on
/// with; only when length and checksum are right does it get its name. Nothing is ever deleted.
/// </summary>
/// <param name="client">Makes the requests; belongs to the caller.</param>
public sealed class Downloader(HttpClient client)
{
    private const int Attempts = 4;

    /// <summary>A connection that brings nothing for so long is given up, and another one made.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);

    /// <summary>Fetches a file unless it is already there.</summary>
    /// <param name="file">What to fetch.</param>
    /// <param name="directory">Where it goes; made where it does not exist.</param>
    /// <param name="progress">Is told how many bytes are there, from time to time.</param>
    /// <param name="stop">Ends the work; what has come stays.</param>
    /// <returns>False where it was already there.</returns>
    /// <exception cref="DataException">The server refuses, the connection breaks again and again, or the checksum is
    /// wrong.</exception>
    public async Task<bool> FetchAsync(RemoteFile file, string directory, Action<long>? progress = null,
        CancellationToken stop = default)
    {
        string path = Path.Combine(directory, file.Name), part = path + ".part";
        try
        {
            if (File.Exists(path))
            {
                await RequireSum(file, path, stop).ConfigureAwait(false);
                return false;
            }

            await Complete(file, part, progress, stop).ConfigureAwait(false);
            await RequireSum(file, part, stop).ConfigureAwait(false);
            File.Move(part, path);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Goes on until all bytes are there; gives up when attempt after attempt brings none.</summary>
    private async Task Complete(RemoteFile file, string part, Action<long>? progress, CancellationToken stop)
    {
        int failures = 0;
        while (true)
        {
            long before = LengthOf(part);
            if (before == file.Bytes) return;
            if (before > file.Bytes)
                throw new DataException(
                    $"{part}: has {before} bytes, more than the {file.Bytes} of {file.Name}; remove it to begin anew.");
            try
            {
                await Continue(file, part, before, progress, stop).ConfigureAwait(false);
                if (LengthOf(part) == file.Bytes) return;
                throw new HttpRequestException("the connection ended early");
            }
            catch (Exception error) when (error is HttpRequestException or HttpIOException || IsTimeout(error, stop))
            {
                failures = LengthOf(part) > before ? 1 : failures + 1;
                if (failures < Attempts) continue;
                throw new DataException(
                    $"{file.Address}: {error.Message}; {LengthOf(part)} of {file.Bytes} bytes are there, the same "
                        + "command goes on with them.", error);
            }
        }
    }

    private async Task Continue(RemoteFile file, string part, long start, Action<long>? progress,
        CancellationToken stop)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, file.Address);
        if (start > 0) request.Headers.Range = new RangeHeaderValue(start, null);
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead,
            stop).ConfigureAwait(false);
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            throw Refused(file, response.StatusCode);
        // A server that does not know ranges sends everything; one that sends another range than asked for is not to be
        // trusted with the rest.
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent;
        if (goesOn && response.Content.Headers.ContentRange?.From != start)
            throw new DataException(
                $"{file.Address}: the server sent another part than it was asked for; try again later.");
        using Stream content = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        byte[] buffer = new byte[1 << 16];
        int got = await ReadSome(content, buffer, stop).ConfigureAwait(false);
        if (got == 0) return;
        // Only now: a download that brings nothing leaves no empty folder.
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(part))!);
        using FileStream target = new(part, goesOn ? FileMode.Append : FileMode.Create, FileAccess.Write,
            FileShare.Read);
        await Copy(file, content, target, buffer, got, progress, stop).ConfigureAwait(false);
        target.Flush(flushToDisk: true);
    }

    /// <param name="file">What is fetched.</param>
    /// <param name="content">The rest of it.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="buffer">Holds the next bytes.</param>
    /// <param name="got">How many those are.</param>
    /// <param name="progress">Is told how many bytes are there.</param>
    /// <param name="stop">Ends the work.</param>
    private static async Task Copy(RemoteFile file, Stream content, FileStream target, byte[] buffer, int got,
        Action<long>? progress, CancellationToken stop)
    {
        long done = target.Position;
        for (; got > 0; got = await ReadSome(content, buffer, stop).ConfigureAwait(false))
        {
            if (done + got > file.Bytes)
                throw new DataException(
                    $"{file.Address}: the server sends more than the {file.Bytes} bytes of {file.Name}; it is not the "
                        + "published file.");
            await target.WriteAsync(buffer.AsMemory(0, got), stop).ConfigureAwait(false);
            progress?.Invoke(done += got);
        }
    }

    private static async Task<int> ReadSome(Stream content, byte[] buffer, CancellationToken stop)
    {
        using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        silence.CancelAfter(LongestSilence);
        return await content.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
    }

    private static async Task RequireSum(RemoteFile file, string path, CancellationToken stop)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
#pragma warning disable CA5351 // MD5 is what the datasets' authors publish; it guards against damage.
        string sum = Convert.ToHexStringLower(await MD5.HashDataAsync(stream, stop).ConfigureAwait(false));
#pragma warning restore CA5351
        if (sum == file.Md5) return;
        throw new DataException(
            $"{path}: its checksum (MD5) is {sum}, not the published {file.Md5}; nothing was deleted. Remove it and "
                + "run the command again.");
    }

    private static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static bool IsTimeout(Exception error, CancellationToken stop) => error is OperationCanceledException
        && !stop.IsCancellationRequested;

    private static DataException Refused(RemoteFile file, HttpStatusCode code) =>
        new($"{file.Address}: the server answers {(int)code} ({code}); try again later, or fetch the file by other "
            + "means.");
}
