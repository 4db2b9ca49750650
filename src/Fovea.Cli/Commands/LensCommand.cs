using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Lab.Inspections;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea explain lens RUN [FILE...]</c>: what the model would answer behind each block.</summary>
internal static class LensCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Command command = new("lens",
            "Read each block's tokens with the final norm and the classifier head (logit lens): accuracy by block on a "
                + "dataset, or class and probability by block of single images.");
        InspectionOptions options = new(command, terminal, images: 1000);
        ImageChoice choice = new(command, terminal.Error, terminal.Input);
        command.SetAction(parsed =>
        {
            bool single = choice.HasAny(parsed);
            if (single) choice.Check(parsed, options.Source);
            TrainedModel model = options.Source.Model(parsed);
            if (!single)
                return options.Report(parsed, LensInspection.OfDataset(model, options.Images(parsed, model),
                    options.BatchSize(parsed), stop));
            ChosenImages chosen = choice.Open(parsed, options.Source, model);
            (IImageDataset images, IReadOnlyList<string> names, _) = chosen.Readable();
            if (images.Count > 0) options.Report(parsed, LensInspection.OfImages(model, images, names));
            return choice.Complain(chosen);
        });
        return command;
    }
}
