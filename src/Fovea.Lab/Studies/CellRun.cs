using Fovea.Lab.Reports;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>A cell's training, wherever it was left.</summary>
public static class CellRun
{
    /// <summary>Begins a run in the recipe's <c>out</c>, or goes on with the one that is there, bit for bit.</summary>
    /// <param name="recipe">A resolved recipe that agrees with what is there, see
    /// <see cref="StudyCell.Differences"/>.</param>
    /// <param name="observer">Listens to the run.</param>
    /// <param name="stop">Ends the run after the current step, with a checkpoint to go on from.</param>
    /// <inheritdoc cref="TrainingRun.Start"/>
    public static RunSummary Carry(Recipe recipe, IRunObserver observer, CancellationToken stop)
    {
        RunDirectory run = new(recipe.Run.Out!);
        ObserverList observers = new(new ReportObserver(), observer);
        if (File.Exists(run.LastCheckpoint) || File.Exists(run.Config))
            return TrainingRun.Resume(run.Path, _ => recipe, observers, stop);
        return TrainingRun.Start(recipe, observers, stop);
    }
}
