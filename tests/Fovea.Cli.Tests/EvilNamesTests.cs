using System.Text.Json;
using Fovea.Cli.Tests.Commands;
using Fovea.Data.Codecs.Writing;
using Fovea.Training.Recipes;

namespace Fovea.Cli.Tests;

/// <summary>Every command that prints names of classes, files or runs, with names that would steer a terminal, forge a
/// line, end an element or run as a formula.</summary>
public sealed class EvilNamesTests : IDisposable
{
    private const string Evil = "=<u>\"a'|&\n\x1b[2J\u202e";
    private const string Shown = "=<u>\"a'|&\\n\\x1b[2J\\u202e";
    private readonly Shell _shell = new();

    /// <summary>Would begin lines of its own, turn the direction of writing and clear the screen.</summary>
    private const string Forging = "a\nfovea: forged\r\x1b[2J\u202e\u0085\u2028b";
    private const string Forged = "a\\nfovea: forged\\r\\x1b[2J\\u202e\\x85\\u2028b";

    public static TheoryData<string> Fields => [.. RecipeFields.All.Select(one => one.Name)];

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Names_of_files_that_do_not_exist_or_are_damaged_stay_on_one_line()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such file names");
        string run = _shell.Train(), missing = Path.Combine(_shell.Folder, "no" + Forging);
        string damaged = Path.Combine(_shell.Folder, "bad" + Forging + ".png"), taken = damaged + Forging;
        File.WriteAllText(damaged, "\x89PNG");
        File.WriteAllText(taken, "");
        foreach (string file in (string[])[missing, damaged])
        {
            foreach (string[] command in (string[][])[["eval", file], ["weights", file], ["compare", file],
                ["probe", file], ["explain", run, file], ["predict", run, file], ["train", "--recipe", file],
                ["train", "--resume", file], ["train", "--weights", file], ["train", "--data", file],
                ["finetune", file], ["approximate", file], ["data", "inspect", file], ["runs", "show", file],
                ["runs", "diff", run, file], ["estimate", "--devices-file", file, "--device", "x"],
                ["eval", run, "--data", file], ["pseudo-label", run, "--data", file],
                ["predict", file, "--index", "0"], ["eval", file, "--model", "vit-nano"]])
                Complains(command);
        }

        Complains("runs", "list", missing);
        Complains([.. Shell.TinyTraining, "--out", taken]);
        Complains("data", "get", Forging);
        Complains("weights", run, "--to", Path.Combine(taken, "x"));
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public void Values_of_options_stay_on_one_line(string field)
    {
        string recipe = Path.Combine(_shell.Folder, "recipe.yaml");
        // a folder of that name cannot be made in a file
        string value = field is "out" or "cache" ? Path.Combine(recipe, Forging) : Forging;
        File.WriteAllText(recipe, $"{field}: {JsonSerializer.Serialize(value)}\n");
        string[] rest = [.. Shell.TinyTraining.Skip(1).Chunk(2).Where(pair => pair[0] != $"--{field}")
            .SelectMany(pair => pair)];
        string[] place = field == "out" ? [] : ["--out", Path.Combine(recipe, "x")];
        Stays(["train", .. rest, .. place, $"--{field}={value}"]);
        Stays(["train", .. rest, .. place, "--recipe", recipe]);
    }

    [Fact]
    public void Names_of_options_and_commands_stay_on_one_line()
    {
        string study = Path.Combine(_shell.Folder, "study.yaml");
        foreach (string yaml in (string[])["{N}: 1", "base: {N}", "base: { {N}: 1 }", "vary: { {N}: [1] }",
            "vary: { attention: [{N}] }", "vary: { attention: [softmax] }\nname: {N}\nbase: { epochs: {N} }",
            "include: [ { name: {N}, attention: nothing }, { name: x, epochs: {N} } ]", "seeds: [{N}]",
            "vary: { attention: [softmax] }\npublished: { {N}: 1 }"])
        {
            File.WriteAllText(study, yaml.Replace("{N}", JsonSerializer.Serialize(Forging), StringComparison.Ordinal));
            Stays(["compare", study], code: 2);
        }

        foreach (string[] command in (string[][])[[Forging], ["train", "--" + Forging], ["train", Forging],
            ["train", $"--{Forging}=1"], ["runs", Forging], ["bench", "--model", Forging],
            ["estimate", "--model", Forging], ["estimate", "--attention", "softmax:" + Forging],
            ["train", "--attention", "softmax:window=" + Forging],
            ["train", "--model", "vit-nano", "--device", Forging],
            ["predict", "run", "--top", Forging], ["predict", "run", "--index", Forging],
            ["eval", "run", "--split", Forging]])
            Complains(command);
    }

