using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Fovea.Core.Collectives;

namespace Fovea.Core.Tests.Collectives;

public sealed class LivenessTests
{
    private const double Seconds = 1.5;

    [Fact]
    public void Ranks_that_live_are_heard_and_may_leave_in_any_order()
    {
        using Job job = new(3);
        job.WaitForPeers();
        Thread.Sleep(TimeSpan.FromSeconds(1.3 * Seconds));
        job.Watches[1]!.Dispose();
        Thread.Sleep(TimeSpan.FromSeconds(1.3 * Seconds));
        job.Watches[0]!.Dispose();
        Thread.Sleep(TimeSpan.FromSeconds(1.3 * Seconds));
        Assert.All(job.Ranks, rank => Assert.Null(rank.Said));
    }

    [Fact]
    public void A_rank_that_falls_silent_is_named_by_rank_0_and_ends_the_job()
    {
        using Job job = new(3);
        job.WaitForPeers();
        job.Watches[2]!.IsMute = true;

        string said = job.Ranks[0].WaitForAbort();

        Assert.Matches($@"^rank 2 on {Environment.MachineName} was not heard of for [12](\.\d)? seconds: ", said);
        Assert.EndsWith(" seconds: the network is cut, or the machine stands still; all ranks end here, and the same "
            + "command with the option 'resume' goes on from the last checkpoint.", said, StringComparison.Ordinal);
        Assert.Null(job.Ranks[1].Said);
        Assert.Null(job.Ranks[2].Said);   // it hears rank 0
        Assert.Equal("quietly", job.Ranks[1].WaitForAbort());   // no launcher ends it here
    }

    [Fact]
    public void A_rank_0_that_falls_silent_is_named_by_one_of_the_others_first()
    {
        using Job job = new(4);
        job.WaitForPeers();
        job.Watches[0]!.IsMute = true;

        Assert.StartsWith($"rank 0 on {Environment.MachineName} was not heard of for ", job.Ranks[1].WaitForAbort(),
            StringComparison.Ordinal);
        Assert.Null(job.Ranks[2].Said);
        Assert.StartsWith("rank 0 on ", job.Ranks[2].WaitForAbort(), StringComparison.Ordinal);   // nobody ended it
    }

