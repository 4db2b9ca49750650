using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Data;
using Fovea.Lab.Inspections;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea explain distance RUN</c>: how far, how widely and how evenly heads attend.</summary>
internal static class DistanceCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Command command = new("distance",
            "Measure how far each head looks, its entropy, and the sums of its rows and columns; two models side by "
                + "side with --against.");
        InspectionOptions options = new(command, terminal, images: 100, against: true);
        command.SetAction(parsed =>
        {
            TrainedModel model = options.Source.Model(parsed);
            TrainedModel? other = options.Against(parsed, options.Source.Device(parsed));
            IImageDataset images = options.Images(parsed, model);
            if (other is null)
                return options.Report(parsed, DistanceInspection.Of([(InspectionOptions.NameOf(model), model, images)],
                    options.BatchSize(parsed), stop));
            (string own, string second) = InspectionOptions.Names(model, other);
            return options.Report(parsed, DistanceInspection.Of([(own, model, images), (second, other, images)],
                options.BatchSize(parsed), stop));
        });
        return command;
    }
}
