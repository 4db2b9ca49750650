using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Fovea.Core.Collectives;

/// <summary>A connection to another rank, over which both send signs of life. No call waits.</summary>
internal sealed class LivenessPeer
{
    /// <summary>A sign of life.</summary>
    public const byte Beat = 1;

    /// <summary>The sender is done.</summary>
    public const byte Goodbye = 2;

    /// <summary>The sender ends the job, and has said why.</summary>
    public const byte Over = 3;

    private const int KeyLength = 16, LongestGreeting = KeyLength + sizeof(int) + 1 + byte.MaxValue;

    private readonly Socket _socket;
    private readonly List<byte> _greeting = [];
    private long _heard = Stopwatch.GetTimestamp();
    private long _closed;

    public LivenessPeer(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false;
        _socket.NoDelay = true;
    }

    /// <summary>Number of the other rank.</summary>
    public int Rank { get; set; }

    /// <summary>Name of its machine.</summary>
    public string Host { get; set; } = "";

    /// <summary>It said goodbye.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>It ends the job.</summary>
    public bool EndsJob { get; private set; }

    /// <summary>The connection has ended.</summary>
    public bool IsClosed => _closed != 0;

    /// <summary>Time since it was heard.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(_heard);

    /// <summary>Time since the connection ended; zero where it stands.</summary>
    public TimeSpan Absence => IsClosed ? Stopwatch.GetElapsedTime(_closed) : TimeSpan.Zero;

    /// <summary>Gives it its whole time again.</summary>
    public void Forgive()
    {
        _heard = Stopwatch.GetTimestamp();
        if (IsClosed) _closed = _heard;
    }

    /// <summary>Sends a byte, or nothing where the connection is full or gone.</summary>
    public void Send(byte what) => SendAll([what]);

    /// <summary>Sends a few bytes, or nothing where the connection is full or gone.</summary>
    public void SendAll(ReadOnlySpan<byte> bytes)
    {
        if (IsClosed) return;
        try
        {
            _socket.Send(bytes, SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock)) End(error);
        }
        catch (ObjectDisposedException)
        {
            End(SocketError.Shutdown);
        }
    }

    /// <summary>Takes what has come.</summary>
    public void Listen()
    {
        foreach (byte what in Receive())
        {
            _heard = Stopwatch.GetTimestamp();
            HasLeft |= what == Goodbye;
            EndsJob |= what == Over;
        }

        if (HasLeft) Close();
    }

    /// <summary>Number and machine of the other side, which it says first; null where that is not there yet or never
    /// will be.</summary>
    /// <param name="key">What it has to begin with.</param>
    public (int Rank, string Host)? Greeting(byte[] key)
    {
        _greeting.AddRange(Receive());
        byte[] said = [.. _greeting];
        if (said.Length > LongestGreeting || !CryptographicOperations.FixedTimeEquals(
            said.AsSpan(0, Math.Min(said.Length, KeyLength)), key.AsSpan(0, Math.Min(said.Length, KeyLength))))
        {
            Close();
            return null;
        }

        int start = KeyLength + sizeof(int) + 1;
        if (said.Length < start || said.Length < start + said[start - 1]) return null;
        return (BitConverter.ToInt32(said, KeyLength), Encoding.UTF8.GetString(said, start, said[start - 1]));
    }

    /// <summary>Sends nothing any more, and still takes what comes.</summary>
    public void Leave()
    {
        try
        {
            if (!IsClosed) _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            Close();
        }
    }

    /// <summary>Ends the connection.</summary>
    public void Close()
    {
        End(SocketError.Shutdown);
        _socket.Dispose();
    }

    private byte[] Receive()
    {
        if (IsClosed) return [];
        byte[] buffer = new byte[LongestGreeting + 1];
        try
        {
            int count = _socket.Receive(buffer, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock) return [];
            if (error != SocketError.Success || count == 0) End(error);
            return buffer[..Math.Max(0, count)];
        }
        catch (ObjectDisposedException)
        {
            End(SocketError.Shutdown);
            return [];
        }
    }

    /// <summary>The end of the connection. One that the network broke is a silence, and not the other side's
    /// end.</summary>
    private void End(SocketError error)
    {
        if (IsClosed || error is SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable
            or SocketError.NetworkDown or SocketError.HostDown) return;
        _closed = Stopwatch.GetTimestamp();
    }
}
