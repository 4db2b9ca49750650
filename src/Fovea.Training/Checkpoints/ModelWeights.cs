using System.Globalization;
using System.Text.Json;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Tensors;
using Fovea.Training.Classes;
using Fovea.Training.Pretrained;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Checkpoints;

/// <summary>Weights in and out: of any file that <see cref="WeightFile"/> reads, and of runs.</summary>
public static class ModelWeights
{
    private const string MeanKey = "image_mean";
    private const string StdKey = "image_std";
    private const string ClassesKey = "class_names";

    /// <summary>Says <c>true</c> in the metadata where each class is to be asked for by itself.</summary>
    internal const string MultiLabelKey = "multi_label";

    /// <summary>The file that a path stands for: itself, the weights in a folder of Hugging Face, a run directory's
    /// best checkpoint, or published weights of that name that are on this machine.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    /// <exception cref="DataException">The published weights of that name are not what was published.</exception>
    public static string FileOf(string path)
    {
        if (File.Exists(path)) return path;
        if (WeightFiles.InFolder(path) is string file) return file;
        RunDirectory run = new(path);
        return File.Exists(run.BestCheckpoint) ? run.BestCheckpoint
            : File.Exists(run.LastCheckpoint) ? run.LastCheckpoint
            : (Directory.Exists(path) ? null : Published(path)) ?? throw new UsageException(
                $"'{path}' is neither a file of weights nor a run directory with a checkpoint.");
    }

    private static string? Published(string name)
    {
        WeightsCache cache = WeightsCache.OfUser();
        if (cache.List.Find(name) is not ListedWeights entry) return null;
        return cache.Find(entry) ?? throw (entry.NeedsLogin ? cache.ByHand(entry) : new UsageException(
            $"the weights '{entry.Name}' are not on this machine; 'fovea weights get {entry.Name}' fetches them."));
    }

