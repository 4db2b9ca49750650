using System.Text.Json;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Checkpoints;

/// <summary>An opened checkpoint whose checksum was right.</summary>
public sealed class CheckpointReader : IDisposable
{
    private readonly SafetensorsReader _file;
    private readonly string _path;

    private CheckpointReader(SafetensorsReader file, string path)
    {
        _file = file;
        _path = path;
        if (!ModelWeights.IsCheckpoint(file) || !file.VerifyChecksum())
            throw new CheckpointException(
                $"{path}: a safetensors file, but not a '{CheckpointWriter.Format}'; name the model that its weights "
                    + "are of with `model`.");
        Head = HeadOf(file);
    }

    /// <summary>Recipe, dataset and position.</summary>
    public CheckpointHead Head { get; }

    /// <summary>The file.</summary>
    public string Path => _path;

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

    /// <summary>Recipe, dataset and position of an opened checkpoint.</summary>
    /// <exception cref="CheckpointException">One of them cannot be read.</exception>
    public static CheckpointHead HeadOf(WeightFile file)
    {
        DatasetInfo data = Read(file, CheckpointWriter.DataKey,
            text => Checked(JsonText.Read<DatasetInfo>(text), CheckedHead.Validate));
        return new(
            Read(file, CheckpointWriter.RecipeKey,
                text => WithGrid(RecipeFile.Parse(text, "recipe", Recipe.Default), data)),
            data,
            Read(file, CheckpointWriter.StateKey,
                text => Checked(JsonText.Read<TrainingState>(text), CheckedHead.Validate)));
    }

    /// <summary>Copies the weights into a module that has memory. What an objective of training has beside the model is
    /// left out where the module is the model alone.</summary>
    /// <param name="module">Built as the recipe says.</param>
    /// <param name="averaged">Take the moving average where there is one.</param>
    /// <exception cref="CheckpointException">The weights are those of another model; the message names the
    /// differences.</exception>
    public void LoadWeights(Module module, bool averaged = false)
    {
        bool useAverage = averaged && _file.Metadata.ContainsKey(CheckpointWriter.AverageKey);
        bool isAlone = !module.NamedState().Any(entry => IsOfObjective(entry.Name));
        WithTensors(useAverage ? CheckpointWriter.AveragePrefix : "", DeviceOf(module), tensors =>
            module.Load(!isAlone ? tensors : tensors.Where(entry => !IsOfObjective(entry.Key)).ToDictionary()));
    }

    /// <summary>Brings optimiser and moving average to where they were.</summary>
    /// <exception cref="CheckpointException">State is missing or of another shape.</exception>
    public void LoadState(Module module, Optimizer optimizer, WeightAverage? average)
    {
        Dictionary<string, double> scalars = Read(_file, CheckpointWriter.OptimizerKey,
            text => Checked(JsonText.Read<Dictionary<string, double>>(text), CheckedHead.Validate));
        WithTensors(CheckpointWriter.OptimizerPrefix, DeviceOf(module), state => optimizer.Load(state, scalars));
        if (average is null) return;
        average.Updates = Read(_file, CheckpointWriter.AverageKey,
            text => Check.AtLeast(0, JsonText.Read<int>(text), "updates"));
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
            tensors.Add(entry.Name[prefix.Length..],
                Tensor.From(values, Shape.Create([.. entry.Shape.Select(size => (int)size)]), device));
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

    /// <summary>Not every checkpoint says which grid fixed positions are made for: it was that of its
    /// images.</summary>
    private static Recipe WithGrid(Recipe recipe, DatasetInfo data)
    {
        ModelSection model = recipe.Model;
        if (model.PositionGrid is not null) return recipe;
        ModelConfig preset = Presets.Find(model.Name).Config;
        ModelOptions parts = new()
        {
            Attention = model.Attention,
            Position = model.Position,
            PatchSize = model.PatchSize,
        };
        ModelConfig config = preset.Apply(parts) with { ImageSize = model.SizeFor(preset, data) };
        return recipe with { Model = model with { PositionGrid = config.Describe().PositionGrid } };
    }

    private static string PrefixOf(string name) =>
        name.StartsWith(CheckpointWriter.OptimizerPrefix, StringComparison.Ordinal) ? CheckpointWriter.OptimizerPrefix
        : name.StartsWith(CheckpointWriter.AveragePrefix, StringComparison.Ordinal) ? CheckpointWriter.AveragePrefix
        : "";

    private static bool IsOfObjective(string name) =>
        name.StartsWith(CheckpointWriter.ObjectivePrefix, StringComparison.Ordinal);

    private static Device DeviceOf(Module module) => module.NamedParameters().First().Parameter.Value.Device;

    private static T Checked<T>(T value, Action<T> validate)
    {
        validate(value);
        return value;
    }

    private static T Read<T>(WeightFile file, string key, Func<string, T> parse)
    {
        try
        {
            return parse(file.Metadata.GetValueOrDefault(key, ""));
        }
        catch (Exception error) when (error is JsonException or UsageException)
        {
            throw new CheckpointException($"{file.Path}: its entry '{key}' cannot be read: {error.Message}", error);
        }
    }
}
