using System.Text.Json.Nodes;
using Fovea.Nn.Schedules;
using Fovea.Training.Recipes;
using Fovea.Vision.Attention;

namespace Fovea.Cli.Tests;

/// <summary>Whatever stands in an option, a recipe, a checkpoint or a run's files: the answer is a sentence. Nothing is
/// trained: where all is accepted, the run directory is refused.</summary>
public sealed class AbsurdValueTests : IDisposable
{
    private static readonly string[] Values =
    [
        "-1", "0", "7", "16384", "1000000", "2147483647", "-2147483648", "99999999999999999999", "1e308", "1e-320",
        "NaN", "", "null", "[]", ":", "a:b=c", "0,0", "\u001b[31m", "\0", "../..", "ä\u0308\ud83d\ude00",
    ];

    private static readonly string[] JsonValues =
        ["-1", "2147483648", "1e308", "null", "\"\"", "[null]"];

    /// <summary>Fields that say where files lie; values of them make some.</summary>
    private static readonly string[] Paths = ["out", "cache"];

    private readonly Shell _shell = new();
    private readonly string _taken, _data;

    public AbsurdValueTests()
    {
        File.WriteAllText(_taken = Path.Combine(_shell.Folder, "taken"), "");
        _data = Path.Combine(_shell.Folder, "data");
        foreach (string name in (string[])["a", "b"])
        {
            Directory.CreateDirectory(Path.Combine(_data, name));
            for (int i = 0; i < 3; i++)
                File.WriteAllText(Path.Combine(_data, name, $"{i}.pgm"), $"P2 1 1 255 {i + (10 * (name[0] - 'a'))} ");
        }
    }

    /// <summary>A run on six images of one pixel that ends before its first step: its directory is a file.</summary>
    private string[] Tiny => ["train", "--data", _data, "--model", "vit-nano", "--image-size", "8", "--batch-size", "2",
        "--out", _taken];

    public static TheoryData<string> Fields =>
        [.. RecipeFields.All.Select(one => one.Name).Except(Paths)];

    public void Dispose() => _shell.Dispose();

    [Theory]
    [MemberData(nameof(Fields))]
    public void A_field_of_a_recipe_is_refused_with_a_sentence(string field)
    {
        // Only what was not given before can be given again.
        string[] rest = [.. Tiny.Skip(1).Chunk(2).Where(pair => pair[0] != $"--{field}").SelectMany(pair => pair)];
        foreach (string value in Values) Answers(["train", .. rest, $"--{field}={value}"]);
        string recipe = Path.Combine(_shell.Folder, "recipe.yaml");
        foreach (string value in Values.Take(6))
        {
            File.WriteAllText(recipe, $"{field}: {value}\n");
            Answers(["train", "--recipe", recipe, .. rest]);
        }
    }

    [Fact]
    public void Options_of_mechanisms_are_refused_with_a_sentence()
    {
        foreach (AttentionEntry entry in AttentionCatalogue.All)
        {
            foreach (Core.Options.Option option in entry.Options)
                foreach (string value in Values.Take(10))
                    Answers([.. Tiny, "--attention", $"{entry.Name}:{option.Name}={value}"]);
            Answers(["estimate", "--model", "vit-nano", "--attention", entry.Name, "--image-size", "16384",
                "--batch-size", "1000000", "--device", "a100-80gb"]);
        }
    }

    [Fact]
    public void Options_of_schedules_are_refused_with_a_sentence()
    {
        foreach (ScheduleEntry entry in ScheduleCatalogue.All)
            foreach (Core.Options.Option option in entry.Options)
                foreach (string value in Values.Take(10))
                    Answers([.. Tiny, "--schedule", $"{entry.Name}:{option.Name}={value}"]);
    }

