using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests;

public sealed class UsedRecipeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fovea-used-").FullName;

    private static readonly Recipe Tiny = Recipe.Default with
    {
        Model = new() { Name = "vit-nano", ImageSize = 8 },
        Data = new() { TrainLimit = 40, EvaluationLimit = 20 },
        Optimisation = Recipe.Default.Optimisation with { Epochs = 1, BatchSize = 16 },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NothingIsLeftOpenInTheConfigOfARun()
    {
        string config = Train(Tiny, "run");

        Assert.All(config.Split('\n').Where(line => line.Length > 0 && line[0] != '#'),
            line => Assert.NotEqual("auto", line.Split(':', 2)[1].Split('#')[0].Trim()));
        Assert.Contains("hflip: 0 # asked: auto\n", config, StringComparison.Ordinal);
        Assert.Contains("val-share: 0.1 # asked: auto\n", config, StringComparison.Ordinal);
        Assert.Contains($"threads: {Environment.ProcessorCount} # asked: auto\n", config, StringComparison.Ordinal);
        Assert.Contains("# position-init: this model has none\n", config, StringComparison.Ordinal);
        Assert.Contains("epochs: 1\n", config, StringComparison.Ordinal);
        foreach (string part in (string[])["dim: 96", "depth: 4", "heads: 3", "mlp-ratio: 2", "mlp: gelu",
            "norm: layernorm", "layer-scale: 0", "attention-gate: none", "registers: 0", "pooling: mean"])
            Assert.Contains($"\n{part} # asked: auto\n", config, StringComparison.Ordinal);
        Assert.Contains("# head-dim: dim / heads\n", config, StringComparison.Ordinal);
        Assert.Contains("drop-path: 0 # asked: auto\n", config, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatWasGivenIsNotCalledChosen()
    {
        Recipe asked = Tiny with
        {
            Data = Tiny.Data with { Augmentation = "hflip:p=0.25,random-erasing:p=0.5:scale=0.1..0.2" },
            Regularisation = new() { DropPath = 0.2 },
            Run = new() { Threads = 1 },
        };
        string config = Train(asked, "run");

        Assert.Contains("drop-path: 0.2\n", config, StringComparison.Ordinal);
        Assert.Contains("threads: 1\n", config, StringComparison.Ordinal);
        Assert.Contains("hflip: 0.25 # asked: auto\n", config, StringComparison.Ordinal);
        // an option would replace the step and lose its scale
        Assert.Contains("# random-erasing: as the transforms of 'augment' say\n", config, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsLeftOpenIsExplainedTruly()
    {
        string config = Train(Tiny with
        {
            Data = Tiny.Data with { Augmentation = "hflip:p=0.25,random-erasing:p=0.5:scale=0.1..0.2" },
        }, "run");
        Assert.Equal(["random-erasing"], config.Split('\n').Where(line => line.Contains("as the transforms of"))
            .Select(line => line[2..].Split(':')[0]));
        Assert.Contains("# train-eval: as many as there are test images\n", config, StringComparison.Ordinal);
        Assert.Contains("# pin: as FOVEA_PIN says, else none\n", config, StringComparison.Ordinal);
        foreach (string name in (string[])["unlabelled-ratio", "unlabelled-weight", "strong-augment",
            "ramp-up-epochs", "decoder-depth", "decoder-dim", "local-size", "teacher-warmup-epochs"])
            Assert.Contains($"# {name}: not used\n", config, StringComparison.Ordinal);
    }

    [Fact]
    public void AResumedRunKeepsWhatWasAskedFirst()
    {
        string before = Train(Tiny, "run"), directory = Path.Combine(_folder, "run");
        TrainingRun.Resume(directory, old => old with { Run = old.Run with { LogEvery = 7 } }, new SilentObserver(),
            CancellationToken.None);
        string after = File.ReadAllText(Path.Combine(directory, "config.yaml"));

        Assert.Contains("attention: softmax # asked: auto\n", before, StringComparison.Ordinal);
        Assert.Equal(before.Replace("log-every: 50", "log-every: 7"), after);
    }

    [Fact]
    public void TheConfigOfARunRepeatsItBitForBit()
    {
        Train(Tiny with { Data = Tiny.Data with { Augmentation = "hflip,random-erasing:p=0.5" } }, "one");
        Recipe read = RunRecord.ReadRecipe(new RunDirectory(Path.Combine(_folder, "one")));
        Train(read, "two");

        Assert.Equal(Predictions("one"), Predictions("two"));
    }

    [Fact]
    public void WhatWasAskedForIsReadBack()
    {
        Dictionary<string, string> asked = new() { ["hflip"] = "auto", ["data"] = "a # asked: b" };
        Recipe used = Recipe.Default with { Data = new() { HorizontalFlip = 0.5, Directory = "# asked: x" } };
        string yaml = RecipeFile.Print(used, asked);

        Assert.Equal(asked, RecipeFile.AskedIn(yaml));
        Assert.Equal("# asked: x", RecipeFile.Parse(yaml, "test", Recipe.Default).Data.Directory);
    }

    private string Train(Recipe recipe, string name)
    {
        string directory = Path.Combine(_folder, name);
        TrainingRun.Start(recipe with { Run = recipe.Run with { Out = directory } }, new SilentObserver(),
            CancellationToken.None);
        return File.ReadAllText(Path.Combine(directory, "config.yaml"));
    }

    private string Predictions(string name) => File.ReadAllText(Path.Combine(_folder, name, "predictions.csv"));
}