    [Fact]
    public void Several_ranks_of_one_machine_are_one_sentence()
    {
        using Job job = new(4);
        job.WaitForPeers();
        foreach (Liveness? watch in job.Watches.Skip(1)) watch!.IsMute = true;
        Assert.StartsWith($"ranks 1, 2, 3 on {Environment.MachineName} were not heard", job.Ranks[0].WaitForAbort(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_that_ends_without_a_word_is_noticed()
    {
        using Job job = new(3);
        job.WaitForPeers();
        job.Watches[1]!.Drop();
        Assert.StartsWith($"rank 1 on {Environment.MachineName} ended without a word; all ranks end here",
            job.Ranks[0].WaitForAbort(), StringComparison.Ordinal);
    }

    [Fact]
    public void Strangers_are_no_ranks()
    {
        using Job job = new(2);
        job.WaitForPeers();
        using TcpClient talking = new(), silent = new();
        talking.Connect(IPAddress.Loopback, job.Watches[0]!.Port);
        silent.Connect(IPAddress.Loopback, job.Watches[0]!.Port);
        talking.GetStream().Write(new byte[1000]);
        talking.ReceiveTimeout = 5000;
        Assert.Throws<IOException>(() => Read(talking));   // reset, without an answer
        Thread.Sleep(TimeSpan.FromSeconds(1.3 * Seconds));
        Assert.Equal(1, job.Watches[0]!.PeerCount);
        Assert.All(job.Ranks, rank => Assert.Null(rank.Said));
    }

    [Fact]
    public void Nothing_is_watched_where_there_is_one_rank_or_it_is_not_wanted()
    {
        Assert.Null(Liveness.Start(SingleProcess.Instance));
        using Job job = new(2, seconds: 0);
        Assert.All(job.Watches, Assert.Null);
    }

    [Theory]
    [InlineData(null, 10.0)]
    [InlineData("", 10.0)]
    [InlineData("0", 0.0)]
    [InlineData("2.5", 2.5)]
    [InlineData("86400", 86400.0)]
    [InlineData("-1", null)]
    [InlineData("0.01", null)]
    [InlineData("10s", null)]
    [InlineData("NaN", null)]
    [InlineData("1e9", null)]
    public void The_variable_is_a_number_of_seconds(string? text, double? seconds)
    {
        if (seconds is double number) Assert.Equal(number, Liveness.SecondsOf(text));
        else Assert.Contains($"FOVEA_RANK_TIMEOUT is '{text}'",
            Assert.Throws<UsageException>(() => Liveness.SecondsOf(text)).Message, StringComparison.Ordinal);
    }

    private static void Read(TcpClient client)
    {
        if (client.GetStream().ReadByte() < 0) throw new IOException("ended");
    }

    /// <summary>Ranks that are objects of this process, each with its watch.</summary>
    private sealed class Job : IDisposable
    {
        public Job(int size, double seconds = Seconds)
        {
            Board board = new(size);
            Ranks = [.. Enumerable.Range(0, size).Select(rank => new FakeRank(rank, size, board))];
            Watches = new Liveness?[size];
            Thread[] threads = [.. Ranks.Select(rank => new Thread(() =>
                Watches[rank.Rank] = Liveness.Start(rank, rank.Rank == 0 ? seconds : -1, rank.Say, rank.Say)))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) Assert.True(thread.Join(TimeSpan.FromSeconds(30)));
        }

        public FakeRank[] Ranks { get; }

        public Liveness?[] Watches { get; }

        public void WaitForPeers() => Assert.True(SpinWait.SpinUntil(() => Watches[0]!.PeerCount == Ranks.Length - 1
            && Watches.Skip(1).All(watch => watch!.PeerCount == 1), TimeSpan.FromSeconds(20)));

        public void Dispose()
        {
            foreach (Liveness? watch in Watches) watch?.Dispose();
        }
    }

    /// <summary>What rank 0 broadcast.</summary>
    private sealed class Board(int size) : IDisposable
    {
        private readonly Barrier _meeting = new(size);

        public byte[] Bytes { get; set; } = [];

        public void Dispose() => _meeting.Dispose();

        public void Meet() => Assert.True(_meeting.SignalAndWait(TimeSpan.FromSeconds(30)));
    }

    private sealed class FakeRank(int rank, int size, Board board) : ICollective
    {
        private volatile string? _said;

        public string Name => "fake";

        public int Rank => rank;

        public int Size => size;

        public int LocalRank => rank;

        public int LocalSize => size;

        public string? Said => _said;

        public string WaitForAbort()
        {
            Assert.True(SpinWait.SpinUntil(() => _said is not null, TimeSpan.FromSeconds(30)), "nothing was noticed");
            return _said!;
        }

        public void Broadcast(Span<byte> data, int root = 0)
        {
            if (rank == root) board.Bytes = data.ToArray();
            board.Meet();
            board.Bytes.CopyTo(data);
            board.Meet();
        }

        public void Say(string? message) => _said = message ?? "quietly";

        [DoesNotReturn]
        public void Abort(string? message, int code) => throw new NotSupportedException();

        public void AllReduce(Span<float> values) => throw new NotSupportedException();

        public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0) => throw new NotSupportedException();

        public void Barrier() => throw new NotSupportedException();

        public void Send(ReadOnlySpan<byte> data, int to) => throw new NotSupportedException();

        public void Receive(Span<byte> data, int from) => throw new NotSupportedException();

        public void Exchange(ReadOnlySpan<byte> data, int to, Span<byte> received, int from) =>
            throw new NotSupportedException();
    }
}
