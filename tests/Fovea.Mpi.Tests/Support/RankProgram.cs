using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Fovea.Core.Collectives;

namespace Fovea.Mpi.Tests.Support;

/// <summary>One rank: does what a test asks for and, as rank 0, prints what came of it.</summary>
internal static class RankProgram
{
    public const string Name = "rank";
    public const int Root = 0;

    /// <summary>Lengths around the number of values of a vector register and of ranks, and a long one.</summary>
    public static readonly int[] Lengths = [0, 1, 3, 17, 20011];

    public static int Run(string scenario)
    {
        MpiTransport.Register();
        try
        {
            ICollective ranks = Collective.Open();
            switch (scenario)
            {
                case "all":
                    Report report = All(ranks);
                    if (ranks.Rank == Root) Console.WriteLine(JsonSerializer.Serialize(report));
                    return 0;
                case "throw":
                    ranks.Barrier();
                    if (ranks.Rank == ranks.Size - 1) throw new DataException("image 7 cannot be read.");
                    ranks.Barrier();
                    return 0;
                case "abort":
                    ranks.Barrier();
                    // on another thread, while the one of MPI waits for ranks that will not come
                    Thread waits = new(ranks.Barrier);
                    waits.Start();
                    Thread.Sleep(300);
                    if (ranks.Rank == ranks.Size - 1) ranks.Abort("the disk is full.", 7);
                    Thread.Sleep(Timeout.Infinite);
                    return 0;
                case "exit":
                    ranks.Barrier();
                    if (ranks.Rank == ranks.Size - 1) return 5;
                    ranks.Barrier();
                    return 0;
                case "kill":
                    ranks.Barrier();
                    if (ranks.Rank == ranks.Size - 1) Process.GetCurrentProcess().Kill();
                    ranks.Barrier();
                    return 0;
                case "stop":
                case "leave":
                    using (IDisposable? watch = Liveness.Start(ranks))
                    {
                        int peers = ranks.Rank == Root ? ranks.Size - 1 : 1;
                        while (((Liveness)watch!).PeerCount < peers) Thread.Sleep(20);
                        ranks.Barrier();   // all are connected
                        if (scenario == "stop" && ranks.Rank == ranks.Size - 1)
                        {
                            Process.Start("kill", ["-STOP", $"{Environment.ProcessId}"]);
                            Thread.Sleep(Timeout.Infinite);   // the signal takes a moment, and the others wait below
                        }

                        if (scenario == "leave") Thread.Sleep(2000 * (ranks.Size - ranks.Rank - 1));
                        if (scenario == "stop") ranks.Barrier();
                        return 0;
                    }

                case "term":
                    ranks.Barrier();
                    if (ranks.Rank == ranks.Size - 1) Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]);
                    ranks.Barrier();
                    if (ranks.Rank == ranks.Size - 1) Thread.Sleep(Timeout.Infinite);
                    ranks.Barrier();
                    return 0;
                case "crash":
                    ranks.Barrier();
                    if (ranks.Rank == ranks.Size - 1) Environment.FailFast("the end");
                    ranks.Barrier();
                    return 0;
                case "uneven":
                    if (ranks.Rank == 0) ranks.Send(new byte[3], 1);
                    else ranks.Receive(new byte[4], 0);
                    return 0;
                case "longer":
                    if (ranks.Rank == 0) ranks.Send(new byte[5], 1);
                    else ranks.Receive(new byte[4], 0);
                    ranks.Barrier();
                    return 0;
                default:
                    throw new ArgumentOutOfRangeException(nameof(scenario), scenario, null);
            }
        }
        catch (UsageException error)
        {
            Console.Error.WriteLine($"fovea: {error.Message} {error.Remedy}");
            return 2;
        }
    }

    /// <summary>Results of every call; the lists have one item per rank.</summary>
    public sealed record Report(string Name, int Size, string[] Places, string[] AllReduce, string[] Broadcast,
        string[] Gather, string[] Ring, string[] CaughtNull, Dictionary<int, string[]> Trees);

    public static Report All(ICollective ranks)
    {
        string[] OfRanks(string own) =>
            [.. ranks.Gather(Encoding.UTF8.GetBytes(own), Root).Select(Encoding.UTF8.GetString)];

        float[] sums = Values(1000, ranks.Rank);
        ranks.AllReduce(sums);
        byte[] sent = ranks.Rank == ranks.Size - 1 ? [1, 2, 3, 250] : new byte[4];
        ranks.Broadcast(sent, ranks.Size - 1);
        string[] uneven = [.. ranks.Gather(new byte[ranks.Rank * 3], Root).Select(bytes => $"{bytes.Length}")];
        int[] left = [-1];
        if (ranks.Size > 1)
            ranks.Exchange<int>((int[])[ranks.Rank], (ranks.Rank + 1) % ranks.Size, left,
                (ranks.Rank + ranks.Size - 1) % ranks.Size);
        ranks.Barrier();
        Dictionary<int, string[]> trees = [];
        for (int shards = ranks.Size; shards <= 8; shards++) trees[shards] = OfRanks(Tree(ranks, shards));
        return new Report(ranks.Name, ranks.Size,
            OfRanks($"{ranks.Rank} of {ranks.Size}, {ranks.LocalRank} of {ranks.LocalSize}"),
            OfRanks(Hex(sums)), OfRanks(Convert.ToHexString(sent)), uneven, OfRanks($"{left[0]}"),
            OfRanks($"{CatchesNull()}"), trees);
    }

    /// <summary>Sums of several lengths over shards, twice with the same buffers, as the bits of all.</summary>
    public static string Tree(ICollective ranks, int shards)
    {
        List<float> all = [];
        foreach (int length in Lengths)
        {
            TreeSum tree = new(ranks, shards, length);
            for (int round = 0; round < 2; round++)
            {
                for (int i = 0; i < tree.ShardCount; i++) tree.Add(Values(length, 100 * round + tree.FirstShard + i));
                float[] sum = new float[length];
                tree.Reduce(sum);
                all.AddRange(sum);
            }
        }

        return Hex([.. all]);
    }

    /// <summary>Values whose sum depends on the order: of both signs and of sizes from 1e-6 to 1e6.</summary>
    public static float[] Values(int count, int stream)
    {
        Philox random = new(3, (ulong)stream);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = random.Uniform(2 * (ulong)i, -1, 1) * MathF.Pow(10, random.Uniform(2 * (ulong)i + 1, -6, 6));
        return values;
    }

    public static string Hex(float[] values) => values.Length > 16
        ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(MemoryMarshal.AsBytes<float>(values)))
        : Convert.ToHexString(MemoryMarshal.AsBytes<float>(values));

    /// <summary>A null reference is still an exception beside the library's handlers of signals.</summary>
    private static bool CatchesNull()
    {
        try
        {
            return Length(null!) < 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }

    private static int Length(string text) => text.Length;
}
