using Fovea.Data.Datasets.Shapes;
using Fovea.Lab.Studies;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Tests.Support;

/// <summary>A study of seconds: two mechanisms, two seeds, three steps an epoch.</summary>
internal sealed class TinyStudy : IStudyObserver
{
    public const string Yaml =
        """
        name: tiny
        base: { dataset: shapes, model: vit-nano, image-size: 8, train-limit: 40, eval-limit: 20, batch-size: 16,
                epochs: 2, log-every: 1, checkpoint-every: 1 }
        vary: { attention: [softmax, linear] }
        seeds: [0, 1]
        published: { "attention=linear": 75.83 }
        """;

    /// <summary>Names of the cells that were trained, in order.</summary>
    public List<string> Trained { get; } = [];

    /// <summary>Stands in for the training of a cell where set; null of it: train.</summary>
    public Func<StudyCell, CellOutcome?>? Instead { get; set; }

    public static StudyPlan Plan(string directory, string yaml = Yaml) =>
        StudyPlan.Resolve(StudyFile.Parse(yaml, "tiny.yaml"), directory, _ => ShapesDataset.Info);

    public IReadOnlyList<CellFailure> Run(StudyPlan plan, int jobs = 1, bool redoStale = false) =>
        new StudyRunner(plan, jobs, Train, this).Run(redoStale, CancellationToken.None);

    private CellOutcome Train(StudyCell cell, Recipe recipe, Action<RunEvent> logged, CancellationToken stop)
    {
        lock (Trained) Trained.Add(cell.Name);
        if (Instead?.Invoke(cell) is CellOutcome outcome) return outcome;
        CellRun.Carry(recipe, new SilentObserver(), stop);
        return new CellOutcome();
    }

    public void Started(StudyPlan plan, int finished)
    {
    }

    public void CellStarted(StudyCell cell)
    {
    }

    public void Logged(StudyCell cell, RunEvent entry)
    {
    }

    public void CellEnded(StudyCell cell, CellOutcome outcome, RunSummary? summary)
    {
    }
}
