using System.Diagnostics;
using System.Security.Cryptography;
using Fovea.Cli.Display;

namespace Fovea.Cli.Tests;

/// <summary><c>mpirun fovea train</c>, as people type it: the bits of one process with as many shards.</summary>
/// <remarks>FOVEA_RANK_STEPS=200 trains as long as the documentation says.</remarks>
[Trait("Category", "Slow")]
public sealed class RankTrainingTests : IDisposable
{
    private const string Common = "--dataset shapes --epochs 1 --eval-limit 20 --track none --log-every 1";

    private static readonly int Steps =
        int.TryParse(Environment.GetEnvironmentVariable("FOVEA_RANK_STEPS"), out int steps) ? steps : 3;

    private static readonly string[] Families = ["openmpi", "mpich"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--model vit-nano --image-size 16 --batch-size 32", "124", "23")]
    [InlineData("--model vit --image-size 8 --batch-size 16 --dropout 0.1 --mixup 0.2", "3", "2")]
    [InlineData("--model resnet18-cifar --image-size 8 --batch-size 8", "2", "3")]
    public void Any_number_of_ranks_has_the_bits_of_one_process(string model, string openMpi, string mpich)
    {
        int batch = int.Parse(model[(model.IndexOf("--batch-size") + 13)..].Split(' ')[0]);
        string train = $"train {model} {Common} --train-limit {Steps * batch}";
        if (Steps >= 200) (openMpi, mpich) = ("1234", "1234");
        (int code, string said) = Start(null, 1, $"{train} --shards 8 --out one");
        Assert.True(code == 0, said);
        string expected = Weights("one");
        foreach (string family in Families)
            foreach (char ranks in family == "openmpi" ? openMpi : mpich)
            {
                if (Launcher(family) is null) continue;
                string name = $"{family}{ranks}";
                (code, said) = Start(family, ranks - '0', $"{train} --out {name}");
                Assert.True(code == 0, $"{name}: {said}");
                Assert.True(expected == Weights(name), $"{name} has other weights");
            }

        Assert.SkipWhen(Families.All(family => Launcher(family) is null), "there is no mpirun");
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void What_cannot_be_is_said_once_and_ends_all(string family)
    {
        Assert.SkipWhen(Launcher(family) is null, $"there is no mpirun.{family}");
        File.WriteAllText(_folder["file"], "");
        (string Arguments, string Message)[] cases =
        [
            ("--shards 2 --batch-size 32", "2 shards of a batch cannot be divided among 3 ranks"),
            ("--batch-size 2", "2 shards of a batch cannot be divided among 3 ranks"),
            ("--train-limit 2 --val-share 0", "3 ranks for 2 training images"),
            ("--out file", "'file' is no directory"),
            ("--find-lr", "'train --find-lr' works in one"),
        ];
        foreach ((string arguments, string message) in cases)
        {
            (int code, string said) = Start(family, 3, $"train {Common} {arguments}");
            Assert.NotEqual(0, code);
            string line = Assert.Single(said.Split('\n'), line => line.Contains("fovea: "));
            Assert.Contains(message, line);
        }
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_study_that_a_launcher_started_in_one_process_trains_its_cells(string family)
    {
        Assert.SkipWhen(Launcher(family) is null, $"there is no mpirun.{family}");
        File.WriteAllText(_folder["study.yaml"], Commands.CompareCommandTests.Tiny);
        (int code, string said) = Start(family, 1, "compare study.yaml --out study");
        Assert.True(code == 0, said);
        Assert.Equal(2, Directory.GetFiles(_folder["study"], "summary.json", SearchOption.AllDirectories).Length);
    }

    private static string? Launcher(string family) =>
        File.Exists($"/usr/bin/mpirun.{family}") ? $"/usr/bin/mpirun.{family}" : null;

    private (int Code, string Said) Start(string? family, int ranks, string arguments)
    {
        string fovea = typeof(Terminal).Assembly.Location;
        string[] launch = family switch
        {
            null => ["dotnet"],
            "openmpi" => [Launcher(family)!, "--allow-run-as-root", "--oversubscribe", "-np", $"{ranks}", "dotnet"],
            _ => [Launcher(family)!, "-np", $"{ranks}", "dotnet"],
        };
        ProcessStartInfo start = new(launch[0], [.. launch.Skip(1), fovea, .. arguments.Split(' ')])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "dumb";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(Steps >= 200 ? 30 : 4)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{arguments} does not end: {output.Result} {error.Result}");
        }

        return (process.ExitCode, error.Result + output.Result);
    }

    /// <summary>All tensors of the last checkpoint, without what is written about time.</summary>
    private string Weights(string run)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(_folder.Path, run, "checkpoints", "last.safetensors"));
        return Convert.ToHexString(SHA256.HashData(file.AsSpan(8 + (int)BitConverter.ToInt64(file))));
    }
}
