using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea eval RUN</c>: accuracy of a trained model, class by class.</summary>
internal static class EvalCommand
{
    /// <summary>Classes up to which those without images have a row, too.</summary>
    private const int MostEmptyRows = 20;

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 64, "Images at a time", "-b");
        Option<int?> limit = Make.Maybe("--eval-limit", SizeForms.Count, "At most so many images");
        Option<string> views = Make.Choice("--tta", "Average over the image and its mirror image", "none", "flip");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("eval", "Evaluate a trained model on a dataset.");
        ModelSource source = new(command, terminal.Error, PublishedFiles.On(terminal));
        foreach (Option option in new Option[] { batchSize, limit, views, json }) command.Add(option);
        command.SetAction(parsed =>
        {
            TrainedModel model = source.Model(parsed);
            (IImageDataset images, string split) = source.Part(parsed, model, parsed.GetValue(limit));
            if (images.Count == 0)
                throw new DataException($"the dataset '{images.Info.Name}' has no images in its part '{split}'.");
            TestTimeAugmentation augmentation = Enum.Parse<TestTimeAugmentation>(parsed.GetRequiredValue(views),
                ignoreCase: true);
            EvaluationResult result = model.Evaluate(images, parsed.GetValue(batchSize), augmentation, stop);
            if (result.MultiLabel is MultiLabelResult several)
            {
                if (parsed.GetValue(json))
                    terminal.Output.Document(Describe(model, images.Info, split, result, several));
                else Print(terminal.Console, images.Info, split, result, several);
            }
            else if (parsed.GetValue(json))
                terminal.Output.Document(Describe(model, images.Info, split, result));
            else Print(terminal.Console, images.Info, split, result);
            return ExitCode.Success;
        });
        return command;
    }

    private static object Describe(TrainedModel model, DatasetInfo info, string split, EvaluationResult result) => new
    {
        Model = model.Head.Recipe.Model.Name,
        Checkpoint = model.Path,
        Dataset = info.Name,
        Split = split,
        Images = result.Count,
        result.Loss,
        result.Top1,
        result.Top5,
        Classes = Enumerable.Range(0, info.Classes).Select(label => new
        {
            Name = info.ClassNames[label],
            Id = info.ClassIds?[label],
            result.OfClass(label).Images,
            result.OfClass(label).Right,
            Accuracy = Accuracy(result, label),
        }),
    };

    private static object Describe(TrainedModel model, DatasetInfo info, string split, EvaluationResult result,
        MultiLabelResult several) => new
        {
            Model = model.Head.Recipe.Model.Name,
            Checkpoint = model.Path,
            Dataset = info.Name,
            Split = split,
            Images = result.Count,
            result.Loss,
            Map = several.MeanAveragePrecision,
            ExactMatch = result.Top1,
            Classes = several.Classes.Select((one, label) => new
            {
                Name = info.ClassNames[label],
                Images = one.Positives,
                one.AveragePrecision,
                one.Predicted,
                one.Right,
            }),
        };

    private static void Print(IAnsiConsole console, DatasetInfo info, string split, EvaluationResult result,
        MultiLabelResult several)
    {
        Tables table = Tables.Create("class", ">images", ">average precision", ">precision", ">recall");
        foreach ((int label, ClassResult one) in several.Classes.Index())
            table.AddRow(Cell.Name(info.ClassNames[label]), new Cell($"{one.Positives}"),
                new Cell(Phrases.Percent(one.AveragePrecision)),
                new Cell(Phrases.Percent(Share(one.Right, one.Predicted))),
                new Cell(Phrases.Percent(Share(one.Right, one.Positives))));
        console.Write(table);
        string[] absent = [.. several.Classes.Index().Where(entry => entry.Item.Positives == 0)
            .Select(entry => $"'{info.ClassNames[entry.Index]}'")];
        console.Line($"{info.Name}, {split}, {Phrases.Count(result.Count)} images: mAP "
            + $"{Phrases.Percent(several.MeanAveragePrecision)}, all classes right {Phrases.Percent(result.Top1)}, "
            + $"loss {Phrases.Loss(result.Loss)}; precision and recall at a probability of 50 %");
        if (absent.Length > 0)
            console.Line($"left out of the mAP, because no image has them: {string.Join(", ", absent)}");
    }

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;

    private static void Print(IAnsiConsole console, DatasetInfo info, string split, EvaluationResult result)
    {
        Tables table = Tables.Create("class", ">images", ">right", ">accuracy");
        for (int label = 0; label < info.Classes; label++)
        {
            (int images, int right) = result.OfClass(label);
            if (images == 0 && info.Classes > MostEmptyRows) continue;
            table.AddRow(
                Cell.Name(info.ClassNames[label]), new Cell($"{images}"), new Cell($"{right}"),
                new Cell(Phrases.Percent(Accuracy(result, label))));
        }

        console.Write(table);
        console.Line(
            $"{info.Name}, {split}, {Phrases.Count(result.Count)} images: top-1 {Phrases.Percent(result.Top1)}, "
            + $"top-5 {Phrases.Percent(result.Top5)}, loss {Phrases.Loss(result.Loss)}");
    }

    private static double? Accuracy(EvaluationResult result, int label)
    {
        (int images, int right) = result.OfClass(label);
        return images > 0 ? (double)right / images : null;
    }
}
