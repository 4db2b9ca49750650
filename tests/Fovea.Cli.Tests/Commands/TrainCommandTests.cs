using System.CommandLine;
using System.Text.Json;
using Fovea.Cli.Display;

namespace Fovea.Cli.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData(
        "train --model vit --epochs 40 --lr 1e-3 --device cpu --batch_size 128 --logging_step 50 --img_size 32")]
    [InlineData(
        "train --model vit_tiny_patch16_224 --opt sgd --momentum 0.9 --sched step:size=30,gamma=0.1 --warmup-epochs 5 "
            + "--weight-decay 2e-5 --smoothing 0.1 --drop-path 0.1 --clip-grad 1 -b 256 -j 4 --img-size 224 --seed 42")]
    [InlineData("train -c recipe.yaml --opt-betas 0.9 0.95 --nesterov --ema 0.999 --val_share 0.1 --min_lr 1e-5")]
    [InlineData("train --resume --epochs 20")]
    [InlineData("train --resume runs/x --quiet")]
    public void Command_lines_of_other_projects_are_understood(string line)
    {
        using StringWriter sink = new();
        ParseResult parsed = CommandLine.CreateRoot(new Terminal(sink, sink, IsInteractive: false),
            CancellationToken.None).Parse(line);
        Assert.Empty(parsed.Errors);
    }

    [Fact]
    public void The_header_and_the_report_tell_another_loss_and_what_changes_nothing()
    {
        string run = Path.Combine(_shell.Folder, "run");
        Assert.Equal(0, _shell.Run([.. Shell.TinyTraining, "--out", run, "--bce-loss", "--amp", "--momentum", "0.5",
            "--layer-decay", "0.9"]));
        foreach (string line in (string[])["loss      binary cross-entropy of each class", "update    layer decay 0.9",
            "idle      --amp changes nothing: ",
            "idle      --momentum 0.5 changes nothing: only SGD, LARS and Muon have it."])
            Assert.Contains("\n" + line, _shell.Output);
        Assert.Contains("--bce-loss --amp --momentum 0.5", _shell.Output);
        string report = File.ReadAllText(Path.Combine(run, "report.html"));
        Assert.Contains("--amp changes nothing: ", report);
        Assert.Contains("momentum 0.5 changes nothing: only SGD, LARS and Muon have it.", report);
    }

    [Fact]
    public void The_rate_that_the_batch_makes_is_told_once_and_scaled_once()
    {
        string[] options = ["--optimizer", "lamb", "--lr", "0.001", "--lr-scaling", "sqrt", "--lr-base-batch", "4"];
        string one = Path.Combine(_shell.Folder, "one"), two = Path.Combine(_shell.Folder, "two");
        Assert.True(_shell.Run([.. Shell.TinyTraining, .. options, "--out", one]) == 0, _shell.Error);
        Assert.Contains("lamb, lr 0.002 (0.001 x root of 16 / 4) (cosine", _shell.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("update ", _shell.Output, StringComparison.Ordinal);   // LAMB's own epsilon is as usual
        string config = File.ReadAllText(Path.Combine(one, "config.yaml"));
        foreach (string line in (string[])["# the largest rate is 0.002 (0.001 x root of 16 / 4)", "lr: 0.001",
            "lr-scaling: sqrt", "lr-base-batch: 4", "opt-eps: 1e-06"])
            Assert.Contains($"\n{line}\n", config, StringComparison.OrdinalIgnoreCase);

        Assert.True(_shell.Run("train", "--recipe", Path.Combine(one, "config.yaml"), "--out", two) == 0,
            _shell.Error);
        Assert.Contains("lr 0.002 (0.001 x root of 16 / 4)", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(Rates(one), Rates(two));
        Assert.Equal(0.002, Rates(one).Max(), 1e-9);
        Assert.Equal(File.ReadAllText(Path.Combine(one, "predictions.csv")),
            File.ReadAllText(Path.Combine(two, "predictions.csv")));

        // the same command again, to go on
        string[] longer = [.. Shell.TinyTraining];
        longer[Array.IndexOf(longer, "--epochs") + 1] = "3";
        Assert.True(_shell.Run([.. longer, .. options, "--schedule", "constant", "--resume", one]) == 0, _shell.Error);
        Assert.Equal(0.002, Rates(one)[^1], 1e-9);
    }

    private static double[] Rates(string run) =>
    [
        .. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(entry => entry.GetProperty("event").GetString() == "step")
            .Select(entry => entry.GetProperty("lr").GetDouble()),
    ];

    [Theory]
    [InlineData("lars", "lars, lr 1 (")]
    [InlineData("lamb", "lamb, lr 0.002 (")]
    public void An_optimiser_starts_from_what_suits_it_unless_it_is_told(string optimizer, string expected)
    {
        Assert.True(_shell.Run([.. Shell.TinyTraining, "--optimizer", optimizer, "--out",
            Path.Combine(_shell.Folder, optimizer)]) == 0, _shell.Error);
        Assert.Contains(expected, _shell.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\nupdate", _shell.Output, StringComparison.Ordinal);

        Assert.True(_shell.Run([.. Shell.TinyTraining, "--optimizer", optimizer, "--lr", "0.5", "--opt-eps", "1e-7",
            "--weight-decay", "0", "--clip-grad", "3", "--out", Path.Combine(_shell.Folder, "told")]) == 0,
            _shell.Error);
        Assert.Contains($"{optimizer}, lr 0.5 (", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("epsilon 1E-07, gradient clipped to norm 3", _shell.Output, StringComparison.Ordinal);
        Assert.Contains($"{optimizer.ToUpperInvariant()} adapts what decays, and without weight decay nothing does",
            _shell.Output + _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_prints_lines_and_leaves_a_run_directory()
    {
        string run = Path.Combine(_shell.Folder, "run");
        Assert.Equal(0, _shell.Run([.. Shell.TinyTraining, "--out", run]));

        Assert.Contains("effective batch 16", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("epoch 1/2  step 2/6  loss ", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("test      accuracy ", _shell.Output, StringComparison.Ordinal);
        Assert.Matches(@"results +loss +accuracy +images\s+train +\d\.\d{4} +\d+\.\d % +\d+\s+validation +\d\.\d{4} "
            + @"+\d+\.\d % +\d+\s+test +\d\.\d{4} +\d+\.\d % +\d+\s", _shell.Output);
        Assert.DoesNotContain("\u001b", _shell.Output, StringComparison.Ordinal);
        Assert.Empty(_shell.Error);
        foreach (string name in new[] { "config.yaml", "metrics.jsonl", "results.csv", "summary.json", "report.html",
            "checkpoints/last.safetensors", "checkpoints/best.safetensors", "figures/loss.svg",
            "figures/predictions.png" })
            Assert.True(File.Exists(Path.Combine(run, name)), name);
        string config = File.ReadAllText(Path.Combine(run, "config.yaml"));
        Assert.Contains("dataset: shapes", config, StringComparison.Ordinal);
        Assert.Contains("attention: softmax", config, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kept_recipe_trains_the_same_again()
    {
        string first = _shell.Train("--lr", "0.002"), second = Path.Combine(_shell.Folder, "second");
        Assert.Equal(0, _shell.Run("train", "--recipe", Path.Combine(first, "config.yaml"), "--out", second,
            "--quiet"));

        Assert.Equal(TestLoss(first), TestLoss(second));
    }

    [Fact]
    public void Json_prints_what_the_log_holds_and_quiet_prints_nothing()
    {
        string run = Path.Combine(_shell.Folder, "run");
        Assert.Equal(0, _shell.Run([.. Shell.TinyTraining, "--out", run, "--json"]));
        Assert.Equal(File.ReadAllText(Path.Combine(run, "metrics.jsonl")), _shell.Output.ReplaceLineEndings("\n"));
        Assert.All(_shell.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonDocument.Parse(line));

        Assert.Equal(0, _shell.Run([.. Shell.TinyTraining, "--out", run + "2", "--quiet"]));
        Assert.Empty(_shell.Output + _shell.Error);
    }

    [Fact]
    public void A_finished_run_can_be_resumed_with_more_epochs_but_not_as_another_run()
    {
        string run = _shell.Train();
        Assert.Equal(0, _shell.Run("train", "--resume", run, "--epochs", "3", "--model", "vit-shapes", "--threads",
            "1"));
        Assert.Contains("resumed after step 6", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(4, File.ReadAllLines(Path.Combine(run, "results.csv")).Length);

        Assert.Equal(2, _shell.Run("train", "--resume", run, "--batch-size", "8"));
        Assert.Equal($"fovea: --batch-size: a resumed run keeps '16'; '8' needs a new run.{Environment.NewLine}",
            _shell.Error);
    }

    [Fact]
    public void The_same_command_begins_a_run_and_goes_on_with_it()
    {
        string run = Path.Combine(_shell.Folder, "run");
        string[] same = [.. Shell.TinyTraining, "--continue", "--out", run];
        Assert.True(_shell.Run(same) == 0, _shell.Error);
        Assert.DoesNotContain("resumed after step", _shell.Output, StringComparison.Ordinal);
        Assert.True(_shell.Run([.. same, "--lr", "0.5"]) == 0, _shell.Error);   // an option of its start
        Assert.Contains("resumed after step 6", _shell.Output, StringComparison.Ordinal);

        Assert.Equal(2, _shell.Run("train", "--continue"));
        Assert.Contains("give --out", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run([.. same, "--resume", run]));
        Assert.Contains("leave --resume out", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_before_the_end_saves_and_exits_with_130()
    {
        string run = Path.Combine(_shell.Folder, "run");
        using CancellationTokenSource stop = new();
        using StringWriter output = new(), error = new();
        stop.Cancel();
        Assert.Equal(130, CommandLine.Run([.. Shell.TinyTraining, "--out", run],
            new Terminal(output, error, IsInteractive: false), stop.Token));

        Assert.Contains($"fovea train --resume {run}", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("train", "--resume", run));
    }

    [Fact]
    public void Numbers_that_explode_exit_with_1_and_say_where()
    {
        Assert.Equal(1, _shell.Run(
            [.. Shell.TinyTraining, "--out", Path.Combine(_shell.Folder, "run"), "--lr", "1e30", "--clip-grad", "none",
                "--warmup-epochs", "0"]));
        Assert.Contains("parameter group '", _shell.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_exits_with_1_and_names_the_file()
    {
        string run = _shell.Train(), checkpoint = Path.Combine(run, "checkpoints", "last.safetensors");
        byte[] bytes = File.ReadAllBytes(checkpoint);
        bytes[^100] ^= 1;
        File.WriteAllBytes(checkpoint, bytes);

        Assert.Equal(1, _shell.Run("train", "--resume", run));
        Assert.StartsWith($"fovea: {checkpoint}: its contents do not match its checksum", _shell.Error,
            StringComparison.Ordinal);
        Assert.Equal(1, _shell.Run("eval", checkpoint));
    }

    private static double TestLoss(string run) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement.GetProperty("test_loss")
            .GetDouble();

    [Fact]
    public void Find_lr_tests_rates_and_trains_nothing()
    {
        string folder = Path.Combine(_shell.Folder, "rates");
        Assert.True(
            _shell.Run([.. Shell.TinyTraining, "--find-lr", "--find-lr-range", "1e-5,50", "--find-lr-steps", "30",
                "--out", folder]) == 0, _shell.Error);
        Assert.Contains("vit-nano on shapes, adamw, batch 16", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(["find-lr.png", "find-lr.svg"],
            Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order());

        Assert.True(_shell.Run([.. Shell.TinyTraining, "--find-lr", "--find-lr-steps", "20", "--out", folder, "--json"])
            == 0, _shell.Error);
        JsonElement root = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal(20, root.GetProperty("steps").GetInt32());
        Assert.Equal(1e-6, root.GetProperty("points")[0].GetProperty("lr").GetDouble(), 1e-12);
    }

    [Theory]
    [InlineData("--find-lr-range 1,0.1 --find-lr", "expected two rising numbers above 0")]
    [InlineData("--find-lr-range 1e-4,1", "--find-lr-range: needs --find-lr.")]
    [InlineData("--find-lr --find-lr-steps 5", "--find-lr-steps: must be from 20 to 100000, not 5")]
    [InlineData("--find-lr --resume somewhere", "leave --resume out")]
    public void Find_lr_refuses_what_makes_no_sense(string options, string message)
    {
        Assert.Equal(2, _shell.Run([.. Shell.TinyTraining, .. options.Split(' ')]));
        Assert.Contains(message, _shell.Error, StringComparison.Ordinal);
    }
}
