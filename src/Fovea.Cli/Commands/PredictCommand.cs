using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Images;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Training;
using Fovea.Training.Runs;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea predict RUN [FILE...]</c>: the most probable classes of pictures.</summary>
internal static class PredictCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string[]> files = new("FILE...") { Description = "Pictures (PNG, JPEG, BMP, PPM, PGM or PBM)", Arity = ArgumentArity.ZeroOrMore };
        Option<int[]> indices = new("--index")
        {
            HelpName = "N,N,...",
            Description = "Pictures of the dataset, by number",
            CustomParser = ReadIndices,
            DefaultValueFactory = _ => [],
        };
        Option<int> top = Make.Count("--top", 3, "Classes to show");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("predict", "Classify pictures with a trained model.");
        ModelSource source = new(command);
        command.Add(files);
        foreach (Option option in new Option[] { indices, top, json }) command.Add(option);
        command.SetAction(parsed =>
        {
            string[] paths = parsed.GetValue(files) ?? [];
            int[] numbers = parsed.GetValue(indices) ?? [];
            if (paths.Length > 0 == numbers.Length > 0)
                throw new UsageException("predict: name picture files, or numbers of the dataset's pictures with --index.");
            TrainedModel model = source.Model(parsed);
            List<Prediction> predictions = paths.Length > 0
                ? OfFiles(model, paths, parsed.GetValue(top))
                : OfDataset(model, source.Pictures(parsed, model.Head.Recipe), numbers, parsed.GetValue(top));
            if (parsed.GetValue(json)) terminal.Output.WriteLine(RunJson.Document(new { Checkpoint = model.Path, Predictions = predictions }));
            else Print(terminal.Console, predictions);
            return ExitCode.Success;
        });
        return command;
    }

    private static List<Prediction> OfFiles(TrainedModel model, string[] paths, int top) =>
        [.. model.Predict(new ImageFiles(model.Head.Data, paths)).Select((shares, i) => Of(paths[i], null, model, shares, top))];

    private static List<Prediction> OfDataset(TrainedModel model, IImageDataset dataset, int[] numbers, int top)
    {
        if (numbers.FirstOrDefault(number => number >= dataset.Count, -1) is >= 0 and int wrong)
            throw new UsageException($"--index: there is no picture {wrong}; '{dataset.Info.Name}' has {dataset.Count}, counted from 0.");
        IReadOnlyList<double[]> shares = model.Predict(new Subset(dataset, numbers));
        return [.. numbers.Select((number, i) => Of($"{number}", dataset.Info.ClassNames[dataset.Label(number)], model, shares[i], top))];
    }

    private static Prediction Of(string image, string? truth, TrainedModel model, double[] probabilities, int top) => new(image, truth,
    [
        .. Enumerable.Range(0, probabilities.Length).OrderByDescending(label => probabilities[label]).Take(top)
            .Select(label => new ClassProbability(model.Head.Data.ClassNames[label], probabilities[label])),
    ]);

    private static int[]? ReadIndices(ArgumentResult result)
    {
        List<int> numbers = [];
        foreach (string word in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)))
        {
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) numbers.Add(number);
            else result.AddError($"--index: '{word}' is not a whole number of at least 0");
        }

        return [.. numbers];
    }

    private static void Print(IAnsiConsole console, List<Prediction> predictions)
    {
        Table table = Tables.Create("image", "truth", "prediction");
        foreach (Prediction prediction in predictions)
        {
            ClassProbability best = prediction.Classes[0];
            bool isWrong = prediction.Truth is string truth && truth != best.Name;
            string rest = string.Concat(prediction.Classes.Skip(1).Select(entry => $"   {entry.Name} {Words.Percent(entry.Probability)}"));
            Paragraph classes = new($"{best.Name} {Words.Percent(best.Probability)}", new Style(isWrong ? Color.Red : Color.Green));
            table.AddRow(Tables.Name(prediction.Image), new Text(prediction.Truth ?? ""), classes.Append(rest, new Style(Color.Grey)));
        }

        console.Write(table);
    }

    private sealed record ClassProbability(string Name, double Probability);

    private sealed record Prediction(string Image, string? Truth, IReadOnlyList<ClassProbability> Classes);
}
