using Fovea.Core.Files;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking;

namespace Fovea.Training;

/// <summary>A whole run: directory, training, report. This is what <c>fovea train</c> calls.</summary>
public static class TrainingRun
{
    /// <summary>Starts a new run in a directory of its own.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="observer">Listens to the run.</param>
    /// <param name="stop">Ends the run after the current step, with a checkpoint to go on from.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <exception cref="UsageException">A name does not exist, a value makes no sense, or the directory holds a
    /// run.</exception>
    /// <exception cref="DataException">The dataset cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    /// <exception cref="TrainingDivergedException">Numbers became infinite or NaN.</exception>
    /// <exception cref="CheckpointException">A file could not be written.</exception>
    public static RunSummary Start(Recipe recipe, IRunObserver observer, CancellationToken stop,
        DatasetSplits? data = null)
    {
        TrainingParts parts = TrainingSetup.New(recipe, data, observer.Cached, stop);
        RunDirectory run = RunDirectory.Create(recipe.Run.Out, parts.Recipe.Model.Name, parts.Data.Info.Name,
            DateTime.Now);
        using DirectoryLock turn = run.Take();
        return Begin(parts, run, recipe, observer, stop);
    }

    /// <summary>Goes on with an interrupted, killed or finished run, bit for bit as if it had never stopped.</summary>
    /// <param name="directory">The run directory, or one of its checkpoints to go on from; null: the newest
    /// run.</param>
    /// <param name="change">From the run's recipe to the one to go on with, e.g. with more epochs.</param>
    /// <param name="observer">Listens to the run.</param>
    /// <param name="stop">Ends the run after the current step, with a checkpoint to go on from.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <inheritdoc cref="Start"/>
    public static RunSummary Resume(
        string? directory, Func<Recipe, Recipe> change, IRunObserver observer, CancellationToken stop,
        DatasetSplits? data = null)
    {
        RunDirectory run = RunDirectory.ForResume(directory);
        using DirectoryLock turn = run.Take();
        if (run.ResumeCheckpoint is null)   // killed before its first one: there is nothing to keep
        {
            Recipe recipe = change(RunRecord.ReadRecipe(run));
            return Begin(TrainingSetup.New(recipe, data, observer.Cached, stop), run, recipe, observer, stop);
        }

        TrainingParts parts;
        using (CheckpointReader checkpoint = ResumePoint.Open(run))
            parts = TrainingSetup.Resume(checkpoint, change(checkpoint.Head.Recipe), data, observer.Cached, stop);
        WriteConfig(parts, run, parts.Recipe);
        using RunLog log = RunLog.Continue(run, parts.State.Epoch, parts.State.Step);
        return Run(parts, run, log, observer, stop);
    }

    /// <summary>The recipe comes first: with it, the directory is known as a run, whatever happens next.</summary>
    private static RunSummary Begin(TrainingParts parts, RunDirectory run, Recipe asked, IRunObserver observer,
        CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(run.LastCheckpoint)!);
        WriteConfig(parts, run, asked);
        using RunLog log = RunLog.Begin(run);
        return Run(parts, run, log, observer, stop);
    }

    /// <summary>Writes what is used, and beside it what was asked for. Of a run that goes on, what its first command
    /// asked for stays, where the same is used.</summary>
    private static void WriteConfig(TrainingParts parts, RunDirectory run, Recipe asked)
    {
        Recipe used = UsedRecipe.Of(parts);
        used = used with { Run = used.Run with { Out = used.Run.Out ?? run.Path } };
        Dictionary<string, string> wanted = RecipeFields.All.ToDictionary(field => field.Name,
            field => field.Read(asked));
        if (File.Exists(run.Config))
        {
            Recipe before = RunRecord.ReadRecipe(run);
            foreach ((string name, string text) in RunRecord.ReadAsked(run))
                if (RecipeFields.Find(name) is { } field && field.Read(before) == field.Read(used)) wanted[name] = text;
        }

        AtomicFile.WriteText(run.Config, RecipeFile.Print(used, wanted));
    }

    private static RunSummary Run(
        TrainingParts parts, RunDirectory run, RunLog log, IRunObserver observer, CancellationToken stop)
    {
        // Trackers come last: they take the figures that other observers leave in the run directory.
        using TrackingObserver tracking = new(parts.Recipe.Run, run.Path, observer.Warned);
        ObserverList observers = new(observer, tracking);
        Trainer trainer = new(parts, run, log, observers);
        RunOutcome outcome = new(trainer.Plan, parts.Data, parts.State, log.Events);
        try
        {
            (RunSummary summary, EvaluationResult test) = trainer.Run(stop);
            TestPredictions.Of(test).Write(run, parts.Data.Info.ClassNames);
            observers.Ended(outcome with { Summary = summary, Test = test });
            return summary;
        }
        catch (OperationCanceledException)
        {
            observers.Ended(outcome);
            throw new RunInterruptedException(run.Path, parts.State.Step);
        }
    }
}
