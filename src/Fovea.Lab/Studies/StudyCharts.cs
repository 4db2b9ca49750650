using Fovea.Plotting;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>The figures of a study. A configuration keeps its colour, dashes and marker in all of them.</summary>
internal static class StudyCharts
{
    private const int MostLatencies = 100;
    private const int MostBands = 6;
    private const int Wide = 720;
    private const int High = 400;
    private const string Share = "train-fraction";

    /// <summary>All figures with something to show, by file name.</summary>
    public static IEnumerable<(string Name, Figure Figure)> All(StudyResults results)
    {
        yield return ("test-accuracy", TestAccuracy(results));
        foreach ((string name, LineChart chart) in Curves(results).Concat(Costs(results)))
            yield return (name, chart.At(Wide, High));
    }

    /// <summary>Mean, spread and single values of each configuration, with what was published.</summary>
    public static DotChart TestAccuracy(StudyResults results) => new()
    {
        Title = "Test accuracy",
        Format = ValueFormat.Percent,
        Rows = [.. results.Configurations.Select(one => new DotRow(one.Configuration.Label, one.TestAccuracy.Values)
        {
            Mean = one.TestAccuracy.Mean,
            Spread = one.TestAccuracy.Std,
            Reference = one.Configuration.Published ?? double.NaN,
            Note = double.IsFinite(one.TestAccuracy.Mean) ? StudyTable.Accuracy(one.TestAccuracy) : "",
        })],
    };

    /// <summary>Charts of accuracy and speed along training, and along the share of the data where that
    /// varies.</summary>
    public static IEnumerable<(string Name, LineChart Chart)> Curves(StudyResults results)
    {
        if (results.Configurations.Any(one => one.Configuration.Settings.Any(setting => setting.Field.Name == Share)))
            yield return ("data-share", DataShare(results));
        if (results.Configurations.Any(one =>
            one.Cells.Any(cell => cell.Record?.Epochs.Any(epoch => epoch.ValAccuracy is not null) ?? false)))
        {
            yield return ("accuracy", Accuracy(results, "epoch", "epoch", (epoch, _) => epoch));
            yield return ("accuracy-time",
                Accuracy(results, "time", "seconds of training and evaluation", (_, seconds) => seconds));
        }

        yield return ("step-latency", new LineChart
        {
            Title = "Milliseconds a step",
            XLabel = "step",
            YScale = AxisScale.Logarithmic,
            Series = [.. results.Configurations.Select(Latency)],
        });
    }

    /// <summary>Test accuracy against what it costs, where costs differ.</summary>
    public static IEnumerable<(string Name, LineChart Chart)> Costs(StudyResults results) =>
        new (string Name, LineChart? Chart)[]
        {
            ("accuracy-seconds", Cost(results, "time of a run", "seconds", one => one.Seconds.Mean)),
            ("accuracy-parameters",
                Cost(results, "parameters", "parameters, millions", one => one.Cost.Parameters / 1e6)),
            ("accuracy-memory", Cost(results, "peak memory", "peak memory, MiB",
                one => one.PeakMemoryBytes.Mean / (1 << 20))),
            ("accuracy-flops", Cost(results, "operations", "MFLOPs of an image's forward pass",
                one => one.Cost.Flops / 1e6 ?? double.NaN)),
        }.Where(one => one.Chart is not null).Select(one => (one.Name, one.Chart!));

    private static LineChart Accuracy(StudyResults results, string by, string label,
        Func<double, double, double> place) => new()
        {
            Title = $"Validation accuracy by {by}",
            XLabel = label,
            XSpan = (0, 0),
            YFormat = ValueFormat.Percent,
            Series = [.. results.Configurations.Select((one, i) => ByEpoch(one, i, place))
            // more bands than that hide each other
            .Select(series => results.Configurations.Count > MostBands ? series with { Spread = null } : series)],
        };

    private static LineChart? Cost(StudyResults results, string against, string label,
        Func<ConfigurationResult, double> cost)
    {
        double[] costs = [.. results.Configurations.Select(cost)];
        if (costs.Where(double.IsFinite).Distinct().Count() < 2) return null;
        IEnumerable<Series> points = results.Configurations.Select((one, i) =>
            new Series(one.Configuration.Label, [costs[i]], [one.TestAccuracy.Mean])
            {
                Style = i,
                Spread = [Around(one.TestAccuracy)]
            });
        return new LineChart
        {
            Title = $"Test accuracy against {against}",
            XLabel = label,
            XScale = SpansDecades(costs) ? AxisScale.Logarithmic : AxisScale.Linear,
            YFormat = ValueFormat.Percent,
            YSpan = AccuracySpan(results),
            Scattered = true,
            Series = [.. points],
        };
    }

