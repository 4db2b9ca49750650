using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Collectives;

namespace Fovea.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_rank_that_fails_after_a_stop_was_asked_for_waits_for_rank_0_and_not_for_ever()
    {
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Thread waits = new(() => CommandLine.LetRank0Speak(new Launcher(LauncherKind.OpenMpi, 2, 1), stop.Token))
        {
            IsBackground = true,
        };
        waits.Start();
        Assert.True(waits.Join(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData("trian", "Unrecognized command or argument 'trian'. Did you mean 'train'?")]
    [InlineData("train --epcohs 3", "Unrecognized command or argument '--epcohs'. Did you mean '--epochs'?")]
    [InlineData("train --modle vit", "Unrecognized command or argument '--modle'. Did you mean '--model'?")]
    [InlineData("train --sdt 0.5", "Unrecognized command or argument '--sdt'. Did you mean '--std'?")]
    [InlineData("train --batchsize=3",
        "Unrecognized command or argument '--batchsize=3'. Did you mean '--batch-size'?")]
    [InlineData("compare study.yaml --idel", "Unrecognized command or argument '--idel'. Did you mean '--idle'?")]
    [InlineData("predict runs/a cat.jpg --jsno=1", "argument '--jsno=1'. Did you mean '--json'?")]
    [InlineData("runs list --jsn", "Unrecognized command or argument '--jsn'. Did you mean '--json'?")]
    [InlineData("predict runs/a -- --json", "'runs/a' is neither a file of weights nor a run directory")]
    [InlineData("train --epochs", "Required argument missing for option: '--epochs'.")]
    [InlineData("train --epochs 0", "--epochs: '0' is not a whole number from 1 to 1000000")]
    [InlineData("train --epochs 1 --lr 1 --epochs 0", "fovea: --epochs: is given twice.")]
    [InlineData("predict no x.png --top 1 --top 2", "fovea: --top: is given twice.")]
    [InlineData("train --device gpu", "did you mean 'cuda'?")]
    [InlineData("serve no --device GPU:0", "did you mean 'cuda'?")]
    [InlineData("train --precision half", "did you mean 'bf16'?")]
    [InlineData("serve no --precision float32", "did you mean 'fp32'?")]
    [InlineData("train --model vit-nano --image-size 8 --optimizer sgd --momentum 0 --nesterov",
        "--nesterov: Sgd: Nesterov needs --momentum above 0")]
    [InlineData("train --model vit-nano --image-size 8 --optimizer lars --momentum 0 --nesterov",
        "--nesterov: Lars: Nesterov needs --momentum above 0")]
    [InlineData("train --mean 124,116,104", "each a number from 0 to 1 (divide those up to 255 by 255)")]
    [InlineData("predict no x.png --index 0", "or numbers of the dataset's images with --index, not both")]
    [InlineData("train --batch-size -4", "--batch-size: '-4' is not a whole number from 1 to 1000000")]
    [InlineData("train --lr fast", "--lr: 'fast' is not a number above 0")]
    [InlineData("train --optimizer adamv",
        "--optimizer: 'adamv' is not one of adamw, adam, sgd, lamb, lars, lion, adan, schedule-free, muon; did you "
            + "mean 'adamw'?")]
    [InlineData("train --model vitt", "there is no model called 'vitt'; did you mean 'vit'?")]
    [InlineData("train --dataset cifar11", "dataset 'cifar11' does not exist. Did you mean 'cifar10'?")]
    [InlineData("train --model vit --data somewhere --dataset mnsit", "Did you mean 'mnist'?")]
    [InlineData("train --model vit_tiny_patch16_224 --data somewhere",
        "--data: there is no folder or file 'somewhere'")]
    [InlineData("train --dataset cifar10", "say where its files lie (--data DIR)")]
    [InlineData("train --attention sofmax --image-size 8",
        "there is no attention called 'sofmax'; did you mean 'softmax'?")]
    [InlineData("train --image-size 30",
        "--patch-size: patches of 4 pixels do not divide 30; take --image-size 28 or 32")]
    [InlineData("train --schedule cosin", "--schedule: there is no schedule called 'cosin'; did you mean 'cosine'?")]
    [InlineData("train --schedule constant --min-lr 1e-4", "--min-lr: the schedule 'constant' has no smallest rate")]
    [InlineData("train --augment hflop", "there is no step 'hflop'. Did you mean 'hflip'?")]
    [InlineData("train --aa rand-m9-mtsd1", "'mtsd1' is not understood; it is written rand-m9")]
    [InlineData("train --aa cifar", "Did you mean 'cifar10'?")]
    [InlineData("train --reprob 2", "--random-erasing: '2' is not a number from 0 to 1, or auto")]
    [InlineData("train --mixup -1", "--mixup: '-1' is not a number from 0 to 1000")]
    [InlineData("eval no --tta flop", "'flop'")]
    [InlineData("train --recipe no.yaml", "no.yaml: cannot read the recipe")]
    [InlineData("train --resume no", "--resume: 'no' has neither checkpoints/last.safetensors")]
    [InlineData("eval no", "'no' is neither a file of weights nor a run directory with a checkpoint")]
    [InlineData("eval", "eval: RUN is missing: Run directory (its best checkpoint)")]
    [InlineData("predict",
        "predict: RUN is missing: Run directory (its best checkpoint), checkpoint, with --model a "
        + "file of weights, or a name of 'fovea weights list', and then FILE... (Images")]
    [InlineData("predict", "For example: fovea predict runs/NAME cat.jpg")]
    [InlineData("weights", "weights: FILE is missing: safetensors")]
    [InlineData("runs diff one", "diff: OTHER is missing: Run directory to compare with.")]
    [InlineData("compare", "compare: STUDY is missing: YAML file")]
    [InlineData("finetune", "finetune: say which weights to start from (RUN or --weights FILE")]
    [InlineData("probe", "probe: say which model (RUN or --weights FILE")]
    [InlineData("finetune a --weights b", "finetune: RUN is 'a' and --weights is 'b'; name one model.")]
    [InlineData("finetune a --resume b", "--resume: a resumed run has its weights; leave 'a' out.")]
    [InlineData("predict no x.png --csv --json", "--csv or --json, not both")]
    [InlineData("predict no",
        "name image files or a folder (- is standard input), or numbers of the dataset's images with --index")]
    [InlineData("predict no --index 1,x", "--index: 'x' is not a whole number of at least 0")]
    [InlineData("bench --model vitt", "did you mean 'vit'?")]
    [InlineData("bench --mode trian", "'trian'")]
    [InlineData("bench --batch-size 0", "--batch-size: '0' is not a whole number from 1 to 1000000")]
    public void Wrong_usage_exits_with_2_and_one_message(string line, string message)
    {
        Assert.Equal(2, _shell.Run(line.Split(' ')));
        Assert.Contains(message, _shell.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", _shell.Error, StringComparison.Ordinal);
        Assert.Empty(_shell.Output);
    }

    [Fact]
    public void A_missing_data_folder_exits_with_1()
    {
        Assert.Equal(1, _shell.Run("train", "--dataset", "mnist", "--data", Path.Combine(_shell.Folder, "none")));
        Assert.Contains("there is no directory", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Verbose_adds_the_stack_trace()
    {
        Assert.Equal(2, _shell.Run("train", "--model", "vitt", "--verbose"));
        Assert.Contains("   at Fovea.", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_can_be_written_with_underscores()
    {
        using StringWriter sink = new();
        RootCommand root = CommandLine.CreateRoot(new Terminal(sink, sink, IsInteractive: false),
            CancellationToken.None);
        foreach (Option option in root.Subcommands.SelectMany(command => command.Options))
            Assert.Contains("--" + option.Name[2..].Replace('-', '_'), option.Aliases.Prepend(option.Name));
    }

    [Fact]
    public void Every_command_has_a_help_page_with_every_option()
    {
        using StringWriter sink = new();
        RootCommand root = CommandLine.CreateRoot(new Terminal(sink, sink, IsInteractive: false),
            CancellationToken.None);
        foreach (Command command in root.Subcommands.SelectMany(command => command.Subcommands.Prepend(command)))
        {
            string[] path = Examples.PathOf(command).Split(' ')[1..];
            Assert.True(_shell.Run([.. path, "--help"]) == 0, $"{command.Name}: {_shell.Error}");
            Assert.All(command.Options.Where(option => !option.Hidden),
                option => Assert.Contains(option.Name, _shell.Output, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--help", "Commands")]
    [InlineData("", "Commands")]
    [InlineData("train --help", "Optimisation")]
    [InlineData("train --help", "--batch-size N")]
    [InlineData("eval --help", "RUN")]
    [InlineData("predict -h", "--index N,N,...")]
    [InlineData("bench --help", "--mode train|infer")]
    [InlineData("--version", "fovea 0.")]
    public void Help_tells_what_there_is(string line, string part)
    {
        Assert.Equal(0, _shell.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains(part, _shell.Output, StringComparison.Ordinal);
        Assert.Empty(_shell.Error);
    }

    [Theory]
    [InlineData("--amq")]
    [InlineData("--telepathy=3")]
    public void ShortOptionsAreNotTakenForOthers(string option)
    {
        using Shell shell = new();

        Assert.Equal(2, shell.Run("train", option));
        Assert.DoesNotContain("Did you mean", shell.Error);
    }

    /// <summary>Where a command takes files or names, an option that it does not have would pass for one.</summary>
    [Theory]
    [MemberData(nameof(CommandsWithArguments))]
    public void AnOptionThatDoesNotExistIsNotTakenForAnArgument(string command)
    {
        Assert.Equal(2, _shell.Run([.. command.Split(' '), "--telepathy", "3"]));
        Assert.StartsWith("fovea: Unrecognized command or argument '--telepathy'.", _shell.Error,
            StringComparison.Ordinal);
    }

    public static TheoryData<string> CommandsWithArguments()
    {
        return [.. PathsOf("", CommandLine.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, false), default))];

        static IEnumerable<string> PathsOf(string path, Command command) => command.Subcommands
            .SelectMany(subcommand => PathsOf($"{path} {subcommand.Name}".Trim(), subcommand))
            .Concat(command.Arguments.Count > 0 ? [path] : []);
    }

    /// <summary>timm's train.py: what is not taken is refused, and no option of another meaning is
    /// proposed.</summary>
    [Theory]
    [InlineData("--amp")]
    [InlineData("--amp-dtype bfloat16")]
    [InlineData("--native-amp")]
    [InlineData("--num-classes 10")]
    [InlineData("--model-ema --model-ema-decay 0.99")]
    [InlineData("--warmup-lr 1e-5")]
    [InlineData("--crop-pct 0.9")]
    [InlineData("--mean 0.5 0.5 0.5 --std 0.5 0.5 0.5")]
    [InlineData("--interpolation bicubic")]
    [InlineData("--opt-eps 1e-8 --opt-betas 0.9 0.99")]
    [InlineData("--bce-loss")]
    [InlineData("--no-prefetcher --torchcompile --fast-norm")]
    [InlineData("--torchcompile inductor")]
    [InlineData("--dist-bn reduce --sync-bn")]
    [InlineData("--dist_bn=reduce --local_rank 0")]
    [InlineData("--log-wandb")]
    [InlineData("-j 2")]
    [InlineData("--workers 2")]
    [InlineData("--checkpoint-hist 3 --eval-metric top1 --recovery-interval 100 --worker-seeding all")]
    [InlineData(
        "--smoothing 0.1 --drop 0.1 --drop-path 0.1 --reprob 0.2 --remode pixel --clip-grad 1 --layer-decay 0.8")]
    public void TimmsOptionsAreTaken(string options)
    {
        Assert.Equal(2, _shell.Run(["train", .. options.Split(' '), "--dataset", "cifar11"]));
        Assert.Contains("dataset 'cifar11' does not exist", _shell.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--patience-epochs")]
    [InlineData("--decay-epochs")]
    [InlineData("--decay-rate")]
    [InlineData("--cooldown-epochs")]
    [InlineData("--lr-noise")]
    [InlineData("--lr-cycle-mul")]
    [InlineData("--jsd-loss")]
    [InlineData("--bce-sum")]
    [InlineData("--aug-splits")]
    [InlineData("--split-bn")]
    [InlineData("--gp")]
    [InlineData("--in-chans")]
    [InlineData("--crop-mode")]
    [InlineData("--clip-mode")]
    [InlineData("--drop-block")]
    [InlineData("--drop-connect")]
    [InlineData("--recount")]
    [InlineData("--resplit")]
    [InlineData("--experiment")]
    [InlineData("--scale")]
    [InlineData("--ratio")]
    [InlineData("--tta")]
    [InlineData("--train-split")]
    [InlineData("--sched-on-updates")]
    [InlineData("--start-epoch")]
    [InlineData("--mixup-mode")]
    [InlineData("--mixup-off-epoch")]
    [InlineData("--cutmix-minmax")]
    [InlineData("--model-kwargs")]
    [InlineData("--bn-momentum")]
    public void AnOptionOfAnotherMeaningIsNeverProposed(string option)
    {
        Assert.Equal(2, _shell.Run("train", option));
        Assert.Contains($"Unrecognized command or argument '{option}'.", _shell.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Did you mean", _shell.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--mixup-alpha", "--mixup-prob")]
    [InlineData("--drop-rate", "--drop-path")]
    public void TwoNamesWithOneWordInCommonAreNotTheSame(string option, string other)
    {
        Assert.Equal(2, _shell.Run("train", option));
        Assert.DoesNotContain($"'{other}'", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void MixedPrecisionIsSaidToBeAnotherOptionInOneLine()
    {
        _shell.Run("train", "--amp", "--amp-dtype", "bfloat16", "--dataset", "cifar11");
        Assert.Contains("--amp changes nothing: --precision bf16 computes in bfloat16, on every device.",
            _shell.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsWithoutAMeaningHereAreTakenAndNamed()
    {
        using Shell shell = new();
        shell.Run("train", "--channels-last", "--pin_mem", "--dataset", "cifar11");

        Assert.Contains("--channels-last has no meaning here", shell.Error);
        Assert.Contains("--pin_mem has no meaning here", shell.Error);
        Assert.DoesNotContain("Unrecognized", shell.Error);
    }
}
