using System.Diagnostics;
using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class BenchCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData("infer")]
    public void Json_has_the_promised_members(string mode)
    {
        Assert.Equal(0, _shell.Run("bench", "--model", "vit-nano", "--image_size", "8", "--mode", mode, "--batch_size",
            "2", "--threads", "1", "--steps", "2", "--json"));
        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal((mode, 2, 1),
            (result.GetProperty("mode").GetString(), result.GetProperty("batch_size").GetInt32(),
                result.GetProperty("threads").GetInt32()));
        Assert.Equal("fp32", result.GetProperty("precision").GetString());
        AssertMeasured(result);
    }

    [Fact]
    public void A_profile_is_a_table_a_flame_chart_and_a_trace()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(0, _shell.Run("bench", "--model", "vit-nano", "--batch-size", "8", "--steps", "2",
            "--threads", "1", "--profile", "--flame", folder["step.svg"], "--trace", folder["step.json"]));
        foreach (string expected in (string[])["LinearBackwardWeight", "AttentionBackward", "update", "between"])
            Assert.Contains(expected, _shell.Output);
        Assert.Contains(">step<", File.ReadAllText(folder["step.svg"]));   // names go where there is room
        Assert.Contains("\"traceEvents\"", File.ReadAllText(folder["step.json"]));
    }

    [Fact]
    public void A_residual_network_is_measured_too()
    {
        Assert.Equal(0, _shell.Run("bench", "--model", "resnet18", "--image-size", "32", "--batch-size", "1",
            "--threads", "1", "--steps", "1", "--mode", "infer", "--json"));
        AssertMeasured(JsonDocument.Parse(_shell.Output).RootElement);
    }

    [Theory]
    [InlineData("dinov2_vits14_reg", "28", "train")]   // has no head of its own
    [InlineData("dinov2_vits14_reg", "28", "infer")]
    [InlineData("cct_2_3x2", "16", "train")]
    public void Models_without_a_head_and_of_other_parts_are_measured(string model, string imageSize, string mode)
    {
        Assert.Equal(0, _shell.Run("bench", "--model", model, "--image-size", imageSize, "--batch-size", "2",
            "--threads", "1", "--steps", "1", "--mode", mode, "--json"));
        AssertMeasured(JsonDocument.Parse(_shell.Output).RootElement);
    }

    [Theory]
    [InlineData("there is one rank", "--collective")]
    [InlineData("bench: --shards goes with --collective only.", "--shards", "4")]
    [InlineData("bench: --model does not go with --collective", "--collective", "--model", "vit")]
    [InlineData("bench: --flame and --trace go with --profile only.", "--flame", "step.svg")]
    [InlineData("products of int8 have no gradients", "--precision", "int8", "--model", "vit-nano")]
    [InlineData("bench: --batch-size does not go with --collective", "--collective", "-b", "32")]
    public void Between_ranks_there_have_to_be_several_and_no_model(string message, params string[] options)
    {
        Assert.Equal(2, _shell.Run(["bench", .. options]));
        Assert.Contains(message, _shell.Error);
    }

    [Theory]
    [InlineData("openmpi", "Open MPI ")]
    [InlineData("mpich", "MPICH ")]
    public void Between_ranks_rank_0_alone_writes(string family, string transport)
    {
        (int code, string output, string error) = Launch(family, "--steps", "1", "--json");

        Assert.True(code == 0, error);
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.StartsWith(transport, result.GetProperty("transport").GetString());
        Assert.Equal((2, 2, 8), (result.GetProperty("ranks").GetInt32(),
            result.GetProperty("ranks_on_machine").GetInt32(), result.GetProperty("shards").GetInt32()));
        JsonElement[] sizes = [.. result.GetProperty("sizes").EnumerateArray()];
        Assert.Equal(4, sizes[0].GetProperty("bytes").GetInt32());
        Assert.All(sizes, size => Assert.All(["all_reduce_microseconds", "tree_sum_microseconds",
            "all_reduce_megabytes_per_second", "tree_sum_megabytes_per_second"],
            (string name) => Assert.True(size.GetProperty(name).GetDouble() > 0, name)));
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void Between_ranks_an_error_of_all_is_said_once(string family)
    {
        (int code, string output, string error) = Launch(family, "--shards", "1");

        Assert.NotEqual(0, code);
        Assert.Single((error + output).Split('\n'),
            line => line.Contains("fovea: --shards: 1 shard of a batch cannot be divided among 2 ranks."));
        Assert.DoesNotContain("interrupted", error + output);
    }

    private static (int Code, string Output, string Error) Launch(string family, params string[] options)
    {
        string launcher = $"/usr/bin/mpirun.{family}";
        Assert.SkipUnless(File.Exists(launcher), $"there is no {launcher}: apt-get install openmpi-bin mpich");
        ProcessStartInfo start = new(launcher,
            [.. family == "openmpi" ? ["--allow-run-as-root", "--oversubscribe"] : Array.Empty<string>(), "-np", "2",
                "dotnet", Path.Combine(AppContext.BaseDirectory, "fovea.dll"), "bench", "--collective", .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process job = Process.Start(start)!;
        Task<string> output = job.StandardOutput.ReadToEndAsync(), error = job.StandardError.ReadToEndAsync();
        if (!job.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            job.Kill(entireProcessTree: true);
            Assert.Fail("the job does not end");
        }

        return (job.ExitCode, output.Result, error.Result);
    }

    private static void AssertMeasured(JsonElement result) =>
        Assert.All(["images_per_second", "gflops_per_second", "peak_fraction", "peak_memory_bytes"],
            (string name) => Assert.True(result.GetProperty(name).GetDouble() > 0, name));
}