    /// <summary>The same stretch in all charts of test accuracy.</summary>
    private static (double, double)? AccuracySpan(StudyResults results)
    {
        double[] ends = [.. results.Configurations.Select(one => Around(one.TestAccuracy))
            .SelectMany(around => new[] { around.Item1, around.Item2 }).Where(double.IsFinite)];
        return ends.Length == 0 ? null : (ends.Min(), ends.Max());
    }

    private static bool SpansDecades(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        return finite.Length > 1 && finite.Min() > 0 && finite.Max() / finite.Min() > 10;
    }

    /// <summary>Validation accuracy after each epoch that all begun cells have done: mean and spread over
    /// seeds.</summary>
    private static Series ByEpoch(ConfigurationResult one, int number, Func<double, double, double> place)
    {
        RunEvent[][] runs = [.. one.Cells.Where(cell => cell.Record is not null)
            .Select(cell => cell.Record!.Epochs.ToArray()).Where(run => run.Length > 0)];
        int epochs = runs.Select(run => run.Length).DefaultIfEmpty().Min();
        Spread[] accuracy = [.. Enumerable.Range(0, epochs)
            .Select(i => Spread.Of(runs.Select(run => run[i].ValAccuracy)))];
        double[] places = [.. Enumerable.Range(0, epochs)
            .Select(i => place(runs[0][i].Epoch, runs.Average(run => run[i].Seconds ?? double.NaN)))];
        return Line(one.Configuration.Label, places, accuracy) with { Style = number };
    }

    /// <summary>One curve per configuration that differs by more than the share of the data.</summary>
    private static LineChart DataShare(StudyResults results)
    {
        var groups = results.Configurations.GroupBy(one =>
            string.Join(", ", one.Configuration.Settings.Where(setting => setting.Field.Name != Share).Select(setting =>
                setting.Label)));
        return new LineChart
        {
            Title = "Test accuracy by share of the training images",
            XLabel = "training images",
            XScale = AxisScale.Logarithmic,
            XFormat = ValueFormat.Percent,
            YFormat = ValueFormat.Percent,
            YSpan = AccuracySpan(results),
            Series = [.. groups.Select(group =>
            {
                ConfigurationResult[] ordered = [.. group.Where(one => one.Finished.Count > 0)
                    .OrderBy(one => one.Recipe.Data.TrainFraction)];
                return Line(group.Key, [.. ordered.Select(one => one.Recipe.Data.TrainFraction)],
                    [.. ordered.Select(one => one.TestAccuracy)]);
            })],
        };
    }

    private static Series Line(string name, IReadOnlyList<double> places, IReadOnlyList<Spread> values) =>
        new(name, places, [.. values.Select(value => value.Mean)]) { Spread = [.. values.Select(Around)] };

    /// <summary>Mean ± standard deviation, within what an accuracy can be.</summary>
    private static (double, double) Around(Spread value) =>
        (Math.Max(0, value.Mean - value.Std), Math.Min(1, value.Mean + value.Std));

    /// <summary>Time of a step between two logged ones, or over the epochs where fewer than two steps were logged; mean
    /// over seeds.</summary>
    private static Series Latency(ConfigurationResult one, int number)
    {
        RunRecord[] runs = [.. one.Cells.Select(cell => cell.Record).OfType<RunRecord>()];
        string source = runs.Any(run => run.Events.Count(entry => entry.Event == "step") > 1) ? "step" : "epoch";
        double batch = one.Recipe.Optimisation.BatchSize;
        (double Step, double Milliseconds)[] points =
        [
            .. runs.SelectMany(run => run.Events).Where(entry => entry.Event == source && entry.ImagesPerSecond is > 0)
                .GroupBy(entry => entry.Step, entry => 1000 * batch / entry.ImagesPerSecond!.Value)
                .OrderBy(group => group.Key).Select(group => ((double)group.Key, group.Average())),
        ];
        (double Step, double Milliseconds)[][] bins = [
            .. points.Chunk(Math.Max(1, (points.Length + MostLatencies - 1) / MostLatencies))];
        return new Series(one.Configuration.Label, [.. bins.Select(bin => bin.Average(point => point.Step))],
            [.. bins.Select(bin => bin.Average(point => point.Milliseconds))])
        {
            Style = number,
        };
    }
}
