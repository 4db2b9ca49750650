using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fovea.Cli.Display;
using YamlDotNet.RepresentationModel;

namespace Fovea.Cli.Tests;

/// <summary>The files of <c>deploy/</c>: what they name is there, and what they run is understood.</summary>
public sealed partial class DeploymentTests : IDisposable
{
    private static readonly string Root = Checkout.Root;
    private static readonly string Folder = Path.Combine(Root, "deploy");

    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    /// <remarks>The command asks for the frameworks of its runtime configuration: those of ASP.NET Core.</remarks>
    [Theory]
    [InlineData("Containerfile", new[] { ".", "deploy/fovea-run.sh", "deploy/gently.sh" })]
    [InlineData("serve.Containerfile", new[] { "." })]
    public void Files_that_a_container_copies_are_there_and_its_tools_are_of_the_projects_version(
        string name, string[] copies)
    {
        string text = File.ReadAllText(Path.Combine(Folder, name));
        string[] copied = [.. Copy().Matches(text).Select(match => match.Groups["from"].Value)];
        Assert.Equal(copies, copied);
        Assert.All(copied, name => Assert.True(Path.Exists(Path.Combine(Root, name)), name));
        Assert.Contains("dotnet publish src/Fovea.Cli ", text, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(Root, "src/Fovea.Cli")));
        string version = Version().Match(File.ReadAllText(Path.Combine(Root, "global.json"))).Groups["major"].Value;
        Assert.Equal(2, Image().Count(text));
        Assert.All(Image().Matches(text), match => Assert.Equal(version, match.Groups["version"].Value));
    }

    [Fact]
    public void Paths_in_deploy_that_docs_and_files_name_are_there()
    {
        string[] files = [.. Directory.GetFiles(Folder), Path.Combine(Root, "docs", "cluster.md")];
        string[] named = [.. files.SelectMany(file => Named().Matches(File.ReadAllText(file)))
            .Select(match => match.Value).Distinct()];
        Assert.Superset(new HashSet<string> { "deploy/slurm.sh", "deploy/mpijob.yaml", "deploy/Containerfile" },
            named.ToHashSet());
        Assert.All(named, name => Assert.True(File.Exists(Path.Combine(Root, name)), name));
    }

    [Fact]
    public void Yaml_files_are_yaml_and_have_what_their_readers_need()
    {
        YamlMappingNode job = Read("mpijob.yaml"), cluster = Read("parallelcluster.yaml");
        Assert.Equal("kubeflow.org/v2beta1", job["apiVersion"].ToString());
        Assert.Equal("MPIJob", job["kind"].ToString());
        YamlNode roles = job["spec"]["mpiReplicaSpecs"];
        int workers = int.Parse(roles["Worker"]["replicas"].ToString());
        YamlSequenceNode words = (YamlSequenceNode)roles["Launcher"]["template"]["spec"]["containers"][0]["args"];
        string[] arguments = [.. words.Select(word => word.ToString())];
        Assert.Equal(workers, int.Parse(arguments[Array.IndexOf(arguments, "-np") + 1]));
        string[] options = arguments[(Array.IndexOf(arguments, "fovea-run") + 2)..];
        Assert.Empty(CommandLine.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, false),
            CancellationToken.None).Parse(["train", .. options]).Errors);
        Assert.Equal("SPOT", cluster["Scheduling"]["SlurmQueues"][0]["CapacityType"].ToString());
    }

    [Fact]
    public void Ranks_of_a_job_run_as_the_user_of_the_image_and_have_time_to_save()
    {
        string user = UserId().Match(File.ReadAllText(Path.Combine(Folder, "Containerfile"))).Groups["id"].Value;
        YamlNode roles = Read("mpijob.yaml")["spec"]["mpiReplicaSpecs"];
        foreach (string role in (string[])["Launcher", "Worker"])
            Assert.Equal(user,
                roles[role]["template"]["spec"]["containers"][0]["securityContext"]["runAsUser"].ToString());

        // sshd ends at once and with it the pod, unless something waits before it is asked to
        YamlNode worker = roles["Worker"]["template"]["spec"];
        YamlSequenceNode before = (YamlSequenceNode)worker["containers"][0]["lifecycle"]["preStop"]["exec"]["command"];
        Assert.Equal("sleep", before[0].ToString());
        int grace = int.Parse(worker["terminationGracePeriodSeconds"].ToString());
        Assert.InRange(int.Parse(before[1].ToString()), grace / 2, grace - 1);
    }

    [Fact]
    public void What_the_server_of_the_container_is_started_with_is_understood()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        string text = File.ReadAllText(Path.Combine(Folder, "serve.Containerfile"));
        string[] words = JsonSerializer.Deserialize<string[]>(
            text.Split('\n').Single(line =>
                line.StartsWith("ENTRYPOINT", StringComparison.Ordinal))["ENTRYPOINT".Length..])!;
        (int code, string said) = Start(words[0], words[1], words[2].Replace("exec fovea", "echo fovea")
            .Replace("/models/*", "/models/*/none", StringComparison.Ordinal), words[3], "--max-batch", "8");
        Assert.Equal((0, "fovea serve --listen 0.0.0.0 --port 8000 --max-batch 8 /models/*/none"), (code, said.Trim()));
        Assert.Empty(CommandLine.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, false),
            CancellationToken.None).Parse(said.Trim().Split(' ')[1..]).Errors);
    }

    [Theory]
    [InlineData("fovea-run.sh", "sh")]
    [InlineData("gently.sh", "sh")]
    [InlineData("spot-watch.sh", "sh")]
    [InlineData("slurm.sh", "bash")]
    public void Scripts_have_no_error_of_syntax(string name, string shell)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        Assert.Equal((0, ""), Start(shell, "-n", Path.Combine(Folder, name)));
    }

    [Fact]
    public void The_same_command_begins_a_run_and_goes_on_with_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        string run = Path.Combine(_shell.Folder, "run"), script = Path.Combine(Folder, "fovea-run.sh");
        (int code, string said) = Start("env", "FOVEA_COMMAND=echo fovea", script, run, "--model", "vit-nano");
        Assert.Equal((0, $"fovea train --continue --out {run} --checkpoint-minutes 10 --keep-checkpoints 3 --quiet "
            + "--model vit-nano"), (code, said.Trim()));
        Directory.CreateDirectory(run);
        File.WriteAllText(Path.Combine(run, "config.yaml"), "");   // seen by one rank, perhaps
        Assert.Equal((code, said), Start("env", "FOVEA_COMMAND=echo fovea", script, run, "--model", "vit-nano"));
        Assert.Empty(CommandLine.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, false),
            CancellationToken.None).Parse(said.Trim().Split(' ')[1..]).Errors);
    }

    [Fact]
    public void A_job_of_Slurm_is_queued_again_after_a_signal_and_not_after_an_error()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        foreach ((int code, bool again) in ((int, bool)[])[(138, true), (143, true), (0, false), (1, false),
            (2, false)])
        {
            string tools = Directory.CreateDirectory(Path.Combine(_shell.Folder, $"tools{code}")).FullName;
            Tool(tools, "srun", $"echo \"$1\" > {tools}/first; exit {code}");
            Tool(tools, "scontrol", "echo \"$@\"");
            (int ended, string said) = Start("env", $"PATH={tools}:{Environment.GetEnvironmentVariable("PATH")}",
                "SLURM_JOB_ID=17", "SLURM_CPUS_PER_TASK=16", $"SLURM_SUBMIT_DIR={Root}", "bash",
                Path.Combine(Folder, "slurm.sh"), "run");
            Assert.Equal(code, ended);
            Assert.Equal(again ? "requeue 17" : "", said.Trim());
            Assert.Equal("--cpus-per-task=16", File.ReadAllText(Path.Combine(tools, "first")).Trim());
        }
    }

    private static void Tool(string folder, string name, string text)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    private static YamlMappingNode Read(string name)
    {
        YamlStream stream = [];
        using StreamReader reader = new(Path.Combine(Folder, name));
        stream.Load(reader);
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    private static (int Code, string Said) Start(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    [GeneratedRegex(@"^COPY (?!--from)(?<from>\S+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Copy();

    [GeneratedRegex(@"^FROM mcr\.microsoft\.com/dotnet/(sdk|aspnet):(?<version>\d+\.\d+)",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex(@"\buseradd -m -u (?<id>\d+) mpiuser\b", RegexOptions.ExplicitCapture)]
    private static partial Regex UserId();

    [GeneratedRegex(@"""version"": ""(?<major>\d+\.\d+)\.", RegexOptions.ExplicitCapture)]
    private static partial Regex Version();

    [GeneratedRegex(@"\bdeploy/[\w-]+(\.\w+)?", RegexOptions.ExplicitCapture)]
    private static partial Regex Named();
}
