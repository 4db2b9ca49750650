using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;

namespace Fovea.Training.Probing;

/// <summary>A trained model without its head, to look at what it makes of pictures.</summary>
public sealed class FrozenModel
{
    private readonly ImageClassifier _model;
    private readonly Device _device;
    private readonly Normalization _normalization;

    private FrozenModel(ImageClassifier model, Device device, Recipe recipe, Normalization normalization, string path)
    {
        (_model, _device, Recipe, _normalization, Path) = (model, device, recipe, normalization, path);
        model.Train(false);
    }

    /// <summary>What the model was trained with.</summary>
    public Recipe Recipe { get; }

    /// <summary>The checkpoint.</summary>
    public string Path { get; }

    /// <summary>Loads a checkpoint, or a run directory's best one; averaged weights where there are any.</summary>
    /// <param name="path">Run directory or checkpoint.</param>
    /// <param name="model">Preset to put the weights into; null: the run's.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="UsageException">There is neither.</exception>
    /// <exception cref="CheckpointException">The checkpoint is damaged or does not fit.</exception>
    public static FrozenModel Load(string path, string? model, Device device)
    {
        string file = TrainedModel.FileOf(path);
        using CheckpointReader checkpoint = CheckpointReader.Open(file);
        Recipe recipe = checkpoint.Head.Recipe;
        if (model is not null && Presets.Find(model).Name != recipe.Model.Name) recipe = recipe with { Model = new() { Name = model, ImageSize = recipe.Model.ImageSize } };
        ImageClassifier body = (ModelChoice.Configure(recipe, checkpoint.Head.Data) with { Classes = 0 }).Build();
        body.Initialize(device, seed: 0);
        checkpoint.LoadWeights(body, averaged: true, ownHead: true);
        body.BeginEpoch(checkpoint.Head.State.Epoch);
        return new FrozenModel(body, device, recipe, checkpoint.Head.Data.Normalization, file);
    }

    /// <summary>Pooled features of all pictures, in the dataset's order; pictures are read and computed batch by batch, once.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public FeatureSet Extract(IImageDataset dataset, int batchSize, CancellationToken stop = default)
    {
        float[] values = [];
        int dim = 0, done = 0;
        foreach (Batch batch in TrainingSetup.EvaluationLoader(dataset, _model.Config, batchSize, Recipe.Data.Workers, _normalization).Epoch(0))
        {
            stop.ThrowIfCancellationRequested();
            using StepScope scope = StepScope.Begin();
            Tensor features = _model.Forward(batch.ToImages(_device));
            if (done == 0) (dim, values) = (features.Shape[1], new float[dataset.Count * features.Shape[1]]);
            features.CopyTo(values.AsSpan(done * dim, batch.Count * dim));
            done += batch.Count;
        }

        return new FeatureSet(values, dim, [.. Enumerable.Range(0, dataset.Count).Select(dataset.Label)], dataset.Info.Classes);
    }
}
