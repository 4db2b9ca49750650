using System.Diagnostics;
using System.Reflection;

namespace Fovea.Training.Runs;

/// <summary>Facts about this process.</summary>
public static class Machine
{
    /// <summary>Largest resident set of the process so far.</summary>
    public static long PeakMemoryBytes
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>The processor and how many threads it runs at once, e.g. <c>AMD EPYC 7B13, 8 logical
    /// processors</c>.</summary>
    public static string Processors { get; } = $"{Processor.Name}, {Environment.ProcessorCount} logical "
        + (Environment.ProcessorCount == 1 ? "processor" : "processors");

    /// <summary>Version of the program, e.g. <c>0.1.0</c>.</summary>
    public static string Version { get; } =
        typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            .Split('+')[0]
        ?? "unknown";
}
