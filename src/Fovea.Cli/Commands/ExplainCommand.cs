using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Lab.Explanations;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea explain RUN [FILE...]</c>: where a model looks in images, as figures and one page.</summary>
internal static class ExplainCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Option<string?> target = Make.Text("--class", "NAME",
            "Class to explain, by name or number; what the model says unless given");
        Option<string> directory = Make.TextOr("--out", "DIR", "explain",
            "Folder for explain.html and the figures as PNG");
        Command command = new("explain",
            "Show where a model looks: attention maps, rollout, relevance, and what its parts have learned.");
        foreach (Command inside in new[]
        {
            DistanceCommand.Create(terminal, stop), LensCommand.Create(terminal, stop),
            PatchCommand.Create(terminal, stop), AblateCommand.Create(terminal, stop),
            SimilarityCommand.Create(terminal, stop),
        })
            command.Add(inside);
        ModelSource source = new(command, terminal.Error, PublishedFiles.On(terminal));
        ImageChoice choice = new(command, terminal.Error, terminal.Input);
        command.Add(target);
        command.Add(directory);
        command.SetAction(parsed =>
        {
            choice.Check(parsed, source);
            TrainedModel model = source.Model(parsed);
            ChosenImages chosen = choice.Open(parsed, source, model);
            (IImageDataset images, IReadOnlyList<string> names, IReadOnlyList<string?> truths) = chosen.Readable();
            if (images.Count == 0) return choice.Complain(chosen);
            ModelExplanation explanation = Explainer.Explain(model, images, names, truths, parsed.GetValue(target));
            string page = ExplanationOutputs.Write(explanation, parsed.GetRequiredValue(directory));
            foreach (ExplainedImage image in explanation.Images)
                terminal.Console.Line($"{image.Name}: {image.Answer}");
            terminal.Console.Line(page);
            return choice.Complain(chosen);
        });
        return command;
    }
}
