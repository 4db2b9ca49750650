namespace Fovea.Tensors.Backends.Cpu.Placement;

/// <summary>The processors that this process may use, with their cores and memory nodes.</summary>
internal static class ProcessorTopology
{
    private const string Allowed = "Cpus_allowed_list:";

    /// <summary>Those of this machine; empty where the system does not tell.</summary>
    internal static IReadOnlyList<Processor> OfThisProcess()
    {
        if (OperatingSystem.IsLinux())
            return Read("/sys/devices/system", AllowedBy(Text("/proc/self/status") ?? ""));
        return OperatingSystem.IsWindows() ? WindowsTopology.OfThisProcess() : [];
    }

    /// <summary>Reads Linux's description of a machine. What is missing or makes no sense there counts for nothing: a
    /// processor is then a core by itself, on the first node.</summary>
    /// <param name="system">The folder <c>/sys/devices/system</c>.</param>
    /// <param name="allowed">Processors that the process may use (a cpuset, an affinity); null: all.</param>
    internal static IReadOnlyList<Processor> Read(string system, IReadOnlyCollection<int>? allowed)
    {
        int[] online = Numbers(Path.Combine(system, "cpu", "online")) ?? [];
        // A processor that the process may use is there, whatever is written.
        IEnumerable<int> usable = online.Length == 0 ? allowed ?? []
            : allowed is null ? online : online.Intersect(allowed);
        Dictionary<int, int> nodes = NodesOf(Path.Combine(system, "node"));
        return [.. usable.Order().Select(number => new Processor(number, CoreOf(system, number),
            nodes.GetValueOrDefault(number)))];
    }

    /// <summary>The processors in <c>/proc/self/status</c>, which knows cpusets and affinities; null: not
    /// said.</summary>
    internal static int[]? AllowedBy(string status)
    {
        string? line = status.Split('\n').FirstOrDefault(line => line.StartsWith(Allowed, StringComparison.Ordinal));
        return line is not null && ProcessorList.Read(line[Allowed.Length..]) is { Length: > 0 } numbers ? numbers
            : null;
    }

    /// <summary>The smallest number of those that share the core.</summary>
    private static int CoreOf(string system, int number)
    {
        string folder = Path.Combine(system, "cpu", $"cpu{number}", "topology");
        int[]? siblings = Numbers(Path.Combine(folder, "core_cpus_list"))
            ?? Numbers(Path.Combine(folder, "thread_siblings_list"));   // the name before Linux 5.3
        return siblings is not null && siblings.Contains(number) ? siblings[0] : number;
    }

    private static Dictionary<int, int> NodesOf(string folder)
    {
        Dictionary<int, int> nodes = [];
        foreach (int node in Numbers(Path.Combine(folder, "online")) ?? [])
            foreach (int number in Numbers(Path.Combine(folder, $"node{node}", "cpulist")) ?? [])
                nodes.TryAdd(number, node);
        return nodes;
    }

    private static int[]? Numbers(string path) => Text(path) is string text ? ProcessorList.Read(text) : null;

    private static string? Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
