using System.Globalization;

namespace Fovea.Cli.Display;

/// <summary>Tells the standard streams that this process was given from those that were closed before it began. The
/// number of a closed one goes to the first file that the runtime opens for itself, often one of its inner pipes, which
/// nobody else may write to or read from.</summary>
internal static class StandardStreams
{
    private const int CloseOnExec = 0x80000;   // O_CLOEXEC of Linux: no file that was inherited has it

    /// <summary>Keeps everybody who uses the console off streams that were closed.</summary>
    public static void Secure()
    {
        if (!IsGiven(0)) Console.SetIn(TextReader.Null);
        if (!IsGiven(1)) Console.SetOut(TextWriter.Null);
        if (!IsGiven(2)) Console.SetError(TextWriter.Null);
    }

    /// <summary>Opens standard input; empty where it was closed.</summary>
    public static Stream OpenInput() => IsGiven(0) ? Console.OpenStandardInput() : Stream.Null;

    /// <summary>True for a stream that this process was given: 0 for input, 1 for output, 2 for errors.</summary>
    private static bool IsGiven(int number)
    {
        if (!OperatingSystem.IsLinux()) return true;
        try
        {
            string flags = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{number}"))
                .First(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & CloseOnExec) == 0;
        }
        catch (FileNotFoundException)
        {
            return !Directory.Exists("/proc/self/fdinfo");   // closed, and its number is free
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException
            or InvalidOperationException or FormatException or OverflowException)
        {
            return true;   // without /proc nothing tells
        }
    }
}
