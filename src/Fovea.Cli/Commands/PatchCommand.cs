using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Lab.Inspections;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea explain patch RUN FILE FILE</c>: parts of one image's way through a model replaced by
/// another's.</summary>
internal static class PatchCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Option<string?> own = Make.Text("--class", "NAME",
            "Class of the first image, by name or number; what the model says unless given");
        Option<string?> other = Make.Text("--other-class", "NAME",
            "Class of the second image, by name or number; what the model says unless given");
        Option<string> by = Make.Choice("--by",
            "What is replaced; tokens take as many passes as there are tokens and blocks", "both", "heads");
        Command command = new("patch",
            "Replace parts of one image's way through a model, head by head and token by token, with another image's "
                + "(activation patching), and show how far that moves the answer.");
        InspectionOptions options = new(command, terminal);
        ImageChoice choice = new(command, terminal.Error, terminal.Input);
        foreach (Option option in new Option[] { own, other, by }) command.Add(option);
        command.SetAction(parsed =>
        {
            choice.Check(parsed, options.Source);
            TrainedModel model = options.Source.Model(parsed);
            ChosenImages chosen = choice.Open(parsed, options.Source, model);
            if (chosen.Names.Count != 2)
                throw new UsageException($"patch: two images are needed, that which is patched and the other; got "
                    + $"{chosen.Names.Count}.");
            (IImageDataset images, IReadOnlyList<string> names, _) = chosen.Readable();
            if (images.Count < 2) return choice.Complain(chosen);
            return options.Report(parsed, PatchInspection.Of(model, images, names,
                (parsed.GetValue(own), parsed.GetValue(other)), parsed.GetRequiredValue(by) == "both", stop));
        });
        return command;
    }
}
