using System.CommandLine;
using Fovea.Cli.Images;
using Fovea.Data;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Tensors;
using Fovea.Training.Classes;
using Fovea.Training.Models;
using Fovea.Training.Pretrained;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision.Models;

namespace Fovea.Cli.Options;

/// <summary>The argument and options of commands that use a trained model: which one, on which images, on which
/// device.</summary>
internal sealed class ModelSource
{
    private readonly Argument<string> _path = new("RUN")
    {
        Description = "Run directory (its best checkpoint), checkpoint, with --model a file of weights, or a name of "
            + "'fovea weights list'"
    };
    private readonly Option<string?> _model = Make.Text("--model", "NAME",
        "Preset that a file of weights is of; a run knows its own");
    private readonly Option<string?> _dataset = Make.Text("--dataset", "NAME",
        "Dataset; what lies in --data, or the one of the training, unless given");
    private readonly Option<string?> _data = Make.Text("--data", "DIR", "Its folder; as in the training unless given",
        "--data-dir");
    private readonly Option<string?> _labels = Make.Text("--labels", "FILE.csv",
        "List of images that have several classes each; as in the training unless given");
    private readonly Option<string> _split = Make.Choice("--split", "Which part", "test", "val", "train");
    private readonly Option<string> _device = Make.Device();
    private readonly Option<Precision> _precision = Make.Precision();
    private readonly Option<int?> _threads = Make.Maybe("--threads", SizeForms.Threads,
        "Threads that compute; all cores unless given");
    private readonly Option<Pinning?> _pin = Make.Pin();
    private readonly Option<bool> _knownClasses = Make.Switch("--known-classes",
        "Leave out images of classes that the model does not know");
    private readonly Option<bool> _allowPartial = Make.Switch("--allow-partial",
        "With --model: take weights that lack tensors of the model; what they lack stays random");
    private readonly Option<int?> _maxPixels = Make.MaxPixels("that of the training unless given");
    private readonly RecipeOption[] _view = [.. RecipeFields.All
        .Where(field => field.Name is "crop-pct" or "interpolation" or "mean" or "std")
        .Select(field => new RecipeOption(field, "as in the training"))];
    private readonly Option<string>? _run;
    private readonly TextWriter _notes;
    private readonly Func<string, ListedWeights?> _fetch;

    /// <param name="command">Gets the argument and the options.</param>
    /// <param name="notes">Gets what has to be said besides the results.</param>
    /// <param name="fetch">Fetches the published weights that a path stands for; gives null for others.</param>
    /// <param name="run">Names the model in place of the argument; null: the argument does.</param>
    public ModelSource(Command command, TextWriter notes, Func<string, ListedWeights?> fetch,
        Option<string>? run = null)
    {
        (_notes, _fetch, _run) = (notes, fetch, run);
        if (run is null) command.Add(_path);
        else command.Add(run);
        foreach (Option option in new Option[] { _model, _dataset, _data, _labels, _split, _maxPixels, _knownClasses,
            _allowPartial, _device, _precision, _threads, _pin }.Concat(_view))
            command.Add(option);
    }

    /// <summary>Threads that were asked for.</summary>
    public int? Threads(ParseResult parsed) => parsed.GetValue(_threads);

    /// <summary>The device that was asked for.</summary>
    public Device Device(ParseResult parsed)
    {
        Device device = Tensors.Device.Open(parsed.GetRequiredValue(_device), parsed.GetValue(_threads),
            parsed.GetValue(_precision), parsed.GetValue(_pin));
        if (device.Backend.Placement is string placement) Say(placement);
        return device;
    }

    public TrainedModel Model(ParseResult parsed)
    {
        Device device = Device(parsed);
        string path = PathOf(parsed);
        ListedWeights? listed = _fetch(path);
        if ((parsed.GetValue(_model) ?? listed?.Preset) is not string name || AnyModel.IsRun(path, name))
            return TrainedModel.Load(path, device, training => RecipeOption.Apply(training, _view, parsed));

        Recipe recipe = PretrainedWeights.Resolve(RecipeOption.Apply(Recipe.Default with
        {
            Model = new ModelSection
            {
                Name = name,
                Weights = listed?.Name,
                AllowPartial = parsed.GetValue(_allowPartial)
            },
            Data = Chosen(parsed, new DataSection()),
        }, _view, parsed));
        return AnyModel.Told(TrainedModel.FromWeights(path, recipe, NamesImages(recipe.Data)
            ? DatasetChoice.Load(recipe).Info : AnyModel.InfoOf(path, Presets.Find(name).Config), device), _notes);
    }

    /// <summary>
    /// Images of a dataset, their classes matched with the model's by name. Held out and cut as in the training, so
    /// that the parts stay apart; of other data that is not parted, all images unless a part is asked for.
    /// </summary>
    public IImageDataset Images(ParseResult parsed, TrainedModel model, int? limit = null) =>
        Part(parsed, model, data => data with { EvaluationLimit = limit }).Images;

    /// <summary>Those images without any that cannot be read, and the name of their part: <c>all</c> where the data is
    /// not parted.</summary>
    public (IImageDataset Images, string Part) Part(ParseResult parsed, TrainedModel model, int? limit = null)
    {
        (IImageDataset images, string part) = Part(parsed, model,
            data => data with { EvaluationLimit = limit, SkipBad = false });
        return (model.Head.Recipe.Data.SkipBad ? Readable(images) : images, part);
    }

