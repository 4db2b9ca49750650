using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Fovea.Core.Collectives;

/// <summary>
/// Notices that a rank cannot be reached any more, and ends the job. A launcher notices a process that ended; a machine
/// whose network is cut, or that stands still, nobody notices for minutes, while all others wait for it.
/// </summary>
/// <remarks>
/// Every rank holds a connection to rank 0, apart from the transport's, and a thread that does nothing else sends a
/// byte each second in both directions. A rank that is busy, swaps or collects garbage is still heard; one that was
/// stopped (a debugger, SIGSTOP) is not, and <c>FOVEA_RANK_TIMEOUT</c> is 0 for such work. A process that stood still
/// itself gives the others their whole time again.
/// </remarks>
public sealed class Liveness : IDisposable
{
    /// <summary>Seconds without a sign of life after which a rank counts as lost; 0: never.</summary>
    public const string Variable = "FOVEA_RANK_TIMEOUT";

    private const double StandardSeconds = 10, LongestSeconds = 86_400;
    private const int KeyLength = 16;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(3);

    private readonly ICollective _ranks;
    private readonly LivenessOffer _offer;
    private readonly Action<string> _warn;
    private readonly Action<string?> _end;
    private readonly Thread _thread;
    private readonly List<LivenessPeer> _peers = [];
    private readonly List<LivenessPeer> _strangers = [];
    private readonly Socket? _listener;
    private readonly TimeSpan _timeout, _beat;
    private volatile bool _ends;

    private Liveness(ICollective ranks, LivenessOffer offer, Socket? listener, Action<string> warn,
        Action<string?>? end)
    {
        (_ranks, _offer, _listener, _warn, _end) = (ranks, offer, listener, warn, end ?? End);
        _timeout = TimeSpan.FromSeconds(offer.Seconds);
        _beat = TimeSpan.FromSeconds(Math.Min(1, offer.Seconds / 5));
        _thread = new Thread(Watch) { IsBackground = true, Name = "liveness" };
        _thread.Start();
    }

    /// <summary>Begins to watch, until disposed; all ranks call it. Nothing happens where there is one rank, or the
    /// variable of rank 0 is 0.</summary>
    /// <returns>To be disposed when the work is done, in any order of ranks.</returns>
    /// <exception cref="UsageException">The variable is no number of seconds.</exception>
    public static IDisposable? Start(ICollective ranks)
    {
        double seconds = ranks is { Size: > 1, Rank: 0 } ? SecondsOf(Environment.GetEnvironmentVariable(Variable)) : 0;
        return Start(ranks, seconds, Console.Error.WriteLine);
    }

    /// <param name="ranks">All ranks.</param>
    /// <param name="seconds">Of rank 0, for all.</param>
    /// <param name="warn">Gets a sentence where this rank cannot be watched.</param>
    /// <param name="end">Ends the job for a reason; null: by the transport.</param>
    internal static Liveness? Start(ICollective ranks, double seconds, Action<string> warn, Action<string?>? end = null)
    {
        if (ranks.Size == 1) return null;
        Socket? listener = ranks.Rank == 0 && seconds > 0 ? Listen() : null;
        byte[] offered = listener is null ? [] : LivenessOffer.Of(listener, seconds).ToBytes();
        int[] length = [offered.Length];
        ranks.Broadcast<int>(length);
        if (length[0] == 0) return null;
        if (ranks.Rank != 0) offered = new byte[length[0]];
        ranks.Broadcast(offered);
        return new Liveness(ranks, LivenessOffer.Read(offered), listener, warn, end);
    }

