using Fovea.Core.Collectives;
using Fovea.Core.Files;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Ranks;
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
    /// <param name="ranks">The ranks that train together; null: those that a launcher started, or this process
    /// alone.</param>
    /// <exception cref="UsageException">A name does not exist, a value makes no sense, or the directory holds a
    /// run.</exception>
    /// <exception cref="DataException">The dataset cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    /// <exception cref="TrainingDivergedException">Numbers became infinite or NaN.</exception>
    /// <exception cref="CheckpointException">A file could not be written.</exception>
    public static RunSummary Start(Recipe recipe, IRunObserver observer, CancellationToken stop,
        DatasetSplits? data = null, ICollective? ranks = null)
    {
        ranks = Joined(ranks, "start");
        using IDisposable? liveness = Liveness.Start(ranks);
        Recipe asked = recipe;
        recipe = ShardChoice.Resolve(recipe, ranks, IsLaunched(ranks));
        TrainingParts parts = TrainingSetup.New(recipe, data, observer.Cached, ranks, stop);
        RequireSame(parts, recipe);
        if (ranks.Rank > 0) return Follow(parts, observer, stop);
        RunDirectory run = RunDirectory.Create(recipe.Run.Out, parts.Recipe.Model.Name, parts.Data.Info.Name,
            DateTime.Now);
        using DirectoryLock turn = run.Take();
        return Begin(parts, run, asked, observer, stop);
    }

    /// <summary>Goes on with an interrupted, killed or finished run, bit for bit as if it had never stopped.</summary>
    /// <param name="directory">The run directory, or one of its checkpoints to go on from; null: the newest
    /// run.</param>
    /// <param name="change">From the run's recipe to the one to go on with, e.g. with more epochs.</param>
    /// <param name="observer">Listens to the run.</param>
    /// <param name="stop">Ends the run after the current step, with a checkpoint to go on from.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <param name="ranks">The ranks that train together, as many as one likes; null: those that a launcher started, or
    /// this process alone.</param>
    /// <inheritdoc cref="Start"/>
    public static RunSummary Resume(
        string? directory, Func<Recipe, Recipe> change, IRunObserver observer, CancellationToken stop,
        DatasetSplits? data = null, ICollective? ranks = null)
    {
        ranks = Joined(ranks, "resume");
        using IDisposable? liveness = Liveness.Start(ranks);
        RunDirectory? found = ranks.Rank == 0 ? RunDirectory.ForResume(directory) : null;
        using DirectoryLock? turn = found?.Take();
        string place = RankExchange.Text(ranks, found?.Path)!;
        RunDirectory run = found ?? new(place);
        bool isBegun = RankExchange.Text(ranks, run.ResumeCheckpoint is null ? null : "begun") is not null;
        TrainingParts Resumed(string path)
        {
            using CheckpointReader checkpoint = ranks.Rank == 0 ? ResumePoint.Open(run) : CheckpointReader.Open(path);
            Recipe old = checkpoint.Head.Recipe, recipe = change(old);
            recipe = ShardChoice.Resolve(recipe, ranks, isLaunched: false);
            string? idle = null;
            if (checkpoint.Head.State.Epoch >= recipe.Optimisation.Epochs) (recipe, idle) = AsTrained(old, recipe);
            TrainingParts parts = TrainingSetup.Resume(checkpoint, recipe, data, observer.Cached, ranks, stop);
            if (idle is not null) parts = parts with { Notes = [.. parts.Notes, idle] };
            if ((old.Optimisation.Shards ?? 1) == recipe.Optimisation.Shards) return parts;
            return parts with
            {
                Notes = [.. parts.Notes,
                    $"this run's batches had {old.Optimisation.Shards ?? 1} shards so far and have "
                    + $"{recipe.Optimisation.Shards} from now on (`shards`), which changes the bits of its results."],
            };
        }

        if (!isBegun)   // killed before its first one: there is nothing to keep
        {
            if (File.Exists(run.Summary))
                throw new UsageException($"'{run.Path}' holds the results of a whole run, but no checkpoint to go on "
                    + "from: it would begin anew, and these be lost.")
                {
                    Remedy = $"Train into another `out`; '{run.Config}' is its recipe.",
                };
            Recipe recipe = RankExchange.WithFile(ranks, run.Config, path => change(RunRecord.AskedRecipe(path)));
            recipe = ShardChoice.Resolve(recipe, ranks, isLaunched: false);
            TrainingParts begun = TrainingSetup.New(recipe, data, observer.Cached, ranks, stop);
            begun = begun with
            {
                Notes = [.. begun.Notes, "there is no checkpoint to go on from: the run begins anew."],
            };
            RequireSame(begun, recipe);
            return ranks.Rank > 0 ? Follow(begun, observer, stop) : Begin(begun, run, recipe, observer, stop);
        }

        TrainingParts parts = RankExchange.WithFile(ranks, run.ResumeCheckpoint ?? run.LastCheckpoint, Resumed);
        RequireSame(parts, parts.Recipe);
        if (ranks.Rank > 0) return Follow(parts, observer, stop);
        WriteConfig(parts, run, parts.Recipe);
        if (parts.State.Epoch < parts.Recipe.Optimisation.Epochs) RemoveResults(run);
        RankExchange.Text(ranks, run.Path);
        using RunLog log = RunLog.Continue(run, parts.State.Epoch, parts.State.Step);
        return Run(parts, run, log, observer, stop);
    }

    /// <summary>The recipe of a run that has no epoch left to train: how it was trained stays as it was.</summary>
    /// <param name="old">The run's.</param>
    /// <param name="asked">With changes.</param>
    /// <returns>That, and a sentence on what was asked for in vain; null: nothing.</returns>
    private static (Recipe Recipe, string? Idle) AsTrained(Recipe old, Recipe asked)
    {
        Recipe recipe = asked with
        {
            Model = old.Model,
            Optimisation = old.Optimisation with { Epochs = asked.Optimisation.Epochs },
            Schedule = old.Schedule,
            Regularisation = old.Regularisation,
            Distillation = old.Distillation,
            SemiSupervised = old.SemiSupervised,
            Pretraining = old.Pretraining,
            Data = asked.Data with
            {
                Augmentation = old.Data.Augmentation,
                AutoAugment = old.Data.AutoAugment,
                ColorJitter = old.Data.ColorJitter,
                HorizontalFlip = old.Data.HorizontalFlip,
                VerticalFlip = old.Data.VerticalFlip,
            },
        };
        string[] idle = [.. RecipeFields.All
            .Where(field => !field.IsShorthand && field.Read(asked) != field.Read(recipe))
            .Select(field => $"`{field.Name}`")];
        return (recipe, idle.Length == 0 ? null
            : $"the run has done all its epochs: {string.Join(", ", idle)} would change nothing and "
                + $"{(idle.Length == 1 ? "stays" : "stay")} as {(idle.Length == 1 ? "it was" : "they were")} (more "
                + "`epochs` go on).");
    }

    /// <summary>True where a run was begun in a directory: what rank 0 sees there, for all ranks.</summary>
    /// <param name="directory">The run directory; looked at on rank 0 only.</param>
    /// <param name="ranks">The ranks; null: those that a launcher started, or this process alone.</param>
    public static bool IsBegun(string directory, ICollective? ranks = null)
    {
        ranks ??= Collective.Open();
        bool isBegun = ranks.Rank == 0 && File.Exists(new RunDirectory(directory).Config);
        return RankExchange.Text(ranks, isBegun ? "begun" : null) is not null;
    }

    /// <summary>The ranks of this run, all of one version and with one command: those that start and those that resume
    /// would wait for each other.</summary>
    private static ICollective Joined(ICollective? ranks, string command)
    {
        ranks ??= Collective.Open();
        RankAgreement.Require(ranks, [("version", Machine.Version), ("command", command)]);
        return ranks;
    }

    /// <summary>A launcher's run of one rank has the bits of one with several.</summary>
    private static bool IsLaunched(ICollective ranks) => ranks.Size > 1 || ranks is not SingleProcess;

    /// <summary>Compares what makes the results with the other ranks.</summary>
    private static void RequireSame(TrainingParts parts, Recipe asked)
    {
        ICollective ranks = parts.Shards.Ranks;
        if (ranks.Size == 1) return;
        // each machine's own
        string[] own = ["data", "labels", "cache", "workers", "threads", "pin", "out", "weights"];
        RankAgreement.Require(ranks,
        [
            .. from recipe in new HashSet<Recipe> { asked, parts.Recipe }
               from field in RecipeFields.All
               where !own.Contains(field.Name)
               select (field.Name, field.Read(recipe)),
            ("class names", string.Join(", ", parts.Data.Info.ClassNames)),
            ("training images", Listing(parts.Data.Train)),
            ("validation images", Listing(parts.Data.Validation)),
            ("test images", Listing(parts.Data.Test)),
            ("first weights", RankAgreement.ChecksumOf(parts.Model)),
        ]);
    }

    private static string Listing(IImageDataset part) =>
        $"{part.Count} images, names {PartListing.Of(part).Digest[..8]}, pixels {RankAgreement.ChecksumOf(part)[..8]}";

    /// <summary>The run on a rank other than 0, which writes nothing.</summary>
    private static RunSummary Follow(TrainingParts parts, IRunObserver observer, CancellationToken stop)
    {
        RunDirectory run = new(RankExchange.Text(parts.Shards.Ranks, null)!);
        using RunLog log = RunLog.Unwritten();
        return Run(parts, run, log, observer, stop);
    }

    /// <summary>The recipe comes first: with it, the directory is known as a run, whatever happens next.</summary>
    private static RunSummary Begin(TrainingParts parts, RunDirectory run, Recipe asked, IRunObserver observer,
        CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(run.LastCheckpoint)!);
        WriteConfig(parts, run, asked);
        if (parts.Recipe.SemiSupervised.LabelsPerClass is not null && parts.Data.Train is Subset chosen)
            ChosenLabels.Write(chosen, run.Labelled);
        RankExchange.Text(parts.Shards.Ranks, run.Path);
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

    /// <summary>A finished run that gets more epochs is not finished until it has them: final figures would be those of
    /// fewer epochs, if it were interrupted.</summary>
    private static void RemoveResults(RunDirectory run)
    {
        foreach (string old in (string[])[run.Predictions, run.Summary])   // what ends a run, first
            try
            {
                File.Delete(old);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException($"{old}: cannot be removed: {error.Message}", error);
            }
    }

    private static RunSummary Run(
        TrainingParts parts, RunDirectory run, RunLog log, IRunObserver observer, CancellationToken stop)
    {
        ICollective ranks = parts.Shards.Ranks;
        if (ranks.Rank > 0) return RunWithoutFiles(parts, run, log, observer, stop);

        // Trackers come last: they take the figures that other observers leave in the run directory.
        using TrackingObserver tracking = new(parts.Recipe.Run, run.Path, observer.Warned);
        ObserverList observers = new(observer, tracking);
        Trainer trainer = new(parts, run, log, observers);
        RunOutcome outcome = new(trainer.Plan, parts.Data, parts.State, log.Events);
        try
        {
            (RunSummary summary, EvaluationResult test) = trainer.Run(stop);
            if (test.MultiLabel is null)
                TestPredictions.Of(test, parts.Data.Test).Write(run, parts.Data.Info.ClassNames);
            observers.Ended(outcome with { Summary = summary, Test = test });
            ranks.Barrier();
            return summary;
        }
        catch (OperationCanceledException)
        {
            observers.Ended(outcome);
            ranks.Barrier();
            throw new RunInterruptedException(run.Path, parts.State.Step);
        }
    }

    /// <summary>Trains, and waits until rank 0 has written everything: the first process that ends with an error ends
    /// all.</summary>
    private static RunSummary RunWithoutFiles(
        TrainingParts parts, RunDirectory run, RunLog log, IRunObserver observer, CancellationToken stop)
    {
        Trainer trainer = new(parts, run, log, observer);
        try
        {
            RunSummary summary = trainer.Run(stop).Summary;
            parts.Shards.Ranks.Barrier();
            return summary;
        }
        catch (OperationCanceledException)
        {
            parts.Shards.Ranks.Barrier();
            throw new RunInterruptedException(run.Path, parts.State.Step);
        }
    }
}