    [Theory]
    [InlineData("estimate", "--device", "a100-80gb", "--model=", "--image-size=", "--batch-size=", "--schedule=",
        "--attention=", "--devices=", "--memory=", "--seconds=", "--threads=", "--schedule=imagenet:",
        "--schedule=5:")]
    [InlineData("bench", "--steps", "1", "--model=", "--seconds=x", "--threads=x", "--attention=", "--device=",
        "--batch-size=-", "--image-size=-", "--image-size=1638")]
    [InlineData("runs", "list", "/nowhere", "--json=")]
    [InlineData("data", "inspect", "/nowhere", "--limit=", "--workers=", "--dataset=")]
    public void Other_options_are_refused_with_a_sentence(string command, string first, string second,
        params string[] options)
    {
        foreach (string option in options)
            foreach (string value in Values)
                Answers([command, first, second, option + value]);
    }

    /// <summary>One of each kind: batch norm, convolutional tokens, windows, a distillation token, registers, DeBERTa's
    /// positions, random features, sampled points.</summary>
    public static TheoryData<string> Kinds =>
        ["resnet18", "resnet18-cifar", "cct_2_3x2", "vitl", "vitx", "visual-attention", "sinkformer-mnist",
            "deit_tiny_distilled_patch16_224", "dinov2_vits14_reg", "vit_lai_small", "vit_dis_small",
            "vit_performer_deformable_small"];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Kinds))]
    public void Every_model_with_every_part_is_counted_or_refused_with_a_sentence(string model)
    {
        foreach (string size in (string[])["1", "2", "31", "16384"])
            Answers(["estimate", "--device", "a100-80gb", "--model", model, "--image-size", size, "--batch-size",
                "1000000"]);
        foreach (AttentionEntry entry in AttentionCatalogue.All)
            Answers(["estimate", "--device", "a100-80gb", "--model", model, "--image-size", "112", "--attention",
                entry.Name]);
        // Fields that the kind of model matters to, with values of their form; others are tried with one model above.
        foreach (string field in (string[])["image-size", "patch-size", "batch-size", "grad-accum", "attention",
            "embedding", "position", "position-init", "weight-init", "drop-path", "freeze", "layer-decay",
            "grad-checkpoint"])
            foreach (string value in (string[])["0", "1", "7", "32", "2147483647"])
                Answers(["train", "--data", _data, "--model", model, "--out", _taken, $"--{field}={value}"]);
    }

    /// <summary>Whole runs on hardly any pixels, images or batches: where a channel has a single value left, batch
    /// norm knows no variance.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Kinds))]
    public void Hardly_any_pixels_images_or_batches_train_or_are_refused_with_a_sentence(string model)
    {
        int made = 0;
        foreach (string size in (string[])["1", "14", "32"])
            foreach (string[] few in (string[][])[["--batch-size", "1"], ["--batch-size", "3", "--train-limit", "4"],
                ["--batch-size", "4", "--grad-accum", "3"], ["--batch-size", "100", "--train-limit", "1"]])
                Answers(["train", "--data", _data, "--model", model, "--epochs", "1", "--image-size", size, "--quiet",
                    "--val-share", "0", "--out", Path.Combine(_shell.Folder, $"{made++}"), .. few]);
    }

    [Fact]
    public void A_batch_of_one_image_that_batch_norm_cannot_learn_from_is_refused_before_the_first_step()
    {
        string run = Path.Combine(_shell.Folder, "run");
        foreach (string[] few in (string[][])[["--batch-size", "1"], ["--batch-size", "3", "--train-limit", "4"],
            ["--batch-size", "3", "--grad-accum", "2"]])
        {
            Assert.Equal(2, _shell.Run(["train", "--data", _data, "--model", "resnet18", "--image-size", "32",
                "--val-share", "0", "--out", run, .. few]));
            Assert.StartsWith("fovea: --batch-size: batch norm: [1, 512, 1, 1] has one value per channel",
                _shell.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(run));
        }

        // without a backward pass the running statistics serve
        Assert.True(_shell.Run("train", "--data", _data, "--model", "resnet18", "--image-size", "32", "--val-share",
            "0",
            "--out", run, "--batch-size", "6", "--epochs", "1", "--quiet") == 0, _shell.Error);
        Assert.True(_shell.Run("eval", run, "--batch-size", "1") == 0, _shell.Error);
    }

    [Fact]
    public void Options_of_commands_on_a_run_are_refused_with_a_sentence()
    {
        string run = _shell.Train();
        foreach (string value in (string[])["-1", "0", "2147483647", "NaN"])
        {
            foreach (string option in (string[])["--batch-size", "--eval-limit", "--split", "--threads", "--tta"])
                Answers(["eval", run, $"{option}={value}"]);
            foreach (string option in (string[])["--top", "--index", "--threads"])
                Answers(["predict", run, "--index", "0", $"{option}={value}"]);
            Answers(["approximate", run, $"--features={value}"]);
            Answers(["approximate", run, $"--draws={value}", "--features", "0"]);
            Answers(["probe", "--weights", run, $"--k={value}", "--temperature", "0"]);
            Answers(["probe", "--weights", run, $"--temperature={value}", "--k", "0"]);
            Answers(["pseudo-label", run, "--data", "/nowhere", $"--threshold={value}"]);
            Answers(["explain", run, "--index", "0", $"--class={value}", "--out", _taken]);
            Answers(["explain", run, $"--index={value}", "--out", _taken]);
        }
    }

    [Fact]
    public void What_the_files_of_a_run_say_is_checked()
    {
        string run = _shell.Train();
        foreach (string name in (string[])["summary.json", "metrics.jsonl"])
        {
            string file = Path.Combine(run, name), whole = File.ReadAllText(file);
            foreach (string changed in Variants(whole.Split('\n')[0].Length > 1 ? whole.Split('\n')[0] : whole))
            {
                File.WriteAllText(file, changed + "\n");
                foreach (string[] command in (string[][])[["list", _shell.Folder], ["show", run], ["diff", run, run]])
                    Answers(["runs", .. command]);
                Answers(["runs", "list", _shell.Folder, "--json"]);
            }

            File.WriteAllText(file, whole);
        }
    }

    [Fact]
    public void Long_values_are_not_echoed_whole()
    {
        foreach (string[] arguments in (string[][])
            [["--epochs", new string('9', 100_000)], ["--augment", new string('x', 100_000)],
                ["--model", string.Concat(Enumerable.Repeat("a ", 50_000))], [new string('-', 100_000)],
                ["--attention", string.Concat(Enumerable.Repeat("softmax,", 20_000))]])
        {
            Assert.NotEqual(0, _shell.Run([.. Tiny, .. arguments]));
            Assert.InRange(_shell.Error.Length, 10, 10_000);
        }
    }

    /// <summary>The text with each of its members in turn replaced by each value.</summary>
    private static IEnumerable<string> Variants(string json)
    {
        string[] paths = [.. Members(JsonNode.Parse(json)!).Select(node => node.GetPath())];
        for (int i = 0; i < paths.Length; i++)
            foreach (string value in JsonValues)
            {
                JsonNode root = JsonNode.Parse(json)!;
                JsonNode node = Members(root)[i];
                node.ReplaceWith(JsonNode.Parse(value));
                yield return root.ToJsonString();
            }

        foreach (string value in JsonValues) yield return value;
    }

    private static JsonNode[] Members(JsonNode node)
    {
        IEnumerable<JsonNode?> below = node is JsonObject members ? members.Select(member => member.Value)
            : node is JsonArray items ? items.Take(1) : [];
        return [.. below.OfType<JsonNode>().SelectMany(child => Members(child).Prepend(child))];
    }

    private void Answers(params string[] arguments)
    {
        int code = _shell.Run(arguments);
        string said = _shell.Output + _shell.Error;
        Assert.False(said.Contains("defect", StringComparison.Ordinal),
            $"{string.Join(' ', arguments.Select(one => one.Length > 80 ? one[..80] : one))}: {code}: {said}");
        Assert.True(code == 0 || _shell.Error.Length > 0, "a failure without a word");
    }
}
