using Fovea.Cli.Display;

namespace Fovea.Cli.Tests;

/// <summary>Runs the command in this process, in a folder of its own for files.</summary>
internal sealed class Shell : IDisposable
{
    /// <summary>Options of a run that takes a second: 4 tokens an image, 3 steps an epoch.</summary>
    public static string[] TinyTraining { get; } =
        ["train", "--model", "vit-nano", "--image-size", "8", "--train-limit", "40", "--eval-limit", "20",
            "--batch-size", "16", "--epochs", "2", "--log-every", "2"];

    public string Folder { get; } = Directory.CreateTempSubdirectory("fovea-cli-").FullName;

    /// <summary>What commands read from standard input.</summary>
    public byte[] Input { get; set; } = [];

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public int Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Terminal terminal = new(output, error, IsInteractive: false) { Input = () => new MemoryStream(Input) };
        int code = CommandLine.Run(arguments, terminal, CancellationToken.None);
        (Output, Error) = (output.ToString(), error.ToString());
        return code;
    }

    /// <summary>Trains the tiny model into <c>Folder/run</c>.</summary>
    public string Train(params string[] more)
    {
        string run = Path.Combine(Folder, "run");
        Assert.True(Run([.. TinyTraining, "--out", run, "--quiet", .. more]) == 0, Error);
        return run;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
