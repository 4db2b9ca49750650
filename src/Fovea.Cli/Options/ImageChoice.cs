using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Fovea.Cli.Images;
using Fovea.Data;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Models;

namespace Fovea.Cli.Options;

/// <summary>Argument and option of commands that look at single images: files and folders, or numbers in the
/// dataset.</summary>
internal sealed class ImageChoice
{
    private readonly Argument<string[]> _files = new("FILE...")
    {
        Description = "Images (PNG, JPEG, WebP, TIFF, BMP, GIF, PPM), folders of them at any depth, or - for standard "
            + "input",
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
    private readonly TextWriter _notes;
    private readonly Func<Stream> _input;

    /// <param name="command">Gets the argument and the option.</param>
    /// <param name="notes">Gets what has to be said besides the results.</param>
    /// <param name="input">Opens standard input.</param>
    public ImageChoice(Command command, TextWriter notes, Func<Stream> input)
    {
        _command = command;
        (_notes, _input) = (notes, input);
        command.Add(_files);
        command.Add(_indices);
    }

    /// <summary>Single images were named, in either way.</summary>
    public bool HasAny(ParseResult parsed) => Paths(parsed).Length > 0 || Numbers(parsed).Length > 0;

    /// <summary>Refuses neither and both, and options of the dataset beside files; before a model is loaded, which may
    /// take a while.</summary>
    public void Check(ParseResult parsed, ModelSource source)
    {
        bool hasFiles = Paths(parsed).Length > 0;
        if (hasFiles && Numbers(parsed).Length > 0)
            throw new UsageException($"{_command.Name}: name image files, or numbers of the dataset's images with "
                + "--index, not both.");
        if (hasFiles && source.ChoiceOfImages(parsed) is Option choice)
            throw new UsageException($"{choice.Name}: chooses among the images of a dataset, and files are named; "
                + "leave it out, or give numbers of the dataset's images with --index.");
        if (!hasFiles && Numbers(parsed).Length == 0)
            throw new UsageException(
                $"{_command.Name}: name image files or a folder (- is standard input), or numbers of the dataset's "
                    + "images with --index.");
    }

    /// <summary>The images, in the order given, those of a folder in the natural order of their names.</summary>
    /// <exception cref="DataException">A folder has none, or cannot be listed.</exception>
    public ChosenImages Open(ParseResult parsed, ModelSource source, TrainedModel model)
    {
        string[] paths = [.. Paths(parsed).SelectMany(path => Expand(path, model.Head.Data))];
        if (paths.Length > 0)
        {
            ImageFiles files = new(model.Head.Data, paths, _input, source.Limits(parsed, model));
            return new(new ReadableOnly(files), paths, new string?[paths.Length]);
        }

        int[] numbers = Numbers(parsed);
        IImageDataset dataset = source.Numbered(parsed, model);
        if (numbers.FirstOrDefault(number => number >= dataset.Count, -1) is >= 0 and int wrong)
            throw new UsageException(
                $"--index: there is no image {wrong}; '{dataset.Info.Name}' has {dataset.Count}, counted from 0.");
        return new(new ReadableOnly(new Subset(dataset, numbers)), [.. numbers.Select(number => $"{number}")],
            [.. numbers.Select(number => dataset.Info.NameOf(dataset.Label(number)))]);
    }

    /// <summary>Says what is wrong with images that could not be read.</summary>
    /// <returns>The exit code: 1, failure, if there are any.</returns>
    public int Complain(ChosenImages chosen)
    {
        foreach ((_, DataException error) in chosen.Images.Errors.OrderBy(entry => entry.Key))
            _notes.WriteLine($"fovea: {OptionNames.Message(error)}");
        return chosen.Images.Errors.Count > 0 ? 1 : 0;
    }

    private IEnumerable<string> Expand(string path, DatasetInfo info)
    {
        if (!Directory.Exists(path)) return [path];
        UnlabelledImages images = new(path, info);
        foreach (string note in images.Notes) _notes.WriteLine($"fovea: {path}: {note}");
        return Enumerable.Range(0, images.Count).Select(images.PathOf).Order(NaturalOrder.Instance)
            .Select(name => Path.Combine(path, name));
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
internal sealed record ChosenImages(ReadableOnly Images, IReadOnlyList<string> Names, IReadOnlyList<string?> Truths)
{
    /// <summary>Those that can be read, each read once.</summary>
    public (IImageDataset Images, IReadOnlyList<string> Names, IReadOnlyList<string?> Truths) Readable()
    {
        int[] good = Images.ReadAll();
        return (new Subset(Images, good), [.. good.Select(i => Names[i])], [.. good.Select(i => Truths[i])]);
    }
}
