using System.Diagnostics;

namespace Fovea.Packages.Tests.Support;

/// <summary>One program run to its end in a folder, with what it said on both streams.</summary>
internal static class Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    /// <summary>What a program wrote; fails the test where it does not end well.</summary>
    public static string Run(string folder, string program, params string[] arguments) =>
        Run(folder, [], program, arguments);

    /// <summary>What a program wrote that has some environment variables.</summary>
    public static string Run(
        string folder, Dictionary<string, string> environment, string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Of the process that runs the tests, and wrong for another build.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBuild")).ToList())
            start.Environment.Remove(name);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {Limit}");
        }
        string said = output.Result + errors.Result;
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {process.ExitCode}\n{said}");
        return said;
    }
}
