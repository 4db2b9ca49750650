using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Fovea.Core.Collectives;

namespace Fovea.Core.Tests.Collectives;

/// <summary>Ranks that are threads of this process and hand arrays to each other.</summary>
internal sealed class ThreadRanks : ICollective
{
    private readonly ConcurrentDictionary<(int From, int To), BlockingCollection<byte[]>> _mail;

    private ThreadRanks(int rank, int size, ConcurrentDictionary<(int, int), BlockingCollection<byte[]>> mail) =>
        (Rank, Size, _mail) = (rank, size, mail);

    public string Name => "threads";

    public int Rank { get; }

    public int Size { get; }

    public int LocalRank => Rank;

    public int LocalSize => Size;

    /// <summary>Bytes that this rank has sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Runs all ranks, each on a thread, and returns what they return.</summary>
    public static T[] Run<T>(int size, Func<ThreadRanks, T> work)
    {
        ConcurrentDictionary<(int, int), BlockingCollection<byte[]>> mail = new();
        T[] results = new T[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank =>
            new Thread(() => results[rank] = work(new ThreadRanks(rank, size, mail))))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads)
            Assert.True(thread.Join(TimeSpan.FromSeconds(60)), "a rank waits for ever");
        return results;
    }

    public void Send(ReadOnlySpan<byte> data, int to)
    {
        Assert.NotEqual(Rank, to);
        Box(Rank, to).Add(data.ToArray());
        Sent += data.Length;
    }

    public void Receive(Span<byte> data, int from)
    {
        byte[] sent = Box(from, Rank).Take();
        Assert.Equal(data.Length, sent.Length);
        sent.CopyTo(data);
    }

    public void Exchange(ReadOnlySpan<byte> data, int to, Span<byte> received, int from)
    {
        Send(data, to);
        Receive(received, from);
    }

    public void AllReduce(Span<float> values) => throw new NotSupportedException();

    public void Broadcast(Span<byte> data, int root = 0) => throw new NotSupportedException();

    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0) => throw new NotSupportedException();

    public void Barrier() => throw new NotSupportedException();

    [DoesNotReturn]
    public void Abort(string? message, int code) => throw new NotSupportedException();

    private BlockingCollection<byte[]> Box(int from, int to) => _mail.GetOrAdd((from, to), _ => []);
}