    [Fact]
    public void Names_of_tensors_stay_on_one_line()
    {
        string file = Path.Combine(_shell.Folder, "weights.safetensors");
        byte[] head = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["__metadata__"] = new Dictionary<string, string> { [Forging] = Forging },
            [Forging] = new { dtype = "F32", shape = (int[])[2], data_offsets = (int[])[0, 8] },
            ["head.weight"] = new { dtype = "F32", shape = (int[])[2, 3], data_offsets = (int[])[8, 32] },
        });
        File.WriteAllBytes(file, [.. BitConverter.GetBytes((long)head.Length), .. head, .. new byte[32]]);
        foreach (string[] command in (string[][])[["weights", file],
            ["weights", file, "--to", Path.Combine(_shell.Folder, "x")],
            ["eval", file, "--model", "vit-nano", "--dataset", "shapes"],
            [.. Shell.TinyTraining, "--weights", file, "--out", Path.Combine(_shell.Folder, "a")],
            [.. Shell.TinyTraining, "--weights", file, "--strict", "--out", Path.Combine(_shell.Folder, "b")],
            ["probe", file, "--model", "vit-nano", "--dataset", "shapes"]])
            Stays(command);
    }

    [Fact]
    public void Names_of_classes_and_images_stay_on_one_line_in_errors_warnings_and_notes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such file names");
        string data = Path.Combine(_shell.Folder, "data"), run = Path.Combine(_shell.Folder, "run");
        string other = Path.Combine(_shell.Folder, "other");
        foreach (string name in (string[])[Forging, "plain", "third"])
            for (int i = 0; i < 9; i++) Write(Path.Combine(data, name), $"{Forging}{i}.png", "train", name, i);
        Write(Path.Combine(data, "plain"), "copy.png", "train", "third", 1);   // two labels for one image
        File.WriteAllText(Path.Combine(data, "plain", Forging + ".xyz"), "");
        foreach (string name in (string[])[Forging + "x", Forging + "yy"])
            for (int i = 0; i < 5; i++) Write(Path.Combine(other, name), $"{i}.png", "train", name, i);
        string[] training = ["train", "--model", "vit-nano", "--image-size", "8", "--batch-size", "4", "--epochs", "1"];

        Stays([.. training, "--data", data, "--out", run]);
        Complains([.. training, "--data", data, "--copies", "drop", "--classes", Forging + "z", "--out", run + "1"]);
        Assert.Equal(0, _shell.Run([.. training, "--data", data, "--out", run, "--copies", "drop"]));
        Stays(["data", "inspect", data]);
        Stays(["probe", run, "--data", data]);
        Complains("eval", run, "--data", other);
        Stays(["probe", run, "--data", other]);
        Stays(["pseudo-label", run, "--data", other, "--out", run + ".csv"]);
        Complains("explain", run, "--index", "0", "--class", Forging, "--out", Path.Combine(run, "config.yaml", "x"));
        Stays(["finetune", run, "--data", other, "--out", run + "2", "--epochs", "1"]);

        for (int i = 0; i < 8; i++) File.WriteAllText(Path.Combine(data, Forging, $"{Forging}{i}.png"), "\x89PNG");
        string[] wrong = [.. training, "--data", data, "--out", run + "3", "--copies", "keep"];
        Complains(wrong);
        Assert.True(_shell.Error.Split('\n').Count(line => line.StartsWith("  ", StringComparison.Ordinal)
            && line.Contains(Forged, StringComparison.Ordinal)) > 1, _shell.Error);
        Stays([.. wrong, "--skip-bad"]);
        Stays(["data", "inspect", data]);
        Stays(["predict", run, data]);
    }

    [Fact]
    public void A_study_with_such_labels_whose_cells_fail_keeps_one_line_for_each()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such file names");
        string study = Path.Combine(_shell.Folder, "study.yaml"), out1 = Path.Combine(_shell.Folder, "out" + Forging);
        string data = Path.Combine(_shell.Folder, "data");
        foreach (string name in (string[])[Forging, "plain"])
            for (int i = 0; i < 9; i++) Write(Path.Combine(data, name), $"{Forging}{i}.png", "train", name, i);
        File.WriteAllText(study, CompareCommandTests.Tiny
            .Replace("dataset: shapes", $"data: {JsonSerializer.Serialize(data)}", StringComparison.Ordinal)
            .Replace("name: tiny", $"name: tiny\ndescription: {JsonSerializer.Serialize(Forging)}",
                StringComparison.Ordinal)
            .Replace("vary: { attention: [softmax, linear] }",
                $"include: [{{ name: {JsonSerializer.Serialize(Forging)}, attention: linear }}]",
                StringComparison.Ordinal));
        Stays(["compare", study, "--out", out1, "--copies", "keep"], code: 0);
        Assert.Contains(Forged, _shell.Output, StringComparison.Ordinal);
        Stays(["compare", study, "--out", out1, "--copies", "keep", "--json"], code: 0);
        Assert.Contains("forged", JsonDocument.Parse(_shell.Output).RootElement.GetProperty("configurations")[0]
            .ToString(), StringComparison.Ordinal);
        Stays(["compare", study, "--out", out1, "--copies", "keep", "--epochs", "1"], code: 2);

        foreach (string image in Directory.GetFiles(Path.Combine(data, Forging))) File.WriteAllText(image, "\x89PNG");
        Complains("compare", study, "--out", out1 + "2", "--copies", "keep");
        Assert.Contains(Forged + ", seed 3: dataset", _shell.Error, StringComparison.Ordinal);
        Stays(["runs", "list", _shell.Folder]);
    }

    [Fact]
    public void No_command_passes_them_to_the_terminal()
    {
        if (OperatingSystem.IsWindows()) return;   // no such file names there
        string data = Path.Combine(_shell.Folder, "data"), run = Path.Combine(_shell.Folder, "run" + Evil);
        foreach (string part in (string[])["train", "val", "test"])
            foreach (string name in (string[])[Evil, "plain"])
                for (int i = 0; i < 4; i++) Write(Path.Combine(data, part, name), $"{Evil}{i}.png", part, name, i);
        string image = Path.Combine(data, "test", Evil, $"{Evil}0.png");

        Says(["train", "--model", "vit-nano", "--image-size", "8", "--batch-size", "4", "--epochs", "1", "--data", data,
            "--out", run]);
        Assert.DoesNotContain("<u>", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        Says(["eval", run]);
        Says(["predict", run, image]);
        Says(["predict", run, image, "--csv"], isShown: false);
        Assert.All(_shell.Output.Split('\n').Skip(1), line => Assert.DoesNotMatch("^[=+@-]|,\"?[=+@-]", line));
        Says(["explain", run, image, "--out", Path.Combine(_shell.Folder, "explained")]);
        Says(["probe", run], isShown: false);
        Says(["data", "inspect", data]);
        Says(["runs", "list", _shell.Folder]);
        Says(["runs", "show", run]);
        Says(["runs", "diff", run, run], isShown: false);
        string labels = Path.Combine(_shell.Folder, "labels.csv");
        Says(["pseudo-label", run, "--data", Path.Combine(data, "test"), "--threshold", "0", "--out", labels],
            isShown: false);
        Assert.All(File.ReadAllText(labels).Split("\n\"").Skip(1), row => Assert.DoesNotMatch("^[=+@-]", row));
        Says(["eval", run + "x"], isShown: false, code: 2);
        Assert.Equal(0, _shell.Run("runs", "list", _shell.Folder, "--json"));
        Assert.Contains("run" + Evil, JsonDocument.Parse(_shell.Output).RootElement.GetProperty("runs")[0]
            .GetProperty("run").GetString(), StringComparison.Ordinal);
    }

    private void Says(string[] arguments, bool isShown = true, int code = 0)
    {
        Assert.True(_shell.Run(arguments) == code, $"{arguments[0]}: {_shell.Error}");
        string said = _shell.Output + _shell.Error;
        Assert.DoesNotContain(said, c => c is '\x1b' or '\u202e');
        if (isShown) Assert.True(said.Contains(Shown, StringComparison.Ordinal), $"{arguments[0]}: {said}");
    }

    /// <summary>The command fails, and its message shows the name on one line.</summary>
    private void Complains(params string[] arguments)
    {
        Stays(arguments);
        Assert.True(_shell.Error.Contains("\\nfovea: forged\\r\\x1b[2J", StringComparison.Ordinal),
            $"{string.Join(' ', arguments.Take(2))}: {_shell.Error}");
    }

    /// <summary>Whatever the command says, the name begins no line of its own and steers nothing.</summary>
    private void Stays(string[] arguments, int? code = null)
    {
        int ended = _shell.Run(arguments);
        string said = _shell.Output + _shell.Error;
        Assert.True(code is null || code == ended, said);
        Assert.DoesNotContain("defect", said, StringComparison.Ordinal);
        Assert.DoesNotContain(said, c => c is not '\n' && (char.IsControl(c) || c is '\u202e' or '\u2028'));
        Assert.DoesNotContain(said.Split('\n'), line => line.StartsWith("fovea: forged", StringComparison.Ordinal));
    }

    private static void Write(string folder, string name, string part, string label, int number)
    {
        Directory.CreateDirectory(folder);
        byte[] pixels = new byte[3 * 8 * 8];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i * i + (label.Length * 7 + number * 13 + part.Length * part[0]) * i);
        File.WriteAllBytes(Path.Combine(folder, name), PngWriter.Encode(pixels, 8, 8, PngColor.Rgb));
    }
}
