using System.Text.Json;
using Fovea.Cli.Commands;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Checkpoints;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Cli.Tests.Commands;

public sealed class FineTuneCommandTests : IDisposable
{
    private static readonly string[] Small = ["--train-limit", "40", "--eval-limit", "20", "--batch-size", "16",
        "--epochs", "1"];

    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Fine_tuning_takes_over_the_model_and_makes_a_new_head()
    {
        string run = _shell.Train(), tuned = Path.Combine(_shell.Folder, "tuned");
        Assert.True(_shell.Run(["finetune", run, "--classes", "4", .. Small, "--out", tuned]) == 0,
            _shell.Error);

        string config = File.ReadAllText(Path.Combine(tuned, "config.yaml"));
        Assert.Contains("layer-decay: 0.75", config);
        Assert.Contains("image-size: 8", config);
        Assert.Equal(0, _shell.Run("finetune", "--resume", tuned, "--epochs", "2", "--quiet"));
        Assert.Equal(0, _shell.Run("eval", tuned, "--json"));
        Assert.Equal(4, JsonDocument.Parse(_shell.Output).RootElement.GetProperty("classes").GetArrayLength());
    }

    [Fact]
    public void A_rate_that_wrecks_weights_draws_one_warning()
    {
        string run = _shell.Train();
        string[] command = ["finetune", "--weights", run, .. Small, "--lr", "0.01", "--layer-decay", "none", "--out"];
        Assert.Equal(0, _shell.Run([.. command, Path.Combine(_shell.Folder, "a")]));
        Assert.Equal(2, _shell.Output.Split("usually").Length - 1);   // once what happens, once what works
        Assert.Equal(0, _shell.Run([.. command, Path.Combine(_shell.Folder, "b"), "--json"]));
        Assert.StartsWith("fovea: warning: AdamW with a rate of 0.01", _shell.Error);
    }

    [Fact]
    public void Without_weights_it_says_what_to_do()
    {
        Assert.Equal(ExitCode.Usage, _shell.Run("finetune"));
        Assert.Contains("RUN or --weights FILE", _shell.Error);
    }

    [Fact]
    public void A_file_of_weights_is_probed_with_the_parts_that_it_has()
    {
        string run = _shell.Train("--patch-size", "2"), file = Path.Combine(_shell.Folder, "weights.safetensors");
        using (WeightFile weights = ModelWeights.Open(run)) ModelWeights.Export(file, StateDict.Of(weights));
        string[] Probe(string weights) => ["probe", "--weights", weights, "--model", "vit-nano", "--image-size", "8",
            "--dataset", "shapes", "--train-limit", "20", "--eval-limit", "10", "--k", "1", "--epochs", "1"];
        string[] probe = Probe(file);
        Assert.NotEqual(0, _shell.Run(probe));
        Assert.Contains("use --patch-size 2", _shell.Error, StringComparison.Ordinal);
        string own = Path.Combine(_shell.Folder, "own.safetensors");   // says itself what it is of
        Assert.Equal(0, _shell.Run("weights", run, "--to", own));
        Assert.True(_shell.Run(Probe(own)) == 0, _shell.Error);
        Assert.True(_shell.Run([.. probe, "--patch-size", "2", "--attention", "sinkhorn:3"]) == 0, _shell.Error);
    }

    [Fact]
    public void A_probe_reports_every_k_and_the_linear_classifier()
    {
        string run = _shell.Train();
        Assert.True(_shell.Run("probe", "--weights", run, "--k", "1,3", "--epochs", "2", "--json") == 0, _shell.Error);
        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal([1, 3], result.GetProperty("neighbours").EnumerateArray().Select(entry =>
            entry.GetProperty("k").GetInt32()));
        Assert.Equal(40, result.GetProperty("images").GetProperty("train").GetInt32());
        Assert.InRange(result.GetProperty("linear").GetProperty("test_accuracy").GetDouble(), 0, 1);
        Assert.Equal(0, _shell.Run("probe", run, "--k", "1", "--epochs", "1"));
        Assert.Contains("k-NN", _shell.Output);
    }

    [Fact]
    public void Pseudo_labels_are_a_dataset_that_can_be_trained_on()
    {
        string run = _shell.Train(), folder = Path.Combine(_shell.Folder, "images");
        string list = Path.Combine(_shell.Folder, "labels.csv");
        Directory.CreateDirectory(Path.Combine(folder, "more, of them"));
        for (int i = 0; i < 6; i++) Image(Path.Combine(folder, i % 2 == 0 ? $"{i}.png" : $"more, of them/{i}.png"), i);
        File.WriteAllText(Path.Combine(folder, "broken.png"), "no image");

        Assert.True(_shell.Run("pseudo-label", run, "--data", folder, "--threshold", "0", "--out", list, "--json") == 0,
            _shell.Error);
        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal((7, 6, 1),
            (result.GetProperty("images").GetInt32(), result.GetProperty("labelled").GetInt32(),
                result.GetProperty("unreadable").GetInt32()));
        DatasetSplits splits = DatasetCatalogue.Load("csv", list);
        Assert.Equal(6, splits.Train.Count + splits.Validation.Count + splits.Test.Count);

        Assert.Equal(0, _shell.Run("pseudo-label", run, "--data", folder, "--threshold", "1", "--out", list));
        Assert.Equal("path,label,split,probability\n", File.ReadAllText(list));
        Assert.Equal(ExitCode.Usage,
            _shell.Run("pseudo-label", run, "--data", folder, "--out",
                Path.Combine(_shell.Folder, "elsewhere", "labels.csv")));
    }

    private static void Image(string path, int shade)
    {
        byte[] pixels = new byte[3 * 8 * 8];
        Array.Fill(pixels, (byte)(40 * shade));
        File.WriteAllBytes(path, PngWriter.Encode(pixels, 8, 8, PngColor.Rgb));
    }
}
