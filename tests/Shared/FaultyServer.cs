using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fovea.Tests;

/// <summary>A web server of this machine that gives out one content under every path, with the faults of
/// others.</summary>
internal sealed class FaultyServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();

    public FaultyServer(byte[] content)
    {
        Content = content;
        _listener.Start();
        _ = Task.Run(Serve);
    }

    /// <summary>The address of the server, without a path.</summary>
    public Uri Root => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public Uri Address => new(Root, "file.gz");

    public byte[] Content { get; set; }

    /// <summary>Bytes after which each answer breaks off.</summary>
    public int BreakAfter { get; set; } = int.MaxValue;

    /// <summary>Bytes after which each answer says nothing more.</summary>
    public int StallAfter { get; set; } = int.MaxValue;

    /// <summary>Milliseconds between the pieces of an answer.</summary>
    public int Pause { get; set; }

    public bool KnowsRanges { get; set; } = true;

    /// <summary>Sends the rest whatever the condition says.</summary>
    public bool IgnoresConditions { get; set; }

    /// <summary>Says how long the content is.</summary>
    public bool SaysLength { get; set; } = true;

    public string? Tag { get; set; }

    public string? Modified { get; set; }

    public int Status { get; set; } = 200;

    /// <summary>Statuses of the next answers, before <see cref="Status"/>.</summary>
    public ConcurrentQueue<int> NextStatuses { get; } = [];

    /// <summary>More lines of each head.</summary>
    public string Head { get; set; } = "";

    /// <summary>Where paths lead to: the status and the address.</summary>
    public Dictionary<string, (int Status, string Address, string Head)> Redirections { get; } = [];

    /// <summary>What is added to the start of a range.</summary>
    public int Shift { get; set; }

    /// <summary>Where the answers started.</summary>
    public List<int> Starts { get; } = [];

    /// <summary>Paths that were asked for, with hosts.</summary>
    public List<string> Paths { get; } = [];

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_end.Token);
                _ = Task.Run(() => Handle(client));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException
            or OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task Handle(TcpClient client)
    {
        using (client)
            try
            {
                await Answer(client.GetStream());
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException
                or ObjectDisposedException)
            {
                // The client has gone, or the test is over.
            }
    }

    private async Task Answer(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        string[] first = (await reader.ReadLineAsync() ?? "").Split(' ');
        int start = 0;
        string? condition = null;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            if (KnowsRanges && line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
                start = int.Parse(line[13..].TrimEnd('-'), CultureInfo.InvariantCulture);
            if (line.StartsWith("If-Range: ", StringComparison.OrdinalIgnoreCase)) condition = line[10..];
        }

        string path = first.Length > 1 ? first[1] : "";
        lock (Paths) Paths.Add(path);
        if (Redirections.TryGetValue(path, out (int Status, string Address, string Head) other))
        {
            await WriteHead(stream, $"HTTP/1.1 {other.Status} X\r\nLocation: {other.Address}\r\n{other.Head}"
                + "Content-Length: 0\r\n");
            return;
        }

        if (condition is not null && !IgnoresConditions && condition != Tag && condition != Modified) start = 0;
        byte[] content = Content;
        lock (Starts) Starts.Add(start);
        int code = NextStatuses.TryDequeue(out int next) ? next : Status;
        if (code == 200 && start > content.Length) code = 416;
        if (code == 200 && start > 0) code = 206;
        string range = code switch
        {
            206 => $"Content-Range: bytes {start + Shift}-{content.Length - 1}/{content.Length}\r\n",
            416 => $"Content-Range: bytes */{content.Length}\r\n",
            _ => "",
        };
        string tag = Tag is null ? "" : $"ETag: {Tag}\r\n",
            time = Modified is null ? "" : $"Last-Modified: {Modified}\r\n";
        int length = code < 300 ? content.Length - start : 0;
        string size = SaysLength || code >= 300 ? $"Content-Length: {length}\r\n" : "";
        await WriteHead(stream, $"HTTP/1.1 {code} X\r\n{range}{tag}{time}{Head}{size}");
        if (code < 300) await Body(stream, content.AsMemory(start));
    }

    private async Task Body(NetworkStream stream, ReadOnlyMemory<byte> content)
    {
        const int Piece = 20_000;
        int sent = 0, most = Math.Min(content.Length, BreakAfter);
        while (sent < most)
        {
            int length = Math.Min(Math.Min(Piece, most - sent), Math.Max(0, StallAfter - sent));
            if (length == 0) await Task.Delay(Timeout.Infinite, _end.Token);
            await stream.WriteAsync(content.Slice(sent, length), _end.Token);
            sent += length;
            if (Pause > 0) await Task.Delay(Pause, _end.Token);
        }
    }

    private static async Task WriteHead(NetworkStream stream, string head) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}Connection: close\r\n\r\n"));
}
