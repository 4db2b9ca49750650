using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Lab.Inspections;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea explain ablate RUN</c>: accuracy without each head.</summary>
internal static class AblateCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Command command = new("ablate",
            "Measure the accuracy without each attention head, and without all heads of a block: with zeros in their "
                + "place, and with their mean over the images.");
        InspectionOptions options = new(command, terminal, images: 500);
        command.SetAction(parsed =>
        {
            TrainedModel model = options.Source.Model(parsed);
            return options.Report(parsed, AblationInspection.Of(model, options.Images(parsed, model),
                options.BatchSize(parsed), stop));
        });
        return command;
    }
}