    /// <summary>Opens a file of weights or a run's checkpoint; the checkpoint is verified.</summary>
    /// <param name="path">File or run directory.</param>
    /// <exception cref="UsageException">There is neither.</exception>
    /// <exception cref="CheckpointException">The file is damaged or of no kind that is read.</exception>
    public static WeightFile Open(string path)
    {
        WeightFile file = WeightFiles.Open(FileOf(path));
        try
        {
            if (IsCheckpoint(file)) ((SafetensorsReader)file).VerifyChecksum();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>True for what <see cref="CheckpointWriter"/> wrote.</summary>
    public static bool IsCheckpoint(WeightFile file) =>
        file.Metadata.GetValueOrDefault(CheckpointWriter.FormatKey) == CheckpointWriter.Format;

    /// <summary>The preset whose weights a file holds.</summary>
    /// <exception cref="UsageException">None is like them.</exception>
    public static string PresetOf(WeightFile file) => ModelNote.Of(file)?.Preset
        ?? WeightsOrigin.Beside(file.Path)?.Preset
        ?? ClosestPreset.Of(StateDict.Of(file).Weights)?.Preset.Name
        ?? throw new UsageException(
            $"{file.Path}: the weights are not those of a known model; name the one to put them into (`model` NAME).");

    /// <summary>Gives a model memory and a file's weights; what the file does not have gets first values.</summary>
    /// <param name="model">The model to fill.</param>
    /// <param name="path">File or run directory; of a run the averaged weights, where there are any.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="seed">For first values.</param>
    /// <param name="strict">Refuse whatever does not fit as it is.</param>
    /// <param name="data">The dataset to learn: the rows of a run's head are matched with its classes by name, and left
    /// out where one is not known.</param>
    /// <param name="partial">What to do where the file lacks tensors of the model.</param>
    /// <exception cref="UsageException">There is no such file.</exception>
    /// <exception cref="CheckpointException">It is damaged, or its weights do not fit or are not finite.</exception>
    public static LoadReport Load(ImageClassifier model, string path, Device device, ulong seed, bool strict = false,
        DatasetInfo? data = null, PartialWeights partial = PartialWeights.Refuse)
    {
        using WeightFile file = Open(path);
        return Load(model, file, device, seed, strict, data, partial);
    }

    /// <summary>Loads from a file that <see cref="Open"/> has opened and verified.</summary>
    internal static LoadReport Load(ImageClassifier model, WeightFile file, Device device, ulong seed,
        bool strict = false, DatasetInfo? data = null, PartialWeights partial = PartialWeights.Refuse)
    {
        ClassMap? classes = data is null ? null : ClassesOf(file, data);
        StateDict weights = StateDict.Of(file);
        if (IsCheckpoint(file)) weights = weights with { LeftAside = [] };   // the state of an optimiser: as always
        LoadPlan plan = LoadPlan.Create(model, weights, file.Path, device, strict,
            freshHead: classes?.IsKnown == false, partial, classes is { IsKnown: true, IsSame: false } ? classes.Numbers
                : null);
        plan.Initialize(model, device, seed);
        FiniteNumbers.Require(model, file.Path);
        return plan.Report;
    }

    /// <summary>The classes of a file's head and a dataset's, matched by name; null where the file does not say which
    /// it has.</summary>
    /// <exception cref="CheckpointException">What it says is damaged.</exception>
    public static ClassMap? ClassesOf(WeightFile file, DatasetInfo data) =>
        IsCheckpoint(file) ? ClassesOf(CheckpointReader.HeadOf(file), data)
            : ClassNamesOf(file) is { } names
                ? ClassMap.Of(data with { ClassNames = names, ClassIds = null }, data) : null;

    /// <summary>Method by which a run's weights were learned without classes.</summary>
    internal static PretrainingMethod MethodOf(WeightFile file) =>
        IsCheckpoint(file) ? CheckpointReader.HeadOf(file).Recipe.Pretraining.Method : PretrainingMethod.None;

    private static ClassMap? ClassesOf(CheckpointHead head, DatasetInfo data) =>
        head.Recipe.Pretraining.Method == PretrainingMethod.None ? ClassMap.Of(head.Data, data) : null;

    /// <summary>Names of the classes of a file's head, in the order of its rows; null: the file does not say.</summary>
    /// <exception cref="CheckpointException">What it says is damaged.</exception>
    public static IReadOnlyList<string>? ClassNamesOf(WeightFile file)
    {
        if (IsCheckpoint(file))
            return CheckpointReader.HeadOf(file) is { Recipe.Pretraining.Method: PretrainingMethod.None } head
                ? head.Data.ClassNames : null;
        if (!file.Metadata.TryGetValue(ClassesKey, out string? names)) return null;
        try
        {
            if (JsonText.Read<string[]>(names) is { Length: > 0 } read && read.All(name => name is not null))
                return read;
        }
        catch (JsonException)
        {
            // said below
        }

        throw new CheckpointException($"{file.Path}: its metadata '{ClassesKey}' is not a list of names.");
    }

    /// <summary>True where a file says that an image may have several of its head's classes.</summary>
    /// <exception cref="CheckpointException">What it says is damaged.</exception>
    public static bool IsMultiLabel(WeightFile file) => IsCheckpoint(file)
        ? CheckpointReader.HeadOf(file).Data.IsMultiLabel
        : file.Metadata.GetValueOrDefault(MultiLabelKey) == "true";

    /// <summary>True where a file says itself which model its weights are of: it is a checkpoint, or was written by
    /// <see cref="Export(string, WeightFile, WeightType?)"/> or as an export for other libraries.</summary>
    /// <exception cref="CheckpointException">What it says is damaged.</exception>
    public static bool NamesModel(WeightFile file) => IsCheckpoint(file) || ModelNote.Of(file) is not null;

    /// <summary>The dataset of a file that is no checkpoint, as far as it says: classes by its own names, or as many
    /// numbers as its head has rows.</summary>
    /// <param name="file">The file.</param>
    /// <param name="preset">Its model, for what the file does not say.</param>
    /// <exception cref="CheckpointException">What it says is damaged.</exception>
    public static DatasetInfo DataOf(WeightFile file, ModelConfig preset)
    {
        ModelNote? note = ModelNote.Of(file);
        int channels = note?.Channels ?? preset.Channels;
        Weight? head = StateDict.Of(file).Weights.FirstOrDefault(weight => ModelStages.IsHead(weight.Name)
            && weight.Shape.Count > 0);
        int classes = head is null ? preset.Classes : (int)head.Shape[0];
        return new DatasetInfo
        {
            Name = Path.GetFileNameWithoutExtension(file.Path),
            Channels = channels,
            Height = note?.Height ?? preset.ImageSize,
            Width = note?.Width ?? preset.ImageSize,
            ClassNames = ClassNamesOf(file) ?? [.. Enumerable.Range(0, classes).Select(number => $"{number}")],
            LabelSets = IsMultiLabel(file) ? [] : null,
            Normalization = NormalizationOf(file) ?? Normalization.ImageNet.ForChannels(channels),
        };
    }

    /// <summary>Normalisation of the images that a file's weights were trained on; null: the file does not
    /// say.</summary>
    /// <exception cref="CheckpointException">What it says is damaged.</exception>
    public static Normalization? NormalizationOf(WeightFile file)
    {
        if (IsCheckpoint(file)) return CheckpointReader.HeadOf(file).Data.Normalization;
        if (!file.Metadata.TryGetValue(MeanKey, out string? mean)
            || !file.Metadata.TryGetValue(StdKey, out string? deviation))
            return WeightsOrigin.Beside(file.Path) is { Mean: { } known, Std: { } std } && known.Count == std.Count
                ? new([.. known.Select(value => (float)value)], [.. std.Select(value => (float)value)]) : null;
        Normalization? normalization = Numbers(mean) is { } means && Numbers(deviation) is { } deviations
            && means.Length == deviations.Length && deviations.All(value => value > 0)
            ? new(means, deviations) : null;
        return normalization ?? throw new CheckpointException(
            $"{file.Path}: its metadata '{MeanKey}' and '{StdKey}' are not as many numbers each, separated by commas.");
    }

    /// <summary>Writes a file's weights under timm's names as safetensors that other tools read, with all that the file
    /// says of them: model, normalisation and classes.</summary>
    /// <param name="path">Replaced as a whole.</param>
    /// <param name="file">As <see cref="Open"/> opens it.</param>
    /// <param name="type">F32, F16 or BF16; null: as they are stored, F32 for what is none of these. Counters stay
    /// integers.</param>
    /// <exception cref="CheckpointException">It could not be read or written; the previous file is as it
    /// was.</exception>
    /// <exception cref="UsageException">A number is too large for the type; the previous file is as it
    /// was.</exception>
    public static void Export(string path, WeightFile file, WeightType? type = null)
    {
        Dictionary<string, string> more = [];
        ModelNote.Of(file)?.AddTo(more);
        Export(path, Stored(StateDict.Of(file), type), NormalizationOf(file), ClassNamesOf(file), IsMultiLabel(file),
            more);
    }

    /// <summary>Writes weights under timm's names as safetensors that other tools read.</summary>
    /// <param name="path">Replaced as a whole.</param>
    /// <param name="weights">Under timm's names.</param>
    /// <param name="type">F32, F16 or BF16; null: as they are stored, F32 for what is none of these. Counters stay
    /// integers.</param>
    /// <param name="normalization">Normalisation of the training images, for the metadata <c>image_mean</c> and
    /// <c>image_std</c>; null: unknown.</param>
    /// <param name="classes">Names of the head's classes, for the metadata <c>class_names</c> (JSON); null:
    /// unknown.</param>
    /// <param name="isMultiLabel">An image may have several of the classes: the metadata says
    /// <c>multi_label</c>.</param>
    /// <exception cref="CheckpointException">It could not be read or written; the previous file is as it
    /// was.</exception>
    public static void Export(string path, StateDict weights, WeightType? type = null,
        Normalization? normalization = null, IReadOnlyList<string>? classes = null, bool isMultiLabel = false)
    {
        Export(path, Stored(weights, type), normalization, classes, isMultiLabel, new Dictionary<string, string>());
    }

    /// <summary>Writes tensors as they are called and stored, with more metadata.</summary>
    internal static void Export(string path, IReadOnlyList<Weight> tensors, Normalization? normalization,
        IReadOnlyList<string>? classes, bool isMultiLabel, IReadOnlyDictionary<string, string> more)
    {
        // what readers of PyTorch's side ask for
        Dictionary<string, string> metadata = new(more) { [CheckpointWriter.FormatKey] = "pt" };
        if (normalization is not null)
            (metadata[MeanKey], metadata[StdKey]) = (Text(normalization.Mean), Text(normalization.Std));
        if (classes is not null) metadata[ClassesKey] = JsonText.Line(classes);
        if (isMultiLabel) metadata[MultiLabelKey] = "true";
        AtomicFile.Write(path, stream => SafetensorsWriter.Write(stream, tensors, metadata));
    }

    private static Weight[] Stored(StateDict weights, WeightType? type) =>
        [.. weights.Weights.Select(weight => weight with { Type = Written(weight.Type, type) })];

    private static string Text(IEnumerable<float> values) =>
        string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    private static float[]? Numbers(string text)
    {
        string[] parts = text.Split(',');
        float[] values = new float[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i])
                || !float.IsFinite(values[i])) return null;
        return values;
    }

    private static WeightType Written(WeightType stored, WeightType? asked) => stored switch
    {
        { IsFloat: false } => WeightType.I64,
        _ when asked is { } type => type,
        WeightType.F16 or WeightType.BF16 => stored,
        _ => WeightType.F32,
    };
}
