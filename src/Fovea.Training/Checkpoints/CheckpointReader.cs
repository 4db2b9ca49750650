using System.Text.Json;
using Fovea.Data;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision;

namespace Fovea.Training.Checkpoints;

/// <summary>An opened checkpoint whose checksum was right.</summary>
public sealed class CheckpointReader : IDisposable
{
    private readonly SafetensorsReader _file;
    private readonly string _path;

    private CheckpointReader(SafetensorsReader file, string path)
    {
        (_file, _path) = (file, path);
        if (Text(CheckpointWriter.FormatKey) != CheckpointWriter.Format || !file.VerifyChecksum())
            throw new CheckpointException($"{path}: a safetensors file, but not a '{CheckpointWriter.Format}'.");
        Head = new CheckpointHead(
            Read(CheckpointWriter.RecipeKey, text => RecipeFile.Parse(text, "recipe", Recipe.Default)),
            Read(CheckpointWriter.DataKey, RunJson.Read<DatasetInfo>),
            Read(CheckpointWriter.StateKey, RunJson.Read<TrainingState>));
    }

    /// <summary>Recipe, dataset and position.</summary>
    public CheckpointHead Head { get; }

    /// <summary>Opens a checkpoint and verifies all of it.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged or something else.</exception>
    public static CheckpointReader Open(string path)
    {
        SafetensorsReader file = SafetensorsReader.Open(path);
        try
        {
            return new CheckpointReader(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Copies the weights into a module that has memory.</summary>
    /// <param name="module">Built as the recipe says.</param>
    /// <param name="averaged">Take the moving average where there is one.</param>
    /// <param name="ownHead">Leave the module its own head, if it has one, whatever the checkpoint's is.</param>
    /// <exception cref="CheckpointException">The weights are those of another model; the message names the differences.</exception>
    public void LoadWeights(Module module, bool averaged = false, bool ownHead = false)
    {
        bool useAverage = averaged && _file.Metadata.ContainsKey(CheckpointWriter.AverageKey);
        WithTensors(useAverage ? CheckpointWriter.AveragePrefix : "", DeviceOf(module), values => module.Load(ownHead ? WithHeadOf(module, values) : values));
    }

    private static Dictionary<string, Tensor> WithHeadOf(Module module, IReadOnlyDictionary<string, Tensor> values) =>
        values.Where(entry => !ModelStages.IsHead(entry.Key)).Select(entry => (entry.Key, entry.Value))
            .Concat(module.NamedState().Where(entry => ModelStages.IsHead(entry.Name)).Select(entry => (entry.Name, entry.Tensor.Value)))
            .ToDictionary();

    /// <summary>Brings optimiser and moving average to where they were.</summary>
    /// <exception cref="CheckpointException">State is missing or of another shape.</exception>
    public void LoadState(Module module, Optimizer optimizer, WeightAverage? average)
    {
        Dictionary<string, double> scalars = Read(CheckpointWriter.OptimizerKey, RunJson.Read<Dictionary<string, double>>);
        WithTensors(CheckpointWriter.OptimizerPrefix, DeviceOf(module), state => optimizer.Load(state, scalars));
        if (average is null) return;
        average.Updates = Read(CheckpointWriter.AverageKey, RunJson.Read<int>);
        WithTensors(CheckpointWriter.AveragePrefix, DeviceOf(module), state =>
        {
            foreach ((string name, Tensor value) in average.State()) Update.Copy(state[name], value);
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Reads the tensors under a prefix, hands them over without it, and releases them.</summary>
    private void WithTensors(string prefix, Device device, Action<IReadOnlyDictionary<string, Tensor>> use)
    {
        using StepScope scope = StepScope.Begin();
        Dictionary<string, Tensor> tensors = [];
        foreach (SafetensorsEntry entry in _file.Entries.Where(entry => PrefixOf(entry.Name) == prefix))
        {
            float[] values = new float[entry.Count];
            _file.Read(entry, values);
            tensors.Add(entry.Name[prefix.Length..], Tensor.From(values, Shape.Create([.. entry.Shape.Select(size => (int)size)]), device));
        }

        try
        {
            use(tensors);
        }
        catch (Exception error) when (error is InvalidDataException or KeyNotFoundException)
        {
            throw new CheckpointException($"{_path}: does not fit the model: {error.Message}", error);
        }
    }

    private static string PrefixOf(string name) =>
        name.StartsWith(CheckpointWriter.OptimizerPrefix, StringComparison.Ordinal) ? CheckpointWriter.OptimizerPrefix
        : name.StartsWith(CheckpointWriter.AveragePrefix, StringComparison.Ordinal) ? CheckpointWriter.AveragePrefix
        : "";

    private static Device DeviceOf(Module module) => module.NamedParameters().First().Parameter.Value.Device;

    private string Text(string key) => _file.Metadata.GetValueOrDefault(key, "");

    private T Read<T>(string key, Func<string, T> parse)
    {
        try
        {
            return parse(Text(key));
        }
        catch (Exception error) when (error is JsonException or UsageException)
        {
            throw new CheckpointException($"{_path}: its entry '{key}' cannot be read: {error.Message}", error);
        }
    }
}
