using System.Text.Json;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>Progress of a study, in a file beside its results: what <c>runs list</c> shows.</summary>
/// <param name="Cells">Number of cells.</param>
/// <param name="Finished">How many of them are finished.</param>
/// <param name="Cell">The cell that logged last; null: none.</param>
/// <param name="Epoch">Epochs it has done.</param>
/// <param name="Epochs">Epochs it has to do.</param>
/// <param name="Paused">Its processes stand still until they are told to go on.</param>
public sealed record StudyStatus(int Cells, int Finished, string? Cell, int Epoch, int Epochs, bool Paused)
{
    private const string Name = "status.json";

    /// <summary>The status of a study's directory; null where it has none that can be read.</summary>
    public static StudyStatus? Read(string directory)
    {
        try
        {
            string path = Path.Combine(directory, Name);
            return File.Exists(path) ? JsonText.Read<StudyStatus>(File.ReadAllText(path)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file; where that is impossible, whoever writes results learns of it.</summary>
    internal void Write(string directory)
    {
        try
        {
            AtomicFile.WriteText(Path.Combine(directory, Name), JsonText.Document(this));
        }
        catch (CheckpointException)
        {
            // Results matter; this is a view of them.
        }
    }
}

/// <summary>Keeps the status of a study up to date, and passes on what it hears.</summary>
/// <param name="next">Another listener.</param>
public sealed class StudyStatusWriter(IStudyObserver next) : IStudyObserver
{
    private readonly Lock _turn = new();
    private StudyStatus _status = new(0, 0, null, 0, 0, false);
    private string? _directory;

    /// <summary>Notes that the study stands still, or goes on.</summary>
    public void Pause(bool paused) => Change(status => status with { Paused = paused });

    /// <inheritdoc/>
    public void Started(StudyPlan plan, int finished)
    {
        _directory = plan.Directory;
        Change(_ => new StudyStatus(plan.Cells.Count, finished, null, 0, 0, false));
        next.Started(plan, finished);
    }

    /// <inheritdoc/>
    public void CellStarted(StudyCell cell)
    {
        Change(status => status with { Cell = cell.Label, Epoch = 0, Epochs = cell.Recipe.Optimisation.Epochs });
        next.CellStarted(cell);
    }

    /// <inheritdoc/>
    public void Logged(StudyCell cell, RunEvent entry)
    {
        if (entry.Event == "epoch")
            Change(status => status with
            {
                Cell = cell.Label,
                Epoch = entry.Epoch,
                Epochs = cell.Recipe.Optimisation.Epochs
            });
        next.Logged(cell, entry);
    }

    /// <inheritdoc/>
    public void CellEnded(StudyCell cell, CellOutcome outcome, RunSummary? summary)
    {
        if (summary is not null) Change(status => status with { Finished = status.Finished + 1, Cell = null });
        next.CellEnded(cell, outcome, summary);
    }

    private void Change(Func<StudyStatus, StudyStatus> change)
    {
        lock (_turn)
        {
            _status = change(_status);
            if (_directory is not null) _status.Write(_directory);
        }
    }
}
