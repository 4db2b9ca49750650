using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Lab.Probing;

/// <summary>A trained model without its head, to look at what it makes of images.</summary>
public sealed class FrozenModel
{
    private readonly ImageClassifier _model;
    private readonly Device _device;
    private readonly Normalization _normalization;

    private FrozenModel(ImageClassifier model, Device device, Recipe recipe, Normalization normalization, string path)
    {
        _model = model;
        _device = device;
        Recipe = recipe;
        _normalization = normalization;
        Path = path;
        model.Train(false);
        model.Settle();
    }

    /// <summary>Recipe of the model's training.</summary>
    public Recipe Recipe { get; }

    /// <summary>The checkpoint.</summary>
    public string Path { get; }

    /// <summary>
    /// Loads a run's best checkpoint (averaged weights where there are any), or a file of weights; images are
    /// normalised as the file says (those of <c>fovea weights --to</c> do), and otherwise as for ImageNet.
    /// </summary>
    /// <param name="path">Run directory, checkpoint or file of weights.</param>
    /// <param name="model">Preset to put the weights into; null: the run's, or the one whose weights they are.</param>
    /// <param name="device">Device that computes.</param>
    /// <param name="imageSize">Height and width that images get, pixels; positions are resampled. Null: what the model
    /// was trained with.</param>
    /// <exception cref="UsageException">There is neither, or the file's model is not known.</exception>
    /// <exception cref="CheckpointException">The file is damaged or does not fit.</exception>
    public static FrozenModel Load(string path, string? model, Device device, int? imageSize = null) =>
        Load(path, model, device,
            recipe => recipe with { Model = recipe.Model with { ImageSize = imageSize ?? recipe.Model.ImageSize } });

    /// <summary>Loads a model with other parts than those of the preset or the run.</summary>
    /// <param name="path">Run directory, checkpoint or file of weights.</param>
    /// <param name="model">Preset to put the weights into; null: the run's, or the one whose weights they are.</param>
    /// <param name="device">Device that computes.</param>
    /// <param name="change">Gets the recipe of the model and says what of it to change: attention, patches,
    /// size.</param>
    /// <exception cref="UsageException">There is neither, or the file's model is not known, or has no such
    /// parts.</exception>
    /// <exception cref="CheckpointException">The file is damaged or does not fit.</exception>
    public static FrozenModel Load(string path, string? model, Device device, Func<Recipe, Recipe> change)
    {
        using WeightFile file = ModelWeights.Open(path);
        CheckpointHead? head = ModelWeights.IsCheckpoint(file) ? CheckpointReader.HeadOf(file) : null;
        ModelNote? note = head is null ? ModelNote.Of(file) : null;
        Recipe recipe = head?.Recipe ?? note?.ToSizedRecipe(file.Path)
            ?? Recipe.Default with { Model = new() { Name = model ?? ModelWeights.PresetOf(file) } };
        if (model is not null && Presets.Find(model).Name != recipe.Model.Name)
            recipe = recipe with { Model = new() { Name = model, ImageSize = recipe.Model.ImageSize } };
        recipe = change(recipe);
        ModelConfig config = ModelChoice.Configure(recipe, head?.Data ?? note?.DataOf(file));
        ImageClassifier body = (config with { Classes = 0 }).Build();
        ModelWeights.Load(body, file, device, seed: 0,
            partial: recipe.Model.AllowPartial ? PartialWeights.Take : PartialWeights.Refuse);
        body.Context = body.Context with { Epoch = head?.WindowEpoch ?? recipe.WindowEpoch(0) };
        return new FrozenModel(body, device, recipe, ModelWeights.NormalizationOf(file) ?? Normalization.ImageNet,
            file.Path);
    }

    /// <summary>Pooled features of all images, in the dataset's order; images are read and computed batch by batch,
    /// once.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public FeatureSet Extract(IImageDataset dataset, int batchSize, CancellationToken stop = default)
    {
        float[] values = [];
        int dim = 0;
        int done = 0;
        DataLoader loader = LoaderChoice.Evaluation(dataset, _model.Config, batchSize, Recipe.Data, _normalization);
        foreach (Batch batch in loader.Part(0, 0, loader.BatchesPerEpoch, stop))
        {
            stop.ThrowIfCancellationRequested();
            using StepScope scope = StepScope.Begin();
            Tensor features = _model.Forward(batch.ToImages(_device));
            if (done == 0) (dim, values) = (features.Shape[1], Room(dataset.Count, features.Shape[1]));
            features.CopyTo(values.AsSpan(done * dim, batch.Count * dim));
            done += batch.Count;
        }

        return new FeatureSet(values, dim, [.. Enumerable.Range(0, dataset.Count).Select(dataset.Label)],
            dataset.Info.Classes);
    }

    /// <exception cref="UsageException">There are more than an array holds.</exception>
    internal static float[] Room(int images, int features) => (long)images * features <= Array.MaxLength
        ? new float[images * features]
        : throw new UsageException(
            $"{images} images have {features} features each, more than the {Array.MaxLength} numbers that can be kept.")
        {
            Field = "train-limit",
            Remedy = $"Take {Array.MaxLength / features} images or fewer.",
        };
}
