using System.Runtime.InteropServices;

namespace Fovea.Cli.Commands;

/// <summary>Puts this process behind everything else that the machine has to do.</summary>
/// <remarks>Linux shares the cores among sessions first (sched(7), "The autogroup feature"), so that a low priority
/// counts within a session only: the process takes a session of its own, and lowers that.</remarks>
internal static class IdleSession
{
    /// <summary>The lowest priority.</summary>
    public const string Niceness = "19";

    private const string AutoGroup = "/proc/self/autogroup";

    /// <summary>Takes a session of its own, of the lowest priority; does nothing where the system has no
    /// sessions.</summary>
    public static void Begin()
    {
        if (!OperatingSystem.IsLinux()) return;
        _ = SetSession();
        try
        {
            if (File.Exists(AutoGroup)) File.WriteAllText(AutoGroup, Niceness);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The priority of the process counts alone.
        }
    }

    [DllImport("libc", EntryPoint = "setsid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetSession();
}
