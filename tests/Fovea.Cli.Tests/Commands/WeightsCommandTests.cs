using System.Text.Json;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Cli.Tests.Commands;

public sealed class WeightsCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_run_is_listed_exported_evaluated_and_trained_on()
    {
        string run = _shell.Train(), half = Path.Combine(_shell.Folder, "half.safetensors");
        string next = Path.Combine(_shell.Folder, "next");
        Assert.Equal(0, _shell.Run("weights", run, "--to", half, "--dtype", "f16"));
        Assert.Contains("safetensors, timm: ", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("closest preset vit-nano", _shell.Output, StringComparison.Ordinal);

        Assert.Equal(0, _shell.Run("inspect", half, "--json"));
        JsonElement listed = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.All(listed.GetProperty("tensors").EnumerateArray(),
            tensor => Assert.Equal("F16", tensor.GetProperty("dtype").GetString()));
        Assert.Equal("vit-nano", listed.GetProperty("closest_preset").GetString());

        Assert.Equal(0, _shell.Run([.. Shell.TinyTraining, "--out", next, "--weights", half, "--strict"]));
        Assert.Contains("weights   half.safetensors (timm): ", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("eval", half, "--model", "vit-nano", "--dataset", "shapes", "--eval-limit", "10",
            "--json"));
        Assert.Equal(10, JsonDocument.Parse(_shell.Output).RootElement.GetProperty("images").GetInt32());
    }

    [Fact]
    public void ClassNamesTravelWithTheExportAndMatchTheHead()
    {
        string run = _shell.Train(), file = Path.Combine(_shell.Folder, "w.safetensors");
        Assert.Equal(0, _shell.Run("weights", run, "--to", file, "--json"));
        Assert.Equal(0, _shell.Run("weights", file, "--json"));
        string?[] names = [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("class_names").EnumerateArray()
            .Select(name => name.GetString())];
        Assert.Equal(10, names.Length);
        Assert.Contains("star", names);
        Assert.Equal(0, _shell.Run(
            [.. Shell.TinyTraining, "--out", Path.Combine(_shell.Folder, "few"), "--weights", file,
            "--classes", "star,circle"]));
        Assert.Contains("the head is kept", _shell.Output, StringComparison.Ordinal);
        Assert.Contains(",star,", File.ReadAllText(Path.Combine(_shell.Folder, "few", "predictions.csv")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_or_cannot_be_read_is_one_sentence()
    {
        string run = _shell.Train(), file = Path.Combine(_shell.Folder, "w.safetensors");
        Assert.Equal(0, _shell.Run("weights", run, "--to", file));
        Assert.Equal(1, _shell.Run("train", "--model", "vit", "--weights", file, "--train-limit", "10", "--quiet"));
        Assert.Contains("the closest preset is 'vit-nano': use --model vit-nano", _shell.Error,
            StringComparison.Ordinal);
        string nameless = Path.Combine(_shell.Folder, "nameless.safetensors");
        using (WeightFile weights = ModelWeights.Open(run)) ModelWeights.Export(nameless, StateDict.Of(weights));
        Assert.Equal(1, _shell.Run(
            [.. Shell.TinyTraining, "--out", Path.Combine(_shell.Folder, "n"), "--weights", nameless, "--classes", "3",
                "--strict", "--quiet"]));
        Assert.Contains("leave out --strict", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(1, _shell.Run("eval", nameless));
        Assert.Contains("--model", _shell.Error, StringComparison.Ordinal);

        File.WriteAllText(file, "PK\u0003\u0004 nothing");
        Assert.Equal(1, _shell.Run("weights", file));
        Assert.StartsWith($"fovea: {file}: cannot be read as a zip archive", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("weights", Path.Combine(_shell.Folder, "none")));
    }

    /// <summary>No tensor says which attention it is of, nor how images are cut.</summary>
    [Fact]
    public void What_was_written_comes_back_as_the_model_that_it_was()
    {
        string run = _shell.Train("--attention", "linear", "--position", "sincos2d", "--crop-pct", "0.8"),
            file = Path.Combine(_shell.Folder, "w.safetensors"),
            again = Path.Combine(_shell.Folder, "again.safetensors");
        Assert.Equal(0, _shell.Run("weights", run, "--to", file));
        Assert.Equal(0, _shell.Run("weights", file, "--to", again));
        string[] more = ["--dataset", "shapes", "--eval-limit", "50", "--json"];
        double Loss(params string[] model)
        {
            Assert.Equal((0, ""), (_shell.Run(["eval", .. model, .. more]), _shell.Error));
            return JsonDocument.Parse(_shell.Output).RootElement.GetProperty("loss").GetDouble();
        }

        double loss = Loss(run);
        Assert.Equal(loss, Loss(file));
        Assert.Equal(loss, Loss(again));
        Assert.Equal(loss, Loss(again, "--model", "vit-nano"));
        Assert.Equal(2, _shell.Run(["eval", file, "--model", "vit", .. more]));
        Assert.Contains("holds weights of 'vit-nano', as it says itself, not of 'vit'; leave the name out.",
            _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_had_to_be_resized_for_files_of_others_is_said()
    {
        string nameless = Path.Combine(_shell.Folder, "nameless.safetensors");
        ImageClassifier small = (Presets.Find("vit-cifar").Config with { ImageSize = 16 }).Build();
        small.Initialize(Device.Cpu, 1);
        ModelWeights.Export(nameless, new StateDict(NamingSchemes.Timm, "",
            [.. small.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))], []));
        Assert.Equal(0, _shell.Run("eval", nameless, "--model", "vit-cifar", "--dataset", "shapes", "--eval-limit",
            "10"));
        Assert.Contains("fovea: note: nameless.safetensors (timm): ", _shell.Error, StringComparison.Ordinal);
        Assert.Contains("resized: pos_embed ", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_that_half_precision_does_not_hold_leaves_the_target_as_it_was()
    {
        string large = Path.Combine(_shell.Folder, "large.safetensors"), file = Path.Combine(_shell.Folder, "w.st");
        using (WeightFile weights = ModelWeights.Open(_shell.Train()))
        {
            StateDict all = StateDict.Of(weights);
            ModelWeights.Export(large, all with
            {
                Weights = [.. all.Weights.Select((weight, i) => i > 0 ? weight
                    : weight with { Values = (_, values) => values.Fill(1e5f) })],
            });
        }

        File.WriteAllText(file, "earlier");
        Assert.Equal(2, _shell.Run("weights", large, "--to", file, "--dtype", "f16"));
        Assert.Contains("has 100000, which F16 does not hold; store it as f32.", _shell.Error,
            StringComparison.Ordinal);
        Assert.Contains("--dtype", _shell.Error, StringComparison.Ordinal);
        Assert.Equal("earlier", File.ReadAllText(file));
    }

    [Fact]
    public void An_exported_file_has_the_values_that_the_run_ended_with()
    {
        string run = _shell.Train("--ema", "0.5"), file = Path.Combine(_shell.Folder, "w.safetensors");
        Assert.Equal(0, _shell.Run("weights", run, "--to", file));
        using WeightFile exported = WeightFiles.Open(file);
        using WeightFile checkpoint = WeightFiles.Open(Path.Combine(run, "checkpoints", "best.safetensors"));
        Dictionary<string, Weight> known = checkpoint.Weights.ToDictionary(weight => weight.Name);
        Assert.All(exported.Weights,
            weight => Assert.Equal((known.GetValueOrDefault($"ema.{weight.Name}") ?? known[weight.Name]).ToArray(),
                weight.ToArray()));
    }
}
