using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Cli.Signals;
using Fovea.Core.Collectives;
using Fovea.Lab.Reports;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea train</c> and <c>fovea finetune</c>: every field of a recipe is an option; they differ in where a
/// recipe starts from.</summary>
internal static class TrainCommand
{
    /// <summary>Training from drawn weights, with what suits the model.</summary>
    public static Command Create(Terminal terminal, CancellationToken stop) => Create(
        "train", "Train an image classifier. Without any option: a small ViT on drawn shapes, in about two minutes.",
        asked => ModelDefaults.Of(PretrainedWeights.Resolve(asked)),
        field => field.Read(ModelDefaults.Of(Recipe.Default.Model.Name)), terminal, stop);

    /// <summary>Training from another model's weights; see <see cref="FineTuning.Start"/>.</summary>
    public static Command CreateFineTune(Terminal terminal, CancellationToken stop) => Create(
        "finetune",
        "Fine-tune the model of a run or file, with a new head if the classes differ. The options are those of "
            + "'train', with other defaults: the model of the weights, --lr 5e-4, --layer-decay 0.75, "
            + "--label-smoothing 0.1 and --drop-path 0.1; with --freeze all, --lr 1e-3 and no decay.",
        FineTuning.Start, FineTuneDefault, terminal, stop, Make.Model());

    /// <summary>Training without classes; see <see cref="PretrainingChoice.Start"/>.</summary>
    public static Command CreatePretrain(Terminal terminal, CancellationToken stop) => Create(
        "pretrain",
        "Learn from images without their classes: by predicting hidden patches (mae) or by making views of an image "
            + "agree (dino). 'finetune', 'train --weights' and 'probe' start from the result. The options are those of "
            + "'train', with the defaults of the method's paper: --epochs 100, --lr-scaling linear, and mae --lr "
            + "1.5e-4, --weight-decay 0.05 and --betas 0.9,0.95, or dino --lr 5e-4, --weight-decay 0.04, "
            + "--weight-decay-end 0.4, --min-lr 1e-6, --clip-grad 3 and --drop-path 0.1.",
        PretrainingChoice.Start, PretrainDefault, terminal, stop, pretrains: true);

    private static string PretrainDefault(RecipeField field) => field.Name switch
    {
        "method" => "mae or dino",
        "lr" or "weight-decay" or "weight-decay-end" or "betas" or "clip-grad" or "drop-path" or "min-lr"
            or "augment" => "the method's",
        "warmup-epochs" => "a tenth of all",
        "teacher-warmup-epochs" => "30",
        _ => field.Read(PretrainingChoice.Start(Recipe.Default with
        {
            Pretraining = new() { Method = PretrainingMethod.Mae },
        })),
    };

    private static string FineTuneDefault(RecipeField field) => field.Name switch
    {
        "model" or "image-size" => "that of the weights",
        "weights" => "RUN",
        _ => field.Read(FineTuning.Defaults),
    };

