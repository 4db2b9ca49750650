using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Fovea.Cli.Images;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Models;

namespace Fovea.Cli.Options;

/// <summary>Argument and option of commands that look at single images: files, or numbers in the dataset.</summary>
internal sealed class ImageChoice
{
    private readonly Argument<string[]> _files = new("FILE...")
    {
        Description = "Images (PNG, JPEG, BMP, PPM, PGM or PBM)",
        Arity = ArgumentArity.ZeroOrMore
    };
    private readonly Option<int[]> _indices = new("--index")
    {
        HelpName = "N,N,...",
        Description = "Images of the dataset, by number",
        CustomParser = ReadIndices,
        DefaultValueFactory = _ => [],
    };

    private readonly Command _command;

    public ImageChoice(Command command)
    {
        _command = command;
        command.Add(_files);
        command.Add(_indices);
    }

    /// <summary>Refuses neither and both; before a model is loaded, which may take a while.</summary>
    public void Check(ParseResult parsed)
    {
        if (Paths(parsed).Length > 0 == Numbers(parsed).Length > 0)
            throw new UsageException(
                $"{_command.Name}: name image files, or numbers of the dataset's images with --index.");
    }

    /// <summary>The images, in the order given.</summary>
    public ChosenImages Open(ParseResult parsed, ModelSource source, TrainedModel model)
    {
        string[] paths = Paths(parsed);
        if (paths.Length > 0) return new(new ImageFiles(model.Head.Data, paths), paths, new string?[paths.Length]);
        int[] numbers = Numbers(parsed);
        IImageDataset dataset = source.Images(parsed, model);
        if (numbers.FirstOrDefault(number => number >= dataset.Count, -1) is >= 0 and int wrong)
            throw new UsageException(
                $"--index: there is no image {wrong}; '{dataset.Info.Name}' has {dataset.Count}, counted from 0.");
        return new(new Subset(dataset, numbers), [.. numbers.Select(number => $"{number}")],
            [.. numbers.Select(number => dataset.Info.ClassNames[dataset.Label(number)])]);
    }

    private string[] Paths(ParseResult parsed) => parsed.GetValue(_files) ?? [];

    private int[] Numbers(ParseResult parsed) => parsed.GetValue(_indices) ?? [];

    private static int[]? ReadIndices(ArgumentResult result)
    {
        List<int> numbers = [];
        foreach (string word in result.Tokens.SelectMany(token =>
            token.Value.Split(',', StringSplitOptions.TrimEntries)))
        {
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                numbers.Add(number);
            else result.AddError($"--index: '{word}' is not a whole number of at least 0");
        }

        return [.. numbers];
    }
}

/// <summary>Images that were asked for.</summary>
/// <param name="Images">The images.</param>
/// <param name="Names">The file of each, or its number.</param>
/// <param name="Truths">The class of each; null where it is unknown.</param>
internal sealed record ChosenImages(IImageDataset Images, IReadOnlyList<string> Names, IReadOnlyList<string?> Truths);
