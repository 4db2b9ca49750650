using Fovea.Core.Files;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>Trains what is left of a study, one cell after another or several side by side, and keeps its results up to
/// date.</summary>
/// <param name="plan">The study.</param>
/// <param name="jobs">Cells at a time, 1 or more.</param>
/// <param name="train">Carries out a cell.</param>
/// <param name="observer">Listens to the study, one call at a time.</param>
public sealed class StudyRunner(StudyPlan plan, int jobs, CellTrainer train, IStudyObserver observer)
{
    private readonly Lock _turn = new();
    private readonly Queue<StudyCell> _waiting = new();
    private readonly List<CellFailure> _failures = [];
    private Exception? _error;
    private bool _halted;

    /// <summary>Trains every cell that is not finished, from its last checkpoint on where it has one.</summary>
    /// <param name="redoStale">Cells that were trained with other settings are trained anew; otherwise they are an
    /// error.</param>
    /// <param name="stop">Ends the cells in progress after their current step, with checkpoints to go on from.</param>
    /// <returns>Cells that failed; the others are finished unless <paramref name="stop"/> asked for an end or a failure
    /// was not the cell's own.</returns>
    /// <exception cref="UsageException">Cells are stale, or another process works on the study.</exception>
    /// <exception cref="CheckpointException">A cell is of a newer version, or a file could not be written.</exception>
    public IReadOnlyList<CellFailure> Run(bool redoStale, CancellationToken stop)
    {
        Directory.CreateDirectory(plan.Directory);
        using DirectoryLock turn = DirectoryLock.Take(plan.Directory, "study");
        Prepare(redoStale);
        foreach (StudyCell cell in plan.Cells.Where(cell => !cell.IsFinished
            && _failures.All(failure => failure.Cell != cell))) _waiting.Enqueue(cell);
        observer.Started(plan, plan.Cells.Count - _waiting.Count);

        Thread[] workers = [.. Enumerable.Range(0, Math.Min(jobs, Math.Max(1, _waiting.Count)))
            .Select(i => new Thread(() => Work(stop)) { Name = $"cell {i}" })];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        if (_error is not null) throw _error;
        StudyOutputs.Write(StudyResults.Read(plan), figures: true);
        return _failures;
    }

    private void Prepare(bool redoStale)
    {
        List<(StudyCell Cell, IReadOnlyList<string> Differences)> stale = [];
        foreach (StudyCell cell in plan.Cells)
        {
            string? damage = DamageOf(cell);
            if (cell.Differences() is { Count: > 0 } differences) stale.Add((cell, differences));
            else if (damage is not null) _failures.Add(new(cell, damage));
        }

        if (stale.Count > 0 && !redoStale)
            throw new UsageException(
                $"{plan.Study.Source}: the study has changed since {stale.Count} of its {plan.Cells.Count} cells were "
                    + "trained; "
                + "train them anew with `redo-stale`, take another `out`, or undo the change.")
            {
                Details = [.. stale.Select(one => $"{one.Cell.Name}: {string.Join(", ", one.Differences)}")],
            };
        foreach ((StudyCell cell, _) in stale) Directory.Delete(cell.Run.Path, recursive: true);
    }

    /// <summary>Why the summary of a cell cannot be read; null where it can. The other cells go on.</summary>
    /// <exception cref="CheckpointException">It is of a newer version.</exception>
    private static string? DamageOf(StudyCell cell)
    {
        try
        {
            RunRecord.ReadSummary(cell.Run);
            return null;
        }
        catch (CheckpointException error) when (error.InnerException is not null)
        {
            return error.Message;
        }
    }

    private void Work(CancellationToken stop)
    {
        while (Next(stop) is StudyCell cell)
        {
            try
            {
                CellOutcome outcome = train(cell, WithThreads(cell.Recipe),
                    entry => Tell(() => observer.Logged(cell, entry)), stop);
                Tell(() => End(cell, outcome));
            }
            catch (Exception error)   // thrown again by Run, on its thread
            {
                lock (_turn) (_error, _halted) = (_error ?? error, true);
            }
        }
    }

    private StudyCell? Next(CancellationToken stop)
    {
        lock (_turn)
        {
            if (_halted || stop.IsCancellationRequested || !_waiting.TryDequeue(out StudyCell? cell)) return null;
            observer.CellStarted(cell);
            return cell;
        }
    }

    private void End(StudyCell cell, CellOutcome outcome)
    {
        if (outcome.Failure is string reason)
        {
            _failures.Add(new(cell, reason));
            _halted |= !outcome.IsDiverged;   // a full disk or a missing file would end the others, too
        }

        observer.CellEnded(cell, outcome, cell.IsFinished ? RunRecord.ReadSummary(cell.Run) : null);
        if (cell.IsFinished) StudyOutputs.Write(StudyResults.Read(plan, compare: false), figures: false);
    }

    private void Tell(Action action)
    {
        lock (_turn) action();
    }

    /// <summary>Side by side, cells share the cores; results do not depend on it.</summary>
    private Recipe WithThreads(Recipe recipe) =>
        recipe with
        {
            Run = recipe.Run with
            {
                Threads = recipe.Run.Threads
            ?? Math.Max(1, Environment.ProcessorCount / jobs)
            }
        };
}

/// <summary>Trains a cell to its end.</summary>
/// <param name="cell">The cell.</param>
/// <param name="recipe">Its recipe, with the threads it may use.</param>
/// <param name="logged">Gets the entries of the run's log.</param>
/// <param name="stop">Asks for an end after the current step.</param>
public delegate CellOutcome CellTrainer(StudyCell cell, Recipe recipe, Action<RunEvent> logged, CancellationToken stop);

/// <summary>Outcome of a cell.</summary>
/// <param name="Failure">Why it failed; null: it is complete, or was asked to stop.</param>
/// <param name="IsDiverged">It failed by itself, its numbers being infinite; that says nothing about the other
/// cells.</param>
public sealed record CellOutcome(string? Failure = null, bool IsDiverged = false);

/// <summary>A cell that failed.</summary>
public sealed record CellFailure(StudyCell Cell, string Reason);

/// <summary>Listens to a study, one call at a time.</summary>
public interface IStudyObserver
{
    /// <summary>Before the first cell.</summary>
    void Started(StudyPlan plan, int finished);

    /// <summary>A cell begins or goes on.</summary>
    void CellStarted(StudyCell cell);

    /// <summary>A cell logged something.</summary>
    void Logged(StudyCell cell, RunEvent entry);

    /// <summary>A cell ended; without a summary it is not complete.</summary>
    void CellEnded(StudyCell cell, CellOutcome outcome, RunSummary? summary);
}
