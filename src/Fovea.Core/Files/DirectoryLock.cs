using System.Diagnostics;
using System.Text.Json;
using Fovea.Core.Formats;

namespace Fovea.Core.Files;

/// <summary>
/// Keeps two processes from working in one directory. Two means together: the system's lock on <c>.lock</c>, which ends
/// with the process however that ends, and a file <c>.owner</c> that says who has it. Where a file system knows no
/// locks, the second decides alone: an owner on this machine counts while its process lives, one elsewhere while it
/// renews the file.
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    internal const string LockName = ".lock";
    internal const string OwnerName = ".owner";
    internal static readonly TimeSpan Renewal = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = 4 * Renewal;
    private readonly FileStream _lock;
    private readonly string _owner;
    private readonly Timer _renewal;

    private DirectoryLock(FileStream held, string owner)
    {
        (_lock, _owner) = (held, owner);
        File.Delete(owner);
        using (FileStream file = new(owner, FileMode.CreateNew, FileAccess.Write))
            file.Write(System.Text.Encoding.UTF8.GetBytes(JsonText.Line(LockOwner.OfProcess()) + "\n"));
        _renewal = new Timer(_ => Renew(), null, Renewal, Renewal);
    }

    /// <summary>Names that a lock has in its directory while it is held, and after a process was killed.</summary>
    public static IReadOnlyList<string> Names { get; } = [LockName, OwnerName];

    /// <summary>Takes the lock of a directory, until disposed.</summary>
    /// <param name="directory">An existing directory.</param>
    /// <param name="what">What the directory holds, for the message, e.g. <c>run</c>.</param>
    /// <exception cref="UsageException">Another process has it, or nothing can be written there.</exception>
    public static DirectoryLock Take(string directory, string what)
    {
        string path = Path.Combine(directory, LockName), owner = Path.Combine(directory, OwnerName);
        try
        {
            FileStream held = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                if (Living(held, path, owner) is LockOwner other) throw Refused(directory, what, other, null);
                return new DirectoryLock(held, owner);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw Refused(directory, what, Read(owner), error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot write to the directory '{directory}': {error.Message}")
            {
                Field = "out"
            };
        }
    }

    /// <summary>Tells whether a process of this machine works in a directory.</summary>
    public static bool IsHeld(string directory) =>
        Read(Path.Combine(directory, OwnerName)) is { IsHere: true, IsAlive: true };

    /// <summary>The process that has, or had, a directory; null where nobody is noted.</summary>
    public static DirectoryHolder? HolderOf(string directory)
    {
        string path = Path.Combine(directory, OwnerName);
        if (Read(path) is not LockOwner owner) return null;
        return new(owner.Process, owner.Host, owner.IsHere,
            owner.IsHere ? owner.IsAlive : DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < Patience);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _renewal.Dispose();
        try
        {
            File.Delete(_owner);
            File.Delete(_lock.Name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The directory has vanished or cannot be written any more; whoever comes next sees a dead owner.
        }

        _lock.Dispose();
    }

    private static LockOwner? Living(FileStream held, string path, string owner)
    {
        if (Read(owner) is not LockOwner other) return null;
        if (other.IsHere) return other.IsAlive ? other : null;
        held.SetLength(0);
        held.WriteByte(1);   // by the file system's own clock, which may not be this machine's
        held.Flush();
        return File.GetLastWriteTimeUtc(path) - File.GetLastWriteTimeUtc(owner) < Patience ? other : null;
    }

    private static UsageException Refused(string directory, string what, LockOwner? owner, Exception? error)
    {
        string who = owner is null ? "" : $" (process {owner.Process} on {owner.Host}, since {owner.Since:u})";
        string why = owner is null && error is not null ? $" ({error.Message})" : "";
        return new($"another process works on the {what} in '{directory}'{who}; wait for its end or take another "
            + $"directory.{why}")
        { Field = "out" };
    }

    private static LockOwner? Read(string path)
    {
        try
        {
            return File.Exists(path) && new FileInfo(path).Length is > 0 and < 4096
                ? JsonText.Read<LockOwner>(File.ReadAllText(path)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;   // killed while it wrote this: it did nothing yet
        }
    }

    private void Renew()
    {
        try
        {
            File.SetLastWriteTimeUtc(_owner, DateTime.UtcNow);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever writes results there learns of it.
        }
    }
}

/// <summary>A process that has a directory, or had it when it was killed.</summary>
/// <param name="Process">Its number.</param>
/// <param name="Host">The machine's name.</param>
/// <param name="IsHere">It is, or was, on this machine.</param>
/// <param name="IsAlive">It runs still; of another machine: it has renewed its note lately.</param>
public sealed record DirectoryHolder(int Process, string Host, bool IsHere, bool IsAlive);

/// <summary>The process that has a lock.</summary>
/// <param name="Process">Its number.</param>
/// <param name="Since">When the process started, in universal time.</param>
/// <param name="Host">The machine's name.</param>
/// <param name="Boot">The start of the machine that the number is from; empty where the system does not say.</param>
internal sealed record LockOwner(int Process, DateTime Since, string Host, string Boot)
{
    private const string BootFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>Start times are known to hundredths of a second, and jump with the clock.</summary>
    private static readonly TimeSpan SameStart = TimeSpan.FromSeconds(2);

    /// <summary>It is, or was, on this machine.</summary>
    public bool IsHere => Host == Environment.MachineName;

    /// <summary>The process still runs; only to be asked where <see cref="IsHere"/>.</summary>
    public bool IsAlive
    {
        get
        {
            if (Boot != BootOfMachine()) return false;
            try
            {
                using Process process = System.Diagnostics.Process.GetProcessById(Process);
                return !process.HasExited && !IsEnding
                    && (process.StartTime.ToUniversalTime() - Since).Duration() < SameStart;
            }
            catch (Exception error) when (error is ArgumentException or InvalidOperationException
                or System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }

    /// <summary>It has a number still, and nothing else: it ends, or whoever started it has not asked for its exit
    /// code, which in a container may be never.</summary>
    private bool IsEnding
    {
        get
        {
            try
            {
                return OperatingSystem.IsLinux() && File.ReadAllBytes($"/proc/{Process}/cmdline").Length == 0;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return false;   // hidden, or gone
            }
        }
    }

    /// <summary>This process.</summary>
    public static LockOwner OfProcess()
    {
        using Process process = System.Diagnostics.Process.GetCurrentProcess();
        return new(process.Id, process.StartTime.ToUniversalTime(), Environment.MachineName, BootOfMachine());
    }

    private static string BootOfMachine()
    {
        try
        {
            return File.Exists(BootFile) ? File.ReadAllText(BootFile).Trim() : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
