using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Fovea.Server.Tests;

/// <summary>A minute of everything at once; <c>FOVEA_LOAD_MINUTES</c> makes it longer.</summary>
[Trait("Category", "Slow")]
public sealed partial class MixedLoadTests(TwoRuns runs) : IClassFixture<TwoRuns>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_is_lost_no_connection_stays_and_memory_is_flat()
    {
        string minutes = Environment.GetEnvironmentVariable("FOVEA_LOAD_MINUTES") ?? "1";
        using Process process = Process.Start(new ProcessStartInfo(
            "dotnet", ["run", Checkout.At("bench", "ServeLoad.cs"), "--", runs.First, "--mixed", minutes, "--clients",
                "16"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Stop);
        string said = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);

        Assert.True(process.ExitCode == 0, said + await errors);
        Match memory = Memory().Match(said);
        double[] sizes = [.. memory.Groups.Values.Skip(1)
            .Select(group => double.Parse(group.Value, CultureInfo.InvariantCulture))];
        Assert.True(sizes[1] < 1.25 * sizes[0] + 32, said);
        Assert.Matches(@"classify +[1-9]\d\d", said);
        Assert.Matches("fovea_reloads_total[^\n]*success=\"true\"} [1-9]", said);
    }

    [GeneratedRegex("memory (?<third>[0-9]+) MiB after a third, (?<end>[0-9]+) MiB at the end",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Memory();
}
