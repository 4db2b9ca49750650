using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Fovea.Core.Collectives;

namespace Fovea.Tests;

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
        Exception?[] failures = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = work(new ThreadRanks(rank, size, mail));
            }
            catch (Exception error)
            {
                failures[rank] = error;
            }
        }) { IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        DateTime end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        foreach (Thread thread in threads)
            while (!thread.Join(TimeSpan.FromMilliseconds(20)))
            {
                if (Array.Find(failures, failure => failure is not null) is { } failure)
                    ExceptionDispatchInfo.Throw(failure);   // the others may wait for it for ever
                Assert.True(DateTime.UtcNow < end, "a rank waits for ever");
            }

        if (Array.Find(failures, failure => failure is not null) is { } last) ExceptionDispatchInfo.Throw(last);
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

    public void AllReduce(Span<float> values)
    {
        IReadOnlyList<byte[]> all = Gather(MemoryMarshal.AsBytes(values));
        if (Rank == 0)
        {
            foreach (byte[] theirs in all.Skip(1))
            {
                ReadOnlySpan<float> numbers = MemoryMarshal.Cast<byte, float>(theirs);
                for (int i = 0; i < values.Length; i++) values[i] += numbers[i];
            }
        }

        Broadcast(MemoryMarshal.AsBytes(values));
    }

    public void Broadcast(Span<byte> data, int root = 0)
    {
        if (Rank != root) Receive(data, root);
        else
            for (int rank = 0; rank < Size; rank++)
                if (rank != root) Send(data, rank);
    }

    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0)
    {
        if (Rank != root)
        {
            Send(data, root);
            return [];
        }

        byte[][] all = new byte[Size][];
        for (int rank = 0; rank < Size; rank++) all[rank] = rank == root ? data.ToArray() : Box(rank, Rank).Take();
        return all;
    }

    public void Barrier() => AllReduce([]);

    [DoesNotReturn]
    public void Abort(string? message, int code) => throw new NotSupportedException();

    private BlockingCollection<byte[]> Box(int from, int to) => _mail.GetOrAdd((from, to), _ => []);
}
