using System.Text.RegularExpressions;
using Fovea.Cli.Display;
using Fovea.Data.Datasets.Shapes;
using Fovea.Training.Checkpoints;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Spectre.Console;
using LiveDisplay = Fovea.Cli.Display.LiveDisplay;

namespace Fovea.Cli.Tests.Display;

/// <summary>Screens that a training shows, at the widths and heights of usual terminals.</summary>
public sealed partial class LiveDisplayTests
{
    private const string Directory = "runs/20261129-112629-vit-nano-shapes";

    public static TheoryData<int, int> Sizes => new() { { 60, 24 }, { 80, 24 }, { 100, 24 }, { 120, 50 }, { 80, 16 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_run_fits_the_terminal_whole(int width, int height)
    {
        string screen = Show(width, height, summary: true);
        string[] lines = screen.Split('\n');
        Assert.All(lines, line => Assert.True(line.TrimEnd().Length <= width, line));
        foreach (string part in (string[])["97.5 %", "2.3044", "warning: a Vision Transformer", "memory 138 MiB",
            Directory + "/", "report.html", "seed 0", "epoch 16/16", "step 13/13", "2.0 s left", "0.000384",
            "--weights.", "train 0.3111 98.0 % 100", "validation 2.2044 20.0 % 100", "test 2.2481 16.0 % 100"])
            Assert.Contains(part, Spaces().Replace(screen, " "));
        Assert.Contains("1,995 images/s", screen);
        Assert.DoesNotContain("…", screen);
    }

    [Fact]
    public void What_is_redrawn_is_lower_than_the_terminal()
    {
        string frame = Show(80, 24, summary: false);
        frame = frame[frame.LastIndexOf("val accuracy", StringComparison.Ordinal)..];
        Assert.InRange(frame.Split('\n').Length, 10, 20);
        Assert.Contains("━", frame);
    }

    private static string Show(int width, int height, bool summary)
    {
        using StringWriter output = new() { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.Standard,
            Interactive = InteractionSupport.Yes,
        });
        (console.Profile.Width, console.Profile.Height) = (width, height);
        LiveDisplay display = new(console);
        RunSummary result = Summary();
        display.Show(() =>
        {
            RunPlan plan = Plan();
            display.Started(plan);
            display.Warned(
                "a Vision Transformer from scratch rarely learns well from 4 tokens; 49 or more usually work "
                + "(`patch-size` below 4 or `image-size` above 8), or pretrained `weights`.");
            for (int epoch = 1; epoch <= 16; epoch++)
                display.Logged(new RunEvent
                {
                    Event = "epoch",
                    Step = 13 * epoch,
                    Epoch = epoch,
                    TrainLoss = 0.3274,
                    TrainAccuracy = 0.975,
                    ValLoss = 2.3044,
                    ValAccuracy = 0.11,
                    Lr = 0.000384,
                    ImagesPerSecond = 1995,
                    Seconds = 3725,
                });
            Thread.Sleep(120);   // screens are drawn a tenth of a second apart
            display.Progressed(new StepProgress(16, 208, 13, 0.3, 0.3299, 0.105, 0.000384, 1995,
                TimeSpan.FromSeconds(2)));
            if (summary)
                display.Ended(new RunOutcome(plan, ShapesDataset.Load(0, 1, 1, 1), new TrainingState(), [])
                {
                    Summary = result,
                });
            return result;
        });
        return Escapes().Replace(output.ToString(), "").Replace("\r", "");
    }

    [Fact]   // a residual network has none
    public void A_plan_names_attention_where_the_model_has_some()
    {
        RunPlan plan = Plan();
        RunPlan residual = plan with
        {
            Recipe = plan.Recipe with { Model = new() { Name = "resnet18-cifar", ImageSize = 32 } },
        };
        Assert.Equal("resnet18-cifar, 305,002 parameters, 32 px", Model(residual));
        Assert.Contains("parameters, softmax attention, ", Model(plan with
        {
            Recipe = plan.Recipe with { Model = plan.Recipe.Model with { Attention = "softmax" } },
        }));

        static string Model(RunPlan plan) =>
            Phrases.Describe(plan, DateTimeOffset.UnixEpoch).Single(line => line.Subject == "model").Text;
    }

    private static RunPlan Plan() => new()
    {
        Recipe = Recipe.Default with { Optimisation = new() { Epochs = 16 } },
        Parameters = 305_002,
        Images = (200, 100, 100),
        ClassNames = ["circle", "triangle"],
        ValidationOrigin = "published",
        StepsPerEpoch = 13,
        StepsDone = 0,
        Directory = Directory,
        Idle = ["`momentum` 0.5 changes nothing: only SGD has it."],
    };

    internal static RunSummary Summary() => new()
    {
        Model = "vit-nano",
        Parameters = 305_002,
        Dataset = "shapes",
        Epochs = 16,
        Steps = 208,
        BestValAccuracy = 0.2,
        BestEpoch = 11,
        TestAccuracy = 0.16,
        TestLoss = 2.2481,
        TrainLoss = 0.3111,
        TrainAccuracy = 0.98,
        TrainImages = 100,
        ValLoss = 2.2044,
        ImagesPerSecond = 1261,
        PeakMemoryBytes = 138 << 20,
        Seconds = 6,
        Seed = 0,
        Version = "0.1.0",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\x1b\[[?0-9;]*[A-Za-z]")]
    private static partial Regex Escapes();
}
