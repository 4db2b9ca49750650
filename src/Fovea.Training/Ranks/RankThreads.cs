using System.Text;
using Fovea.Core.Collectives;
using Fovea.Tensors;

namespace Fovea.Training.Ranks;

/// <summary>Threads of a rank, where nobody says how many: the processors that it may use, divided among the ranks that
/// may use the same ones. A launcher that binds ranks to processors of their own has divided them already.</summary>
internal static class RankThreads
{
    /// <summary>Threads of this rank; null where there is one rank.</summary>
    public static int? Of(ICollective ranks) =>
        ranks.Size == 1 ? null : Of(ranks, Environment.MachineName + " " + Allowed(), Environment.ProcessorCount);

    /// <summary>Pinning of this rank's threads: ranks that share processors would keep theirs on the same
    /// ones.</summary>
    /// <param name="asked">What a recipe asks for.</param>
    /// <param name="threads">Threads of this rank; see <see cref="Of(ICollective)"/>.</param>
    /// <exception cref="UsageException">They would.</exception>
    public static Pinning? PinningOf(Pinning? asked, int? threads) =>
        (asked ?? Device.StandardPinning) == Pinning.Cores && threads < Environment.ProcessorCount
            ? throw new UsageException("ranks that share processors cannot have their threads pinned to them.")
            {
                Field = "pin",
                Remedy = "Let the launcher give each rank its own: most bind ranks to cores when asked.",
            }
            : asked;

    /// <summary>The device of this rank: of several cards, ranks of a machine have one each unless a number is given.
    /// Of the cards that a launcher lets a rank see, the first has number 0.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="device">What a recipe asks for.</param>
    /// <param name="variable">Looks a variable of the environment up; null: this process's.</param>
    public static string DeviceOf(ICollective ranks, string device, Func<string, string?>? variable = null)
    {
        if (ranks.LocalSize == 1) return device;
        variable ??= Environment.GetEnvironmentVariable;
        string[] names = device switch
        {
            "cuda" => ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"],
            "xpu" => ["ZE_AFFINITY_MASK"],
            _ => [],
        };
        if (names.Length == 0) return device;
        // ROCm has two lists, of which the second chooses among what the first leaves.
        int visible = names.Select(name => variable(name) ?? "").Where(list => list.Length > 0)
            .Select(list => list.Split(',').Length).DefaultIfEmpty(int.MaxValue).Min();
        return $"{device}:{ranks.LocalRank % visible}";
    }

    /// <param name="ranks">The ranks.</param>
    /// <param name="processors">Names the processors that this rank may use.</param>
    /// <param name="count">Number of them.</param>
    internal static int Of(ICollective ranks, string processors, int count)
    {
        IReadOnlyList<byte[]> all = ranks.Gather(Encoding.UTF8.GetBytes(processors));
        int[] sharing = new int[ranks.Size];
        string[] names = [.. all.Select(Encoding.UTF8.GetString)];
        for (int rank = 0; rank < names.Length; rank++) sharing[rank] = names.Count(name => name == names[rank]);
        ranks.Broadcast<int>(sharing);
        return Math.Max(1, count / sharing[ranks.Rank]);
    }

    private static string Allowed()
    {
        const string status = "/proc/self/status", key = "Cpus_allowed_list:";
        return File.Exists(status)
            ? File.ReadLines(status).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) ?? "" : "";
    }
}
