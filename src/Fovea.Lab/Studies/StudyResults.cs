using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>Results of a study so far, read from its cells' directories.</summary>
public sealed record StudyResults
{
    /// <summary>The study.</summary>
    public required StudyPlan Plan { get; init; }

    /// <summary>One entry per configuration, in the study's order.</summary>
    public required IReadOnlyList<ConfigurationResult> Configurations { get; init; }

    /// <summary>
    /// Differences between configurations that were tested on the same images after learning from the same images and
    /// labels, over the seeds that both have finished: the accuracies of others are no rivals.
    /// <see cref="Comparison.A"/> and <see cref="Comparison.B"/> are numbers in <see cref="Configurations"/>.
    /// </summary>
    public IReadOnlyList<Comparison> Comparisons { get; init; } = [];

    /// <summary>Resamples of the bootstrap that compares them.</summary>
    internal int Resamples => PairedBootstrap.Resamples(Comparisons.Count);

    /// <summary>Differences were computed, as far as cells are finished.</summary>
    public bool IsCompared { get; init; }

    /// <summary>Every cell is finished.</summary>
    public bool IsComplete => Configurations.All(one => one.Finished.Count == Plan.Study.Seeds.Count);

    /// <summary>Reads a study's cells.</summary>
    /// <param name="plan">The study.</param>
    /// <param name="compare">Also compare configurations, which takes seconds for large test sets.</param>
    /// <remarks>A cell that cannot be read counts as not finished, and says why.</remarks>
    public static StudyResults Read(StudyPlan plan, bool compare = true)
    {
        ILookup<Configuration, StudyCell> cells = plan.Cells.ToLookup(cell => cell.Configuration);
        ConfigurationResult[] all = [.. plan.Configurations.Zip(plan.Costs, (one, cost) => new ConfigurationResult
        {
            Configuration = one,
            Cost = cost,
            Recipe = cells[one].First().Recipe,
            Cells = [.. cells[one].Select(cell => CellResult.Read(cell, compare))],
        })];
        return new StudyResults
        {
            Plan = plan,
            Configurations = all,
            Comparisons = compare ? ComparableRuns.Compare(all) : [],
            IsCompared = compare,
        };
    }

    /// <summary>The best of a configuration's rivals, itself included: that with the highest mean test
    /// accuracy.</summary>
    public int BestRival(int number) =>
        ComparableRuns.Group(Configurations, number).MaxBy(other => Configurations[other].TestAccuracy.Mean);

    /// <summary>The comparison of two configurations, seen from the first; null: they cannot be compared, or not
    /// yet.</summary>
    public Comparison? Between(int a, int b) =>
        Comparisons.FirstOrDefault(pair => pair.A == a && pair.B == b)
        ?? (Comparisons.FirstOrDefault(pair => pair.A == b && pair.B == a) is { } turned
            ? turned with { A = a, B = b, Difference = -turned.Difference, Low = -turned.High, High = -turned.Low }
            : null);
}

/// <summary>Results of a configuration.</summary>
public sealed record ConfigurationResult
{
    /// <summary>The configuration.</summary>
    public required Configuration Configuration { get; init; }

    /// <summary>Cost of its network.</summary>
    public required ModelCost Cost { get; init; }

    /// <summary>The recipe of its first cell; the others differ by seed.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>Its cells, one per seed.</summary>
    public required IReadOnlyList<CellResult> Cells { get; init; }

    /// <summary>Those that are complete.</summary>
    public IReadOnlyList<CellResult> Finished => [.. Cells.Where(cell => cell.Summary is not null)];

    /// <summary>Share of test images classified correctly by the best checkpoint.</summary>
    public Spread TestAccuracy => Of(summary => summary.TestAccuracy);

    /// <summary>Best share of validation images classified correctly.</summary>
    public Spread ValidationAccuracy => Of(summary => summary.BestValAccuracy);

    /// <summary>Share of training images, without augmentation, classified correctly by the best checkpoint.</summary>
    public Spread TrainAccuracy => Of(summary => summary.TrainAccuracy);

    /// <summary>Mean loss of the best checkpoint on the same training images.</summary>
    public Spread TrainLoss => Of(summary => summary.TrainLoss);

    /// <summary>Mean loss of the best checkpoint on the validation images.</summary>
    public Spread ValidationLoss => Of(summary => summary.ValLoss);

    /// <summary>Mean loss of the best checkpoint on the test images.</summary>
    public Spread TestLoss => Of(summary => summary.TestLoss);

    /// <summary>Seconds of a whole run.</summary>
    public Spread Seconds => Of(summary => summary.Seconds);

    /// <summary>Seconds of processor time of a whole run.</summary>
    public Spread ProcessorSeconds => Of(summary => summary.ProcessorSeconds);

    /// <summary>Training images per second.</summary>
    public Spread ImagesPerSecond => Of(summary => summary.ImagesPerSecond);

    /// <summary>Largest resident set of the process that trained the cell and nothing else.</summary>
    public Spread PeakMemoryBytes => Of(summary => summary.PeakMemoryBytes);

    private Spread Of(Func<RunSummary, double?> value) => Spread.Of(Finished.Select(cell => value(cell.Summary!)));
}

/// <summary>A cell and what is known of its run.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Record">Record of its run directory; null: it was not begun.</param>
public sealed record CellResult(StudyCell Cell, RunRecord? Record)
{
    /// <summary>Final figures of a finished cell.</summary>
    public RunSummary? Summary => Cell.IsFinished ? Record?.Summary : null;

    /// <summary>Why its files cannot be read; null where they can.</summary>
    public string? Problem { get; init; }

    /// <summary>Reads a cell's run.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="predictions">Its predictions will be asked for too.</param>
    internal static CellResult Read(StudyCell cell, bool predictions)
    {
        if (!File.Exists(cell.Run.Config)) return new(cell, null);
        try
        {
            CellResult result = new(cell, RunRecord.Read(cell.Run.Path));
            if (predictions && result.Summary is not null) TestPredictions.Read(cell.Run);
            return result;
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException)
        {
            return new(cell, null) { Problem = error.Message };
        }
    }

    /// <summary><c>finished</c>, <c>begun</c>, <c>waiting</c> or <c>unreadable</c>.</summary>
    public string State => Problem is not null ? "unreadable" : Summary is not null ? "finished" : Record is not null
        ? "begun" : "waiting";
}
