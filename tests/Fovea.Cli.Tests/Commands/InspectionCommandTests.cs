using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

/// <summary><c>fovea explain distance | lens | patch | ablate | similarity</c>.</summary>
public sealed class InspectionCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    private string Out => Path.Combine(_shell.Folder, "out");

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Each_look_inside_writes_numbers_and_figures()
    {
        string run = _shell.Train(), other = Path.Combine(_shell.Folder, "other");
        Assert.True(_shell.Run([.. Shell.TinyTraining, "--attention", "sinkhorn:5", "--out", other, "--quiet"]) == 0,
            _shell.Error);
        (string[] Command, string[] Files)[] looks =
        [
            (["distance", run, "--against", other, "--eval-limit", "5"],
                ["distance-entropy.png", "distance-sums.svg", "distance.csv", "distance.png"]),
            (["lens", run, "--eval-limit", "5"], ["lens.csv", "lens.png"]),
            (["lens", run, "--index", "0,2"], ["lens.json"]),
            (["patch", run, "--index", "0,1", "--class", "0", "--other-class", "1"],
                ["patch-heads.png", "patch-tokens.png", "patch.csv"]),
            (["ablate", run, "--eval-limit", "5"], ["ablation-mean.png", "ablation-zero.svg", "ablation.csv"]),
            (["similarity", run, "--eval-limit", "9", "--batch-size", "6"], ["similarity.csv", "similarity.png"]),
            (["similarity", run, "--against", other, "--eval-limit", "8"], ["similarity.json"]),
        ];
        foreach ((string[] command, string[] files) in looks)
        {
            Assert.True(_shell.Run(["explain", .. command, "--out", Out]) == 0, _shell.Error);
            Assert.Equal("", _shell.Error);
            Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Out, file)), file));
            Assert.True(_shell.Run(["explain", .. command, "--out", Out, "--json"]) == 0, _shell.Error);
            using JsonDocument json = JsonDocument.Parse(_shell.Output);
            string table = Directory.GetFiles(Out, command[0] == "ablate" ? "ablation.csv" : command[0] + ".csv")[0];
            Assert.Equal(json.RootElement.GetProperty("rows").GetArrayLength(), File.ReadAllLines(table).Length - 1);
        }
    }

    [Fact]
    public void Images_that_are_too_few_for_a_batch_are_left_out_with_a_word()
    {
        string run = _shell.Train();
        Assert.True(_shell.Run("explain", "similarity", run, "--eval-limit", "9", "--batch-size", "6", "--out", Out)
            == 0, _shell.Error);
        Assert.Contains("3 more were too few for a batch", _shell.Output.ReplaceLineEndings(" "),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_looked_into_is_refused_by_a_sentence()
    {
        string run = _shell.Train(), net = Path.Combine(_shell.Folder, "net");
        Assert.True(_shell.Run("train", "--model", "resnet18-cifar", "--image-size", "16", "--train-limit", "20",
            "--eval-limit", "10", "--batch-size", "10", "--epochs", "1", "--out", net, "--quiet") == 0, _shell.Error);
        Refused("'resnet18-cifar' has no attention", "distance", net);
        Refused("'resnet18-cifar' has no attention", "distance", run, "--against", net);
        Refused("'resnet18-cifar' has no blocks of attention heads", "lens", net);
        Refused("'resnet18-cifar' has no blocks of attention heads", "patch", net, "--index", "0,1");
        Refused("'resnet18-cifar' has no blocks of attention heads", "ablate", net);
        Refused("two images are needed", "patch", run, "--index", "0");
        Refused("is the class of both images", "patch", run, "--index", "0,1", "--class", "2", "--other-class", "2");
        Refused("--other-class: there is no class called 'stra'; did you mean 'star'?", "patch", run, "--index", "0,1",
            "--other-class", "stra");
        Refused("--batch-size: similarities need 4 images at a time", "similarity", run, "--batch-size", "3");
        Assert.False(Directory.Exists(Out));

        Assert.True(_shell.Run("explain", "similarity", run, "--against", net, "--eval-limit", "8", "--out", Out) == 0,
            _shell.Error);
        Assert.Contains("stem", File.ReadAllText(Path.Combine(Out, "similarity.csv")), StringComparison.Ordinal);
    }

    private void Refused(string sentence, params string[] arguments)
    {
        Assert.Equal(2, _shell.Run(["explain", .. arguments, "--out", Out]));
        Assert.Contains(sentence, _shell.Error, StringComparison.Ordinal);
        Assert.Single(_shell.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }
}