    /// <param name="name">The name of the command.</param>
    /// <param name="description">The description of the command.</param>
    /// <param name="start">The values that the recipe file and the command line start from.</param>
    /// <param name="standard">What is used for a field unless it is given, for help.</param>
    /// <param name="terminal">The writers.</param>
    /// <param name="stop">Ctrl-C.</param>
    /// <param name="run">Names the weights to start from; null: an option only.</param>
    /// <param name="pretrains">Has the options of learning without classes, and tells at its end what was
    /// learned.</param>
    private static Command Create(string name, string description, Func<Recipe, Recipe> start,
        Func<RecipeField, string> standard, Terminal terminal, CancellationToken stop, Argument<string?>? run = null,
        bool pretrains = false)
    {
        RecipeOption[] fields = [.. RecipeFields.All.Where(field => pretrains || !field.IsOfPretraining)
            .Select(field => new RecipeOption(field, standard(field)))];
        Option<string?> recipe = Make.Text("--recipe", "FILE",
            "YAML file with any of the options below; the command line wins", "-c", "--config");
        Option<string?> resume = new("--resume")
        {
            HelpName = "[DIR]",
            Description = "Go on with a run, or from one of its checkpoints; without DIR the newest under runs/",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> goesOn = Make.Switch("--continue",
            "Go on with the run in --out as --resume does, where one was begun there; the other options are those of "
                + "its start");
        Option<bool> quiet = Make.Switch("--quiet", "Nothing but errors", "-q");
        Option<bool> json = Make.Switch("--json", "Metrics as JSON lines on standard output");

        Command command = new(name, description)
        {
            recipe, resume, goesOn, quiet, json,
        };
        if (run is not null) command.Add(run);
        FindLearningRate? find = pretrains ? null : new(command, terminal);
        NeighbourCheck? check = pretrains ? new(command, terminal) : null;
        foreach (RecipeOption field in fields) command.Add(field);
        command.SetAction(parsed =>
        {
            Recipe Apply(Recipe from) => From(run, parsed, RecipeOption.Apply(from, fields, parsed));
            Recipe Read(Recipe from) => Apply(parsed.GetValue(recipe) is string file ? ReadFile(file, from) : from);
            bool isResumed = parsed.GetResult(resume) is { Implicit: false };
            string? begun = parsed.GetValue(goesOn) ? Begun(parsed, isResumed) : null;
            if (isResumed && run is not null && parsed.GetValue(run) is string other)
                throw new UsageException($"--resume: a resumed run has its weights; leave '{other}' out.");
            if (!isResumed && begun is null)
                PublishedFiles.Fetch(PretrainedWeights.Missing(Read(Recipe.Default)), terminal, stop);
            if (find?.IsAsked(parsed) == true)
            {
                if (isResumed || begun is not null)
                    throw new UsageException("--find-lr: tests the beginning of a run; leave "
                        + $"{(isResumed ? "--resume" : "--continue")} out.");
                _ = Collective.Open();   // so that the first rank that ends, ends all
                Launcher.RequireOne(Launcher.Current, $"{name} --find-lr");
                find.Run(parsed, Read(start(Read(Recipe.Default))), parsed.GetValue(quiet), parsed.GetValue(json),
                    stop);
                return ExitCode.Success;
            }

            IRunDisplay display = parsed.GetValue(quiet) || Collective.Open().Rank > 0 ? new QuietDisplay()
                : parsed.GetValue(json) ? new JsonDisplay(terminal.Output, terminal.Error)
                : terminal.IsInteractive ? new LiveDisplay(terminal.Console)
                : new PlainDisplay(terminal.Output, terminal.Typed, terminal.Idle);
            using WorkInHand work = new();
            ObserverList observers = Collective.Open().Rank > 0 ? new(work)
                : new(work, new ReportObserver(terminal.Typed, terminal.Idle), display);
            if (check is not null) observers = new(observers, check);
            display.Show(() => begun is not null ? TrainingRun.Resume(begun, old => old, observers, stop)
                : isResumed ? TrainingRun.Resume(parsed.GetValue(resume),
                    old => Resumable(old, Apply(old), parsed.GetValue(recipe)), observers, stop)
                : TrainingRun.Start(Read(start(Read(Recipe.Default))), observers, stop));
            check?.Run(parsed, parsed.GetValue(quiet), parsed.GetValue(json), stop);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The directory of the run to go on with; null where there is none yet.</summary>
    private static string? Begun(ParseResult parsed, bool isResumed)
    {
        if (isResumed) throw new UsageException("--continue: finds a run in --out; leave --resume out.");
        string directory = parsed.GetValue<string?>("--out")
            ?? throw new UsageException("--continue: needs a directory to look in; give --out.");
        return TrainingRun.IsBegun(directory) ? directory : null;
    }

    /// <summary>The recipe with the weights that the argument names.</summary>
    private static Recipe From(Argument<string?>? run, ParseResult parsed, Recipe recipe) =>
        run is null || parsed.GetValue(run) is null ? recipe : recipe with
        {
            Model = recipe.Model with { Weights = Make.ModelOf(parsed, run, parsed.GetValue<string?>("--weights")) },
        };

    /// <summary>The recipe of a file; that of a run serves another one, in a directory of its own.</summary>
    private static Recipe ReadFile(string file, Recipe from)
    {
        Recipe read = RecipeFile.Read(file, from);
        bool isOwn = read.Run.Out is string directory
            && Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))
                == Path.GetDirectoryName(Path.GetFullPath(file));
        return isOwn ? read with { Run = read.Run with { Out = from.Run.Out } } : read;
    }

    /// <summary>Refuses changes of fields that define the run; other fields may change.</summary>
    private static Recipe Resumable(Recipe old, Recipe changed, string? recipeFile)
    {
        if (recipeFile is not null) throw new UsageException("--recipe: a resumed run has its recipe; leave this out.");
        changed = RecipeResolver.WithCanonicalNames(changed);
        foreach (RecipeField field in RecipeFields.All.Where(field => field.FixedOnResume
            && field.Read(changed) != field.Read(old)))
            throw new UsageException(
                $"--{field.Name}: a resumed run keeps '{field.Read(old)}'; '{field.Read(changed)}' needs a new run.");
        return changed;
    }
}
