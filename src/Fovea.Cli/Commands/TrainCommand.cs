using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea train</c>: every field of a recipe is an option.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        RecipeOption[] fields = [.. RecipeFields.All.Select(field => new RecipeOption(field))];
        Option<string?> recipe = Make.Text("--recipe", "FILE", "YAML file with any of the options below; the command line wins", "-c", "--config");
        Option<string?> resume = new("--resume")
        {
            HelpName = "[DIR]",
            Description = "Go on with a run; without DIR the newest under runs/",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> quiet = Make.Switch("--quiet", "Nothing but errors", "-q");
        Option<bool> json = Make.Switch("--json", "Metrics as JSON lines on standard output");

        Command command = new("train", "Train an image classifier. Without any option: a small ViT on drawn shapes, in about two minutes.")
        {
            recipe, resume, quiet, json,
        };
        foreach (RecipeOption field in fields) command.Add(field);
        command.SetAction(parsed =>
        {
            Recipe Apply(Recipe start) => WithOptions(start, fields, parsed);
            Recipe Read(Recipe start) => Apply(parsed.GetValue(recipe) is string file ? RecipeFile.Read(file, start) : start);
            IRunDisplay display = parsed.GetValue(quiet) ? new QuietDisplay()
                : parsed.GetValue(json) ? new JsonDisplay(terminal.Output)
                : terminal.IsInteractive ? new LiveDisplay(terminal.Console)
                : new PlainDisplay(terminal.Output);
            display.Show(() => parsed.GetResult(resume) is { Implicit: false }
                ? TrainingRun.Resume(parsed.GetValue(resume), old => Resumable(old, Apply(old), parsed.GetValue(recipe)), display, stop)
                : TrainingRun.Start(Read(ModelDefaults.Of(Read(Recipe.Default).Model.Name)), display, stop));
            return ExitCode.Success;
        });
        return command;
    }

    private static Recipe WithOptions(Recipe recipe, RecipeOption[] options, ParseResult parsed)
    {
        foreach (RecipeOption option in options)
            if (option.Given(parsed) is string text) recipe = option.Field.Write(recipe, text, option.Name);
        return recipe;
    }

    /// <summary>What makes a run the run it is has to stay; the rest may change.</summary>
    private static Recipe Resumable(Recipe old, Recipe changed, string? recipeFile)
    {
        if (recipeFile is not null) throw new UsageException("--recipe: a resumed run has its recipe; leave this out.");
        changed = RecipeResolver.WithCanonicalNames(changed);
        foreach (RecipeField field in RecipeFields.All.Where(field => field.FixedOnResume && field.Read(changed) != field.Read(old)))
            throw new UsageException($"--{field.Name}: a resumed run keeps '{field.Read(old)}'; '{field.Read(changed)}' needs a new run.");
        return changed;
    }
}
