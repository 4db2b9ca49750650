using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fovea.Data.Tests.Downloads;

/// <summary>A web server of this machine with one file, which can break off and ignore ranges.</summary>
internal sealed class RangeServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _content;

    public RangeServer(byte[] content)
    {
        _content = content;
        _listener.Start();
        _ = Task.Run(Serve);
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/file.gz");

    /// <summary>Bytes after which each answer breaks off.</summary>
    public int BreakAfter { get; set; } = int.MaxValue;

    public bool KnowsRanges { get; set; } = true;

    public int Status { get; set; } = 200;

    /// <summary>What is added to the start of a range.</summary>
    public int Shift { get; set; }

    /// <summary>Where the answers started.</summary>
    public List<int> Starts { get; } = [];

    public void Dispose() => _listener.Dispose();

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                await Answer(client.GetStream());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }

    private async Task Answer(NetworkStream stream)
    {
        int start = 0;
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
            if (KnowsRanges && line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase)) start = int.Parse(
                line[13..].TrimEnd('-'));
        Starts.Add(start);
        int code = Status != 200 ? Status : start > 0 ? 206 : 200;
        string range = code == 206 ? $"Content-Range: bytes {start + Shift}-{_content.Length - 1}/{_content.Length}\r\n"
            : "";
        byte[] head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {code} X\r\n{range}Content-Length: {_content.Length - start}\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync(head);
        if (code < 300)
            await stream.WriteAsync(_content.AsMemory(start, Math.Min(BreakAfter, _content.Length - start)));
    }
}
