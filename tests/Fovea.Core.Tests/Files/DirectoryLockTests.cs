using Fovea.Core.Files;
using Fovea.Core.Formats;

namespace Fovea.Core.Tests.Files;

public sealed class DirectoryLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Owner => _folder[DirectoryLock.OwnerName];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_second_is_told_who_has_it_and_nothing_stays_behind()
    {
        using (DirectoryLock.Take(_folder.Path, "run"))
        {
            string message = Assert.Throws<UsageException>(() => DirectoryLock.Take(_folder.Path, "run")).Message;
            Assert.Contains($"another process works on the run in '{_folder.Path}' (process {Environment.ProcessId} on "
                + Environment.MachineName, message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        DirectoryLock.Take(_folder.Path, "run").Dispose();
    }

    [Fact]
    public void Without_locks_of_the_file_system_a_living_owner_still_counts()
    {
        File.WriteAllText(Owner, JsonText.Line(LockOwner.OfProcess()));
        Assert.Contains("another process", Assert.Throws<UsageException>(
            () => DirectoryLock.Take(_folder.Path, "run")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Owners_that_are_gone_do_not_count()
    {
        LockOwner self = LockOwner.OfProcess();
        string[] gone =
        [
            JsonText.Line(self with { Process = int.MaxValue }),
            // the number was given to this process later
            JsonText.Line(self with { Since = self.Since.AddHours(-1) }),
            JsonText.Line(self with { Boot = "another" }),
            "", "{", "null", "[]", new string('x', 5000),
        ];
        foreach (string owner in gone)
        {
            File.WriteAllText(Owner, owner);
            DirectoryLock.Take(_folder.Path, "run").Dispose();
        }
    }

    [Fact]
    public void An_owner_elsewhere_counts_while_it_renews_its_file()
    {
        string other = JsonText.Line(LockOwner.OfProcess() with { Host = "elsewhere" });
        File.WriteAllText(Owner, other);
        Assert.Contains("on elsewhere", Assert.Throws<UsageException>(
            () => DirectoryLock.Take(_folder.Path, "run")).Message, StringComparison.Ordinal);

        File.SetLastWriteTimeUtc(Owner, DateTime.UtcNow - 5 * DirectoryLock.Renewal);
        DirectoryLock.Take(_folder.Path, "run").Dispose();
    }
}
