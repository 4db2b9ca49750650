using System.Diagnostics;
using System.Globalization;
using Fovea.Core.Files;

namespace Fovea.Core.Tests.Files;

public sealed class LockOwnerTests
{
    [Fact]
    public void A_process_that_ended_and_whose_exit_code_nobody_asks_for_is_not_alive()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "makes a process that has ended and is still listed");
        // The child of a shell that becomes a program which never waits for children.
        using Process parent = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 0.5 & echo $!; exec sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            int id = int.Parse(parent.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
            LockOwner owner = LockOwner.OfProcess() with { Process = id, Since = StartOf(id) };
            // while it becomes sleep, it has no command line for a moment
            Assert.True(SpinWait.SpinUntil(() => owner.IsAlive, 400));
            Assert.True(SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{id}/stat").Contains(") Z "), 20_000));
            Assert.False(owner.IsAlive);
        }
        finally
        {
            parent.Kill();
        }
    }

    private static DateTime StartOf(int id)
    {
        using Process process = Process.GetProcessById(id);
        return process.StartTime.ToUniversalTime();
    }
}
