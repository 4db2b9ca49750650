using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Lab.Inspections;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea explain similarity RUN</c>: linear CKA of the layers of one or two models.</summary>
internal static class SimilarityCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Command command = new("similarity",
            "Compare the layers of a model with each other, or with those of another model (--against), by linear "
                + "CKA.");
        InspectionOptions options = new(command, terminal, images: 500, against: true);
        command.SetAction(parsed =>
        {
            TrainedModel model = options.Source.Model(parsed);
            TrainedModel other = options.Against(parsed, options.Source.Device(parsed)) ?? model;
            (string own, string second) = other == model
                ? (InspectionOptions.NameOf(model), InspectionOptions.NameOf(model))
                : InspectionOptions.Names(model, other);
            return options.Report(parsed, SimilarityInspection.Of((own, model), (second, other),
                options.Images(parsed, model), options.BatchSize(parsed), stop));
        });
        return command;
    }
}
