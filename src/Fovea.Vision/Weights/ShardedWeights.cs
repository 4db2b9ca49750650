using System.Text.Json;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights;

/// <summary>A model in several files, which <c>model.safetensors.index.json</c> lists.</summary>
/// <remarks>Format: the sharded checkpoints of Hugging Face's transformers; <c>weight_map</c> maps names to
/// files.</remarks>
internal sealed class ShardedWeights : WeightFile
{
    /// <summary>Ending of the list's name.</summary>
    public const string Ending = ".safetensors.index.json";

    private const int MostFiles = 1000;
    private const long LargestList = 64 << 20;

    private readonly List<WeightFile> _files;

    private ShardedWeights(string path, List<WeightFile> files, IReadOnlyList<Weight> weights,
        IReadOnlyList<string> unlisted)
    {
        Path = path;
        _files = files;
        Weights = weights;
        PassedOver = [.. files.SelectMany(file => file.PassedOver).Distinct(),
            .. unlisted.Select(name => $"{name} (not in the list)")];
    }

    public override string Path { get; }

    public override string Format => $"{_files[0].Format} in {_files.Count} files";

    public override IReadOnlyList<Weight> Weights { get; }

    public override IReadOnlyCollection<string> PassedOver { get; }

    /// <summary>Opens all files of the list.</summary>
    /// <exception cref="CheckpointException">The list is wrong, a file is missing, or a tensor is not where the list
    /// has it, or elsewhere too.</exception>
    public static ShardedWeights Open(string path)
    {
        Dictionary<string, string> places = ReadList(path);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        string[] names = [.. places.Values.Distinct(StringComparer.Ordinal)];
        string[] missing = [.. names.Where(name => !File.Exists(System.IO.Path.Combine(folder, name)))];
        if (missing.Length > 0)
            throw new CheckpointException(
                $"{path}: lists {names.Length} files, of which {missing.Length} "
                    + $"{(missing.Length == 1 ? "is" : "are")} not beside it: {string.Join(", ", missing.Take(5))}.");
        List<WeightFile> files = [];
        try
        {
            List<Weight> weights = [];
            List<string> unlisted = [];
            Dictionary<string, string> found = [];
            foreach (string name in names)
            {
                WeightFile file = WeightFiles.Open(System.IO.Path.Combine(folder, name));
                files.Add(file);
                foreach (Weight weight in file.Weights)
                {
                    if (!found.TryAdd(weight.Name, name))
                        throw new CheckpointException(
                            $"{path}: '{weight.Name}' is in {found[weight.Name]} and in {name}, so that it is not "
                                + "clear "
                                + "which is meant.");
                    if (places.ContainsKey(weight.Name)) weights.Add(weight);
                    else unlisted.Add(weight.Name);
                }
            }

            foreach ((string name, string place) in places)
                if (found.GetValueOrDefault(name) is var where && where != place)
                    throw new CheckpointException($"{path}: '{name}' is not in {place}, where the list has it"
                        + (where is null ? "." : $", but in {where}; the files and the list are of different models."));
            return new ShardedWeights(path, files, weights, unlisted);
        }
        catch
        {
            foreach (WeightFile file in files) file.Dispose();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (WeightFile file in _files) file.Dispose();
    }

    private static Dictionary<string, string> ReadList(string path)
    {
        if (PlainFile.Refusal(path, "a list of weights") is string refusal) throw new CheckpointException(refusal);
        try
        {
            if (new FileInfo(path).Length > LargestList)
                throw new CheckpointException($"{path}: is too large for a list of weights.");
            using JsonDocument list = JsonDocument.Parse(File.ReadAllBytes(path));
            Dictionary<string, string> places = [];
            foreach (JsonProperty entry in list.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string file = entry.Value.GetString() ?? "";
                if (file.Length == 0 || file != System.IO.Path.GetFileName(file) || file is "." or "..")
                    throw new CheckpointException($"{path}: '{entry.Name}' lies in no file beside the list.");
                if (file.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase))
                    throw new CheckpointException($"{path}: '{entry.Name}' lies in another list.");
                if (!places.TryAdd(entry.Name, file) && places[entry.Name] != file)
                    throw new CheckpointException(
                        $"{path}: lists '{entry.Name}' twice, in {places[entry.Name]} and in {file}.");
            }

            return places.Count > 0 && places.Values.Distinct(StringComparer.Ordinal).Count() <= MostFiles ? places
                : throw new CheckpointException($"{path}: lists no weights, or more than {MostFiles} files.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
        }
        catch (Exception error)
            when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CheckpointException(
                $"{path}: is no list of weights: it needs a \"weight_map\" from names to files.", error);
        }
    }
}
