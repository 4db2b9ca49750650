using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Data;
using Fovea.Lab.LearningRates;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea train --find-lr</c>: a learning rate range test instead of a run.</summary>
internal sealed class FindLearningRate
{
    private const int RowsShown = 14;
    private static readonly LearningRateRange Standard = new();

    private readonly Option<bool> _asked = Options.Make.Switch("--find-lr",
        "Find a learning rate: raise it step by step until the loss diverges, and train nothing");
    private readonly Option<double[]> _range = new("--find-lr-range")
    {
        HelpName = "X,X",
        Description = "First and last rate to try",
        DefaultValueFactory = _ => [Standard.From, Standard.To],
        CustomParser = result =>
        {
            string[] parts = string.Join(',', result.Tokens.Select(token => token.Value)).Split(',');
            double[] rates = [.. parts
                .Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate)
                    ? rate : double.NaN)];
            if (rates is not [> 0 and double from, <= 1e6 and double to] || to <= from)
                result.AddError(
                    "--find-lr-range: expected two rising numbers above 0 separated by a comma, got "
                        + $"'{string.Join(',', parts)}'.");
            return rates;
        },
    };

    private readonly Option<int> _steps = Options.Make.Of("--find-lr-steps", ValueForm.Whole(1, 1_000_000),
        Standard.Steps,
        "Rates to try, each for one step");
    private readonly Terminal _terminal;

    /// <summary>Gives a command that trains the options of the test.</summary>
    public FindLearningRate(Command command, Terminal terminal)
    {
        _terminal = terminal;
        foreach (Option option in new Option[] { _asked, _range, _steps }) command.Add(option);
    }

    /// <summary>The test is asked for; its options alone mean nothing.</summary>
    /// <exception cref="UsageException">Only its options were given.</exception>
    public bool IsAsked(ParseResult parsed)
    {
        if (parsed.GetValue(_asked)) return true;
        Option? alone = new Option[] { _range,
            _steps }.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        return alone is null ? false : throw new UsageException($"{alone.Name}: needs --find-lr.");
    }

    /// <summary>Tests, writes the image and says what was found.</summary>
    public void Run(ParseResult parsed, Recipe recipe, bool quiet, bool json, CancellationToken stop)
    {
        LearningRateRange range = new(parsed.GetRequiredValue(_range)[0], parsed.GetRequiredValue(_range)[1],
            parsed.GetValue(_steps));
        range.Validate();
        TrainingParts parts = TrainingSetup.New(recipe, stop: stop);
        string directory = DirectoryFor(parts.Recipe, parts.Data.Info);
        LearningRateCurve curve = Watch(quiet || json, range,
            measured => LearningRateTest.Run(parts, range, measured, stop));
        string setting =
            $"{parts.Recipe.Model.Name} on {parts.Data.Info.Name}, "
                + $"{parts.Recipe.Optimisation.Optimizer.Word()}, batch "
                + $"{parts.Recipe.Optimisation.BatchSize}";
        IReadOnlyList<string> figures = LearningRateFigure.Write(directory,
            LearningRateFigure.Of(curve, $"Learning rate test: {setting}"));
        if (json) _terminal.Output.Document(Describe(parts, range, curve, figures));
        else if (!quiet) Print(setting, range, curve, figures, parts.Recipe.Optimisation);
    }

    /// <summary>The run directory that was named, which may hold a run, or one like that of a run.</summary>
    private static string DirectoryFor(Recipe recipe, DatasetInfo data)
    {
        string directory = recipe.Run.Out
            ?? $"{RunDirectory.FreeName(recipe.Model.Name, data.Name, DateTime.Now)}-find-lr";
        try
        {
            Directory.CreateDirectory(directory);
            return directory;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--out: cannot make the directory '{directory}': {error.Message}");
        }
    }

    private LearningRateCurve Watch(bool silent, LearningRateRange range,
        Func<Action<LearningRatePoint>?, LearningRateCurve> test)
    {
        if (silent || !_terminal.IsInteractive) return test(null);
        int step = 0;
        return _terminal.Console.Status().Start("reading data", status =>
            test(point => status.Status(
                $"step {++step}/{range.Steps}  lr {Phrases.Rate(point.LearningRate)}  "
                    + $"loss {Phrases.Loss(point.Loss)}")));
    }

    private static object Describe(TrainingParts parts, LearningRateRange range, LearningRateCurve curve,
        IReadOnlyList<string> figures) => new
        {
            Model = parts.Recipe.Model.Name,
            Dataset = parts.Data.Info.Name,
            Optimizer = parts.Recipe.Optimisation.Optimizer.Word(),
            parts.Recipe.Optimisation.BatchSize,
            parts.Recipe.Run.Seed,
            range.From,
            range.To,
            range.Steps,
            End = curve.End switch
            {
                TestEnd.Diverged => "diverged",
                TestEnd.NotFinite => "not-finite",
                _ => "complete",
            },
            curve.Falls,
            curve.Steepest,
            curve.Lowest,
            curve.TenthOfLowest,
            curve.Suggestion,
            Figures = figures,
            Points = curve.Points.Zip(curve.Smoothed,
            (point, smoothed) => new { Lr = point.LearningRate, point.Loss, Smoothed = smoothed }),
        };

    private void Print(string setting, LearningRateRange range, LearningRateCurve curve, IReadOnlyList<string> figures,
        OptimisationSection how)
    {
        Tables table = Tables.Create(">lr", ">loss", "?>smoothed", "!note");
        int stride = Math.Max(1, curve.Points.Count / RowsShown);
        for (int i = 0; i < curve.Points.Count; i++)
        {
            (double rate, double loss) = curve.Points[i];
            string note = rate == curve.Steepest ? "steepest fall" : rate == curve.Lowest ? "lowest loss" : "";
            if (note.Length > 0 || i % stride == 0)
                table.AddRow(new Cell(Phrases.Rate(rate)), new Cell(Phrases.Loss(loss)),
                    new Cell(Phrases.Loss(curve.Smoothed[i])), new Cell(note));
        }

        _terminal.Console.Write(table);
        string end = curve.End switch
        {
            TestEnd.Diverged => "the loss diverged",
            TestEnd.NotFinite => "the loss was no longer finite",
            _ => "all rates were tried",
        };
        _terminal.Console.Line(
            $"{setting}: {curve.Points.Count} of {range.Steps} steps from {Phrases.Rate(range.From)} to "
                + $"{Phrases.Rate(range.To)}; {end}.");
        _terminal.Console.Line(Advice(curve, how));
        _terminal.Console.Line(string.Join(", ", figures));
    }

    /// <summary>The rate to try, as it is given: the test's rates are those of steps, behind all scaling.</summary>
    private static string Option(double rate, OptimisationSection how) => how.RateScaling == RateScaling.None
        ? $"--lr {Phrases.Round(rate)}"
        : $"--lr {Phrases.Round(rate * how.LearningRate / how.PeakLearningRate)}, which --lr-scaling makes "
            + Phrases.Round(rate);

    private static string Advice(LearningRateCurve curve, OptimisationSection how) => curve switch
    {
        { Falls: false } =>
            "The loss does not fall clearly at any rate: take more steps (--find-lr-steps), larger batches, or smaller "
                + "rates to begin with (--find-lr-range).",
        { EndsFalling: true } =>
            $"The loss still falls at {Phrases.Rate(curve.Lowest!.Value)}: go on to larger rates (--find-lr-range).",
        _ => $"Steepest fall at {Phrases.Rate(curve.Steepest!.Value)}, a tenth of the lowest is "
            + $"{Phrases.Rate(curve.TenthOfLowest!.Value)}: try {Option(curve.Suggestion!.Value, how)}.",
    };
}
