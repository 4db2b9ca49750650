using System.Net;

namespace Fovea.Data.Downloads;

/// <summary>One file on its way: waits for other processes, goes on where a part is there, and verifies.</summary>
/// <param name="client">Makes the requests.</param>
/// <param name="patience">How long it waits, and how often it tries.</param>
/// <param name="space">Room where a path lies; null: not known.</param>
/// <param name="file">What is fetched.</param>
/// <param name="path">Where it goes.</param>
/// <param name="progress">Is told how many bytes are there, and of how many.</param>
/// <param name="said">Is told what people should know.</param>
internal sealed class Download(HttpClient client, DownloadPatience patience, Func<string, long?> space, RemoteFile file,
    string path, Action<long, long?>? progress, Action<string>? said) : IDisposable
{
    private const int Piece = 1 << 16;
    private PartialFile? _part;
    private bool _isResumed;
    private string? _vouched;

    private enum Outcome
    {
        /// <summary>All bytes are there.</summary>
        Whole,

        /// <summary>Another process has changed what is there.</summary>
        LookAgain,
    }

    /// <summary>Brings the file to its place.</summary>
    /// <returns>Null where another process did.</returns>
    public async Task<DownloadedFile?> RunAsync(CancellationToken stop)
    {
        bool wasBegunAnew = false;
        while (await HoldAsync(stop).ConfigureAwait(false))
        {
            if (await CompleteAsync(stop).ConfigureAwait(false) == Outcome.LookAgain) continue;
            string sum = await SumAsync(stop).ConfigureAwait(false);
            if (Misfit(sum) is string misfit)
            {
                if (!_isResumed || wasBegunAnew)
                    throw new DataException($"{_part!.Path}: {misfit}; nothing was deleted. Remove it and run the "
                        + "command again.");
                said?.Invoke($"{file.Name}: the parts that came do not make up the file; it is fetched from its "
                    + "beginning.");
                wasBegunAnew = true;
                _part!.Begin(new(file.Address.AbsoluteUri, null, null, null));
                continue;
            }

            long bytes = _part!.Length;
            if (_part.TryFinish())
                return new DownloadedFile(path, IsNew: true, bytes, sum, IsVouched: _vouched is not null);
            Release();
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    private void Release()
    {
        _part?.Dispose();
        _part = null;
    }

    /// <summary>Takes the part that is there, once nobody else has it.</summary>
    /// <returns>False where the whole file is there.</returns>
    private async Task<bool> HoldAsync(CancellationToken stop)
    {
        bool hasWaited = false;
        while (true)
        {
            if (File.Exists(path))
            {
                Release();
                return false;
            }

            if (_part is not null || !PartialFile.Exists(path)) return true;
            try
            {
                _part = PartialFile.TryOpen(path, create: false);
            }
            catch (FileNotFoundException)
            {
                continue;   // it has got its name just now
            }

            if (_part is not null)
            {
                _isResumed |= _part.Length > 0;
                continue;   // perhaps the file has got its name between the two looks
            }

            if (!hasWaited) said?.Invoke($"{file.Name}: another process fetches it; this one waits.");
            hasWaited = true;
            await Task.Delay(patience.Look, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Goes on until all bytes are there; gives up when attempt after attempt brings none.</summary>
    private async Task<Outcome> CompleteAsync(CancellationToken stop)
    {
        int failures = 0;
        while (true)
        {
            long before = Length;
            TimeSpan? wanted = null;
            try
            {
                return await ContinueAsync(stop).ConfigureAwait(false);
            }
            catch (BusyServerException error) when (++failures < patience.Attempts)
            {
                wanted = error.Pause;
            }
            catch (Exception error) when (IsBroken(error, stop))
            {
                failures = Length > before ? 1 : failures + 1;
                if (failures >= patience.Attempts) throw GivenUp(error);
            }

            await Task.Delay(patience.After(failures, wanted), stop).ConfigureAwait(false);
        }
    }

    private long Length => _part?.Length ?? 0;

    private DataException GivenUp(Exception error)
    {
        string of = (file.Bytes ?? _part?.Mark?.Bytes) is long all ? $" of {all}" : "";
        string came = Length == 0 ? "nothing came; try again later, or fetch the file by other means"
            : $"{Length}{of} bytes are there, the same command goes on with them";
        return new DataException($"{file.Address}: {Said(error)}; {came}.", error);
    }

    private string Said(Exception error) => error switch
    {
        OperationCanceledException => $"the server said nothing for {patience.Silence.TotalSeconds:0.#} s",
        HttpRequestException { InnerException: System.Security.Authentication.AuthenticationException inner } =>
            $"the server's certificate is not accepted ({inner.Message})",
        _ => error.Message.TrimEnd('.'),
    };

    private async Task<Outcome> ContinueAsync(CancellationToken stop)
    {
        long start = Length;
        if (start > file.Bytes)
            throw new DataException(
                $"{_part!.Path}: has {start} bytes, more than the {file.Bytes} of {file.Name}; remove it to begin "
                    + "anew.");
        PartMark? mark = _part?.Mark is { } known && known.Address == file.Address.AbsoluteUri ? known : null;
        long? all = file.Bytes ?? mark?.Bytes;
        bool canGoOn = file.Sum is not null || mark is { IsTelling: true };
        if (start > 0 && start == all && canGoOn) return Outcome.Whole;
        if (!canGoOn || start > all) start = 0;
        using ServerAnswer answer = await AskAsync(start, mark, stop).ConfigureAwait(false);
        if (answer.Response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && start > 0)
        {
            if (answer.Bytes == start && file.Sum is not null) return Outcome.Whole;
            _part!.Begin(new(file.Address.AbsoluteUri, null, null, null));
            return await ContinueAsync(stop).ConfigureAwait(false);
        }

        ServerRefusal.Check(answer.Response, file, path);
        if (answer.Bytes is long there && file.Bytes is long wanted && there != wanted)
            throw new DataException($"{file.Address}: has {there} bytes on the server, not the {wanted} that are "
                + "published; it is not the published file.");
        _vouched = answer.Sha256;
        PartMark said = PartMark.Of(file.Address, answer.Response, answer.Bytes);
        if (answer.GoesOn && start > 0 && mark?.IsOther(said) == true)
        {
            _part!.Begin(new(file.Address.AbsoluteUri, null, null, null));   // it has changed on the server
            return await ContinueAsync(stop).ConfigureAwait(false);
        }

        if (answer.GoesOn && answer.Response.Content.Headers.ContentRange?.From != start)
            throw new DataException(
                $"{file.Address}: the server sent another part than it was asked for; try again later.");
        RequireSpace(answer.Bytes - (answer.GoesOn ? start : 0));
        return await ReceiveAsync(answer, said, stop).ConfigureAwait(false);
    }

    private async Task<ServerAnswer> AskAsync(long start, PartMark? mark, CancellationToken stop)
    {
        using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        silence.CancelAfter(patience.Silence);
        return await ServerAnswer.AskAsync(client, file.Address, start, start > 0 ? mark?.Condition : null,
            silence.Token).ConfigureAwait(false);
    }

    private async Task<Outcome> ReceiveAsync(ServerAnswer answer, PartMark mark, CancellationToken stop)
    {
        using Stream content = await answer.Response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        byte[] buffer = new byte[Piece];
        int got = await ReadSomeAsync(content, buffer, stop).ConfigureAwait(false);
        if (got == 0) throw new HttpRequestException("the connection ended early");
        if (_part is null)
        {
            // Only now: a download that brings nothing leaves no empty folder.
            _part = PartialFile.TryOpen(path, create: true);
            if (_part is null || _part.Length > 0 || File.Exists(path))
            {
                Release();
                return Outcome.LookAgain;
            }
        }

        if (!answer.GoesOn) _part.Begin(mark);
        long? all = file.Bytes ?? answer.Bytes;
        for (; got > 0; got = await ReadSomeAsync(content, buffer, stop).ConfigureAwait(false))
        {
            if (_part.Length + got > all)
                throw new DataException(
                    $"{file.Address}: the server sends more than the {all} bytes of {file.Name}; it is not the "
                        + "published file.");
            await _part.AppendAsync(buffer.AsMemory(0, got), stop).ConfigureAwait(false);
            progress?.Invoke(_part.Length, all);
        }

        _part.Flush();
        return all is null || _part.Length == all ? Outcome.Whole
            : throw new HttpRequestException("the connection ended early");
    }

    private async Task<int> ReadSomeAsync(Stream content, byte[] buffer, CancellationToken stop)
    {
        using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
        silence.CancelAfter(patience.Silence);
        try
        {
            return await content.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
        }
        catch (IOException error)   // of the connection, which must not pass for one of the disk
        {
            throw new HttpRequestException(error.Message, error);
        }
    }

    private async Task<string> SumAsync(CancellationToken stop) => await (file.Sum ?? Checksum.Sha256(""))
        .OfAsync(_part!.Contents(), stop).ConfigureAwait(false);

    /// <summary>A clause on what is wrong with the checksum; null where nothing is.</summary>
    private string? Misfit(string sum)
    {
        if (Downloader.Misfit(file, sum) is string published) return published;
        return _vouched is string said && file.Sum is not { Algorithm: "MD5" } && said != sum
            ? $"its checksum (SHA-256) is {sum}, not the {said} that the server has" : null;
    }

    private void RequireSpace(long? bytes)
    {
        if (bytes is long needed && space(path) is long free && free < needed)
            throw new DataException($"{path}: {ByteSize.Text(needed)} are to come and {ByteSize.Text(free)} are free "
                + "on that disk; nothing was fetched.");
    }

    private static bool IsBroken(Exception error, CancellationToken stop) =>
        error is HttpRequestException or HttpIOException
        || (error is OperationCanceledException && !stop.IsCancellationRequested);
}