    /// <summary>The number of seconds that a text says; 10 where there is none.</summary>
    /// <exception cref="UsageException">It says none.</exception>
    internal static double SecondsOf(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return StandardSeconds;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            && seconds is 0 or (>= 0.1 and <= LongestSeconds)) return seconds;
        throw new UsageException($"{Variable} is '{text}', and has to be a number of seconds from 0.1 to "
            + $"{LongestSeconds}, or 0: never.");
    }

    /// <summary>Port at which rank 0 waits for the others.</summary>
    internal int Port => _offer.Port;

    /// <summary>Ranks that are watched.</summary>
    internal int PeerCount
    {
        get
        {
            lock (_peers) return _peers.Count;
        }
    }

    /// <summary>Sends nothing any more, as a machine does that is cut off; for tests.</summary>
    internal bool IsMute { get; set; }

    /// <summary>Says goodbye to the others, who do not wait for this rank any more.</summary>
    public void Dispose()
    {
        _ends = true;
        if (Thread.CurrentThread != _thread) _thread.Join(AbortPatience);
    }

    /// <summary>Ends the connections without a word, as the end of a process does; for tests.</summary>
    internal void Drop()
    {
        lock (_peers)
        {
            foreach (LivenessPeer peer in _peers) peer.Close();
        }
    }

    private static Socket Listen()
    {
        bool both = Socket.OSSupportsIPv6;
        Socket listener = new(both ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream,
            ProtocolType.Tcp);
        if (both) listener.DualMode = true;
        listener.Bind(new IPEndPoint(both ? IPAddress.IPv6Any : IPAddress.Any, 0));
        listener.Listen(1024);
        listener.Blocking = false;
        return listener;
    }

    private void Watch()
    {
        if (_listener is null && !Connect()) return;
        long beaten = 0, turn = Stopwatch.GetTimestamp();
        while (!_ends)
        {
            Thread.Sleep(Tick);
            long now = Stopwatch.GetTimestamp();
            bool stoodStill = Stopwatch.GetElapsedTime(turn, now) > _timeout / 3;
            turn = now;
            if (_listener is not null) Accept();
            bool isOver;
            bool beats = Stopwatch.GetElapsedTime(beaten, now) >= _beat;
            if (beats) beaten = now;
            lock (_peers)
            {
                foreach (LivenessPeer peer in _peers)
                {
                    if (stoodStill) peer.Forgive();
                    if (beats && !IsMute) peer.Send(LivenessPeer.Beat);
                    peer.Listen();
                }

                isOver = _peers.Any(peer => peer.EndsJob);
                _peers.RemoveAll(peer => peer.HasLeft);
            }

            if (isOver)
            {
                // The launcher ends this one, too; if it does not, there is nothing more to say.
                for (TimeSpan waited = default; waited < 2 * AbortPatience && !_ends; waited += Tick)
                    Thread.Sleep(Tick);
                if (!_ends) _end(null);
                break;
            }

            if (Lost() is not string message) continue;
            foreach (LivenessPeer peer in _peers) peer.Send(LivenessPeer.Over);
            _end(message);
            break;
        }

        Leave();
    }

    /// <summary>A sentence on the ranks that are lost; null where none is. Ranks that lose rank 0 at the same time let
    /// the first of them speak.</summary>
    private string? Lost()
    {
        TimeSpan patience = _timeout + (_ranks.Rank > 1 ? AbortPatience : TimeSpan.Zero);
        LivenessPeer[] lost = [.. _peers.Where(peer => peer.Silence > patience
            || peer.Absence > patience / 2)];   // its end is noticed by the launcher, who needs a moment
        if (lost.Length == 0) return null;
        // What went silent at the same time has the same reason, and may lack a beat to the limit.
        lost = [.. _peers.Where(peer => lost.Contains(peer) || peer.Silence > patience - 2 * _beat)];
        string who = string.Join(" and ", lost.OrderBy(peer => peer.Rank).GroupBy(peer => peer.Host).Select(host =>
            $"{(host.Count() == 1 ? "rank" : "ranks")} {string.Join(", ", host.Select(peer => peer.Rank).Order())} "
                + $"on {host.Key}"));
        double seconds = lost.Max(peer => peer.Silence).TotalSeconds;
        string what = lost.All(peer => peer.IsClosed) ? "ended without a word"
            : string.Create(CultureInfo.InvariantCulture, $"{(lost.Length == 1 ? "was" : "were")} not heard of for "
                + $"{seconds:0.#} seconds: the network is cut, or the machine stands still");
        return $"{who} {what}; all ranks end here, and the same command with the option 'resume' goes on from the "
            + "last checkpoint.";
    }

    private void End(string? message)
    {
        new Thread(() =>
        {
            Thread.Sleep(AbortPatience);
            Process.GetCurrentProcess().Kill();   // the transport waits for what is gone
        })
        { IsBackground = true }.Start();
        _ranks.Abort(message, 1);
    }

    private void Leave()
    {
        foreach (LivenessPeer peer in _peers) peer.Send(LivenessPeer.Goodbye);
        foreach (LivenessPeer peer in _peers) peer.Leave();
        // Closed at once, a connection with something unread would take the goodbye with it.
        for (int i = 0; i < 10 && _peers.Any(peer => !peer.IsClosed); i++)
        {
            Thread.Sleep(Tick);
            foreach (LivenessPeer peer in _peers) peer.Listen();
        }

        foreach (LivenessPeer peer in _peers.Concat(_strangers)) peer.Close();
        _listener?.Dispose();
    }

    /// <summary>Takes connections of other ranks, and drops those of anyone else.</summary>
    private void Accept()
    {
        while (_listener!.Poll(0, SelectMode.SelectRead))
        {
            try
            {
                _strangers.Add(new LivenessPeer(_listener.Accept()));
            }
            catch (SocketException)
            {
                break;   // gone again
            }
        }

        foreach (LivenessPeer stranger in _strangers.ToArray())
        {
            if (stranger.Greeting(_offer.Key) is not (int rank, string host))
            {
                if (!stranger.IsClosed && stranger.Silence < ConnectPatience * 2) continue;
                stranger.Close();
                _strangers.Remove(stranger);
                continue;
            }

            _strangers.Remove(stranger);
            (stranger.Rank, stranger.Host) = (rank, host);
            stranger.SendAll(_offer.Key);
            lock (_peers) _peers.Add(stranger);
        }
    }

    /// <summary>Connects to rank 0 at the first of its addresses that answers.</summary>
    private bool Connect()
    {
        byte[] host = Encoding.UTF8.GetBytes(Environment.MachineName);
        host = host[..Math.Min(host.Length, byte.MaxValue)];
        byte[] greeting = [.. _offer.Key, .. BitConverter.GetBytes(_ranks.Rank), (byte)host.Length, .. host];
        IPAddress[] addresses = [.. _offer.AddressesFor(Environment.MachineName)];
        foreach (IPAddress address in addresses)
        {
            Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                using CancellationTokenSource late = new(ConnectPatience);
                socket.ConnectAsync(new IPEndPoint(address, _offer.Port), late.Token).AsTask().GetAwaiter().GetResult();
                socket.ReceiveTimeout = socket.SendTimeout = (int)ConnectPatience.TotalMilliseconds;
                socket.Send(greeting);
                byte[] answer = new byte[KeyLength];
                int got = 0;
                while (got < answer.Length && socket.Receive(answer.AsSpan(got)) is > 0 and int more) got += more;
                if (got == answer.Length && CryptographicOperations.FixedTimeEquals(answer, _offer.Key))
                {
                    lock (_peers) _peers.Add(new LivenessPeer(socket) { Rank = 0, Host = _offer.Host });
                    return true;
                }
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // Not this one.
            }

            socket.Dispose();
            if (_ends) return false;
        }

        // Where rank 0 ends, it need not be said that it cannot be reached.
        for (int i = 0; i < 100 && !_ends; i++) Thread.Sleep(Tick);
        if (_ends) return false;
        _warn($"fovea: rank {_ranks.Rank} on {Environment.MachineName} reaches rank 0 on {_offer.Host} at none of "
            + $"{string.Join<IPAddress>(", ", addresses)} (port {_offer.Port}): should the network be cut, only the "
            + "library of the ranks will notice, perhaps after minutes.");
        return false;
    }
}