    /// <summary>Images by the numbers that the training gave them (those of <c>predictions.csv</c>); one that cannot be
    /// read has no substitute.</summary>
    public IImageDataset Numbered(ParseResult parsed, TrainedModel model) =>
        Part(parsed, model, data => data with { SkipBad = false }).Images;

    /// <summary>An option that was given and chooses among a dataset's images; null: none was. Of a file of weights
    /// the dataset says what its classes are.</summary>
    public Option? ChoiceOfImages(ParseResult parsed)
    {
        bool knowsClasses = parsed.GetValue(_model) is null && Path.Exists(PathOf(parsed));
        return new Option[] { _split, _knownClasses, _dataset, _data, _labels }.Take(knowsClasses ? 5 : 2)
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
    }

    private (IImageDataset Images, string Part) Part(ParseResult parsed, TrainedModel model,
        Func<DataSection, DataSection> change)
    {
        Recipe training = model.Head.Recipe;
        DataSection data = Chosen(parsed, training.Data);
        if (!NamesImages(data))
            throw new UsageException("say which images (`data` DIR or `dataset` NAME): weights know none.");
        bool isElsewhere = Place(data) != Place(training.Data);
        data = change(isElsewhere ? data with { Cache = null, EvaluationLimit = null } : data);
        DatasetSplits splits = DatasetChoice.Load(training with { Data = data });
        ClassMap classes = ClassMap.Of(model.Head.Data, splits.Info)
            .Require(PathOf(parsed), parsed.GetValue(_knownClasses));
        foreach (string about in splits.Notes) Say($"note: {OptionNames.Of(about)}");
        if (classes.Note is string note) Say(note);
        splits = classes.Apply(splits);
        bool? isLearned = model.LearnedFrom(splits);
        bool isImplicit = parsed.GetResult(_split) is null or { Implicit: true };
        string part = parsed.GetRequiredValue(_split);
        if (isElsewhere && splits.Whole is IImageDataset whole && isImplicit)
        {
            string place = data.Labels ?? data.Directory ?? splits.Info.Name;
            if (isLearned != true)
            {
                Say($"'{place}' is not parted: all of its {whole.Count} images are taken.");
                return (data.EvaluationLimit is int most ? Subset.Balanced(whole, most, training.Run.Seed) : whole,
                    "all");
            }

            Say($"'{place}' has the names and classes of the images that the model was trained on: those held out are "
                + "taken.");
        }

        if (!isElsewhere && isLearned == false && IsCut(splits, part))
            Say($"warning: the images of '{splits.Info.Name}' have changed since the model learned from them "
                + $"({splits.Train.Count} training images now, {model.Head.State.TrainListing!.Count} then), and so "
                + $"has the part '{part}': some of its images may be learned ones, and figures too good.");
        return (part switch { "train" => splits.Train, "val" => splits.Validation, _ => splits.Test }, part);
    }

    /// <summary>The images that can be read: a substitute would be counted twice.</summary>
    private IImageDataset Readable(IImageDataset images)
    {
        int[] good = new ReadableOnly(images).ReadAll();
        if (good.Length == images.Count) return images;
        Say($"note: {images.Count - good.Length} of {images.Count} images cannot be read and are left out.");
        return new Subset(images, good);
    }

    /// <summary>True for a part that is no published one.</summary>
    private static bool IsCut(DatasetSplits splits, string part) => part switch
    {
        "train" => true,
        "val" => splits.ValidationOrigin != DatasetSplits.Published,
        _ => splits.Whole is not null,
    };

    private static bool NamesImages(DataSection data) => data is not { Dataset: null, Directory: null, Labels: null };

    /// <summary>Limits on the cost of an image file.</summary>
    public DecodeLimits Limits(ParseResult parsed, TrainedModel model) =>
        DecodeLimits.Of(parsed.GetValue(_maxPixels) ?? model.Head.Recipe.Data.MaxPixels);

    private DataSection Chosen(ParseResult parsed, DataSection training)
    {
        DataSection data = training with { MaxPixels = parsed.GetValue(_maxPixels) ?? training.MaxPixels };
        if (parsed.GetValue(_dataset) is string name)
            data = data with { Dataset = name, Directory = null, Labels = null };
        if (parsed.GetValue(_labels) is string labels)
            return data with { Dataset = "csv", Directory = parsed.GetValue(_data), Labels = labels };
        if (parsed.GetValue(_data) is not string directory) return data;
        if (FullPath(directory) != FullPath(training.Directory)) data = data with { Labels = null };
        return parsed.GetValue(_dataset) is null ? DatasetChoice.From(data, directory)
            : data with { Directory = directory };
    }

    private string PathOf(ParseResult parsed) =>
        _run is null ? parsed.GetRequiredValue(_path) : parsed.GetRequiredValue(_run);

    private static (string? Dataset, string? Directory, string? Labels) Place(DataSection data) =>
        (data.Dataset is string name ? DatasetCatalogue.Canonical(name) : null, FullPath(data.Directory),
            FullPath(data.Labels));

    private static string? FullPath(string? path) =>
        path is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private void Say(string note) => _notes.WriteLine($"fovea: {note}");
}
