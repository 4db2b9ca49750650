using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Fovea.Core.Files;

/// <summary>Names beside a file under which its next contents are written: such as nobody has, and by which rests of
/// killed processes are known.</summary>
internal static partial class TemporaryFile
{
    private static readonly string Host =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Environment.MachineName)))[..8];

    private static readonly ConcurrentDictionary<string, bool> InUse = new(StringComparer.Ordinal);

    /// <summary>A new name: the file's, this machine, this process and a random part.</summary>
    public static string NameFor(string path)
    {
        string name = $"{path}.{Host}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, true)}.tmp";
        InUse[Path.GetFullPath(name)] = true;
        return name;
    }

    /// <summary>True for a name of <see cref="NameFor"/>, whoever made it.</summary>
    public static bool IsOne(string name) => Form().IsMatch(name);

    /// <summary>Marks a name as no longer written to.</summary>
    public static void Forget(string temporary) => InUse.TryRemove(Path.GetFullPath(temporary), out _);

    /// <summary>Deletes what processes of this machine left beside a file when they were killed.</summary>
    public static void RemoveLeftovers(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        string file = Path.GetFileName(path);
        if (!Directory.Exists(folder)) return;
        foreach (string rest in Directory.EnumerateFiles(folder, "*.tmp"))
        {
            if (!Path.GetFileName(rest).StartsWith(file + ".", StringComparison.Ordinal)
                || Form().Match(Path.GetFileName(rest)) is not { Success: true } match
                || match.Groups["file"].Value != file || match.Groups["host"].Value != Host
                || InUse.ContainsKey(rest) || IsWriting(match.Groups["process"].Value)) continue;
            File.Delete(rest);
        }
    }

    private static bool IsWriting(string number)
    {
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int id)) return true;
        if (id == Environment.ProcessId) return false;   // an earlier process had this number: it is not in use here
        try
        {
            using Process process = Process.GetProcessById(id);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^(?<file>.+)\.(?<host>[0-9a-f]{8})-(?<process>[0-9]{1,10})-[0-9a-f]{8}\.tmp$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
