using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Classes;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Explanation;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Models;

/// <summary>Model with the weights of a checkpoint, in evaluation mode.</summary>
public sealed class TrainedModel
{
    // Between the operators of larger batches there is too little time to gain.
    private const int MostCompiledImages = 8;

    private readonly Device _device;
    private readonly CompiledModule _compiled;

    private TrainedModel(CheckpointHead head, ImageClassifier model, Device device, string path)
    {
        Head = head;
        Model = model;
        _device = device;
        _compiled = new(model, model.Forward, device);
        Path = path;
        model.Train(false);
        model.Settle();
        model.Context = model.Context with { Epoch = head.WindowEpoch };
    }

    /// <summary>Recipe and dataset that it was trained with, and how far.</summary>
    public CheckpointHead Head { get; }

    /// <summary>The model.</summary>
    public ImageClassifier Model { get; }

    /// <summary>The checkpoint.</summary>
    public string Path { get; }

    /// <summary>Which tensors of a file of weights were taken, and how; null for a checkpoint, which fits.</summary>
    public LoadReport? Loaded { get; private init; }

    /// <summary>Loads a checkpoint, or a run directory's best one, averaged weights where there are any; or weights
    /// that were exported here, which say what model they are of.</summary>
    /// <param name="path">The checkpoint, the run directory, or the file or folder of weights.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="change">From the recipe of the training to one that looks at images in another way: resizes, cuts
    /// or normalises them; null: as in the training.</param>
    /// <exception cref="UsageException">There is neither.</exception>
    /// <exception cref="CheckpointException">The checkpoint is damaged or does not fit.</exception>
    public static TrainedModel Load(string path, Device device, Func<Recipe, Recipe>? change = null)
    {
        string file = ModelWeights.FileOf(path);
        if (Noted(file, device, change) is { } noted) return noted;
        using CheckpointReader checkpoint = CheckpointReader.Open(file);
        CheckpointHead head = checkpoint.Head;
        if (head.Recipe.Pretraining.Method != PretrainingMethod.None)
            throw new UsageException($"'{path}' was pretrained without classes, so it has no answers yet.")
            {
                Remedy = $"Probe its features ('fovea probe {path}'), or train a classifier that starts from it "
                    + $"('fovea finetune {path}').",
            };
        ImageClassifier model = ModelChoice.Configure(head.Recipe, head.Data).Build();
        model.Allocate(device);
        checkpoint.LoadWeights(model, averaged: true);
        FiniteNumbers.Require(model, file);
        if (change is not null)
        {
            Recipe recipe = change(head.Recipe);
            head = head with { Recipe = recipe, Data = LoaderChoice.Normalized(head.Data, recipe.Data) };
        }

        return new TrainedModel(head, model, device, file);
    }

    /// <summary>Weights that say which model they are of; null for a checkpoint, and for what says nothing.</summary>
    private static TrainedModel? Noted(string path, Device device, Func<Recipe, Recipe>? change)
    {
        Recipe recipe;
        DatasetInfo data;
        using (SafetensorsReader file = SafetensorsReader.Open(path))
        {
            if (ModelWeights.IsCheckpoint(file) || ModelNote.Of(file) is not { } note) return null;
            recipe = note.ToSizedRecipe(path);
            data = note.DataOf(file);
        }

        return FromWeights(path, change?.Invoke(recipe) ?? recipe, data, device);
    }

    /// <summary>A preset with a file's weights; where the file says which model they are of, with its parts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">Names the model, and says whether incomplete weights will do.</param>
    /// <param name="data">Its classes, and how images are normalised where the file does not say.</param>
    /// <param name="device">Device of the model.</param>
    /// <exception cref="UsageException">There is no such file, its head is for other classes, or it says that it is of
    /// another model.</exception>
    /// <exception cref="CheckpointException">It is damaged, or its weights do not fit.</exception>
    public static TrainedModel FromWeights(string path, Recipe recipe, DatasetInfo data, Device device)
    {
        using WeightFile file = ModelWeights.Open(path);
        if (!ModelWeights.IsCheckpoint(file) && ModelNote.Of(file) is { } note) recipe = note.Complete(recipe, path);
        ImageClassifier model = ModelChoice.Configure(recipe, data).Build();
        LoadReport report = ModelWeights.Load(model, file, device, recipe.Run.Seed, data: data,
            partial: recipe.Model.AllowPartial ? PartialWeights.Take : PartialWeights.Refuse);
        data = LoaderChoice.Normalized(
            data with { Normalization = ModelWeights.NormalizationOf(file) ?? data.Normalization }, recipe.Data);
        if (report.Fresh.Concat(report.Missing.Where(ModelStages.IsHead)).FirstOrDefault() is string untrained
            && !recipe.Model.AllowPartial)
            throw new UsageException(
                $"'{path}' has no '{untrained}' for the {data.Classes} classes of '{data.Name}': train one first, or "
                    + "name the dataset that it was trained on (`dataset`).");
        return new TrainedModel(new CheckpointHead(recipe, data, new TrainingState()), model, device, report.Path)
        {
            Loaded = report,
        };
    }

    /// <summary>A model that has weights already, as if it had been read from a file.</summary>
    internal static TrainedModel Of(ImageClassifier model, Recipe recipe, DatasetInfo data, string path) =>
        new(new CheckpointHead(recipe, data, new TrainingState()), model, Device.Cpu, path);

    /// <summary>Whether the training images of a dataset are those that the model learned from, by name and class,
    /// wherever they lie; null: not known.</summary>
    /// <param name="data">The dataset, parted as in the training.</param>
    public bool? LearnedFrom(DatasetSplits data)
    {
        if (Head.State.TrainListing is not PartListing learned || Head.Recipe.SemiSupervised.Folder is not null)
            return null;
        try
        {
            return SemiSupervisedChoice.Listing(SemiSupervisedChoice.Divide(Head.Recipe, data)) == learned;
        }
        catch (UsageException)
        {
            return false;   // it has fewer images of a class than the labels that were used
        }
    }

    /// <summary>Evaluates the model on a dataset, whose classes are matched with its own by name. Results have the
    /// model's numbers.</summary>
    /// <exception cref="UsageException">The dataset has classes that the model does not know.</exception>
    public EvaluationResult Evaluate(
        IImageDataset dataset, int batchSize, TestTimeAugmentation augmentation = TestTimeAugmentation.None,
        CancellationToken stop = default)
    {
        dataset = ClassMap.Of(Head.Data, dataset.Info).Require(Path).Apply(dataset);
        return Evaluator.Run(Model, LoaderOf(dataset, batchSize), Head.Data.Classes, _device, augmentation,
            sets: dataset.Info.LabelSets, stop: stop);
    }

    /// <summary>Probabilities of the classes: of one against the others, or of each by itself where images have several
    /// classes.</summary>
    /// <param name="scores">Of one image.</param>
    public double[] Probabilities(ReadOnlySpan<float> scores) =>
        Head.Data.IsMultiLabel ? Classification.Sigmoid(scores) : Classification.Probabilities(scores);

    /// <summary>Probability of each class, <c>[image][class]</c>, in the dataset's order.</summary>
    public IReadOnlyList<double[]> Predict(IImageDataset dataset, int batchSize = 32) =>
        [.. PredictEach(dataset, batchSize)];

    /// <summary>Probabilities of one image after another, computed batch by batch while they are asked for.</summary>
    public IEnumerable<double[]> PredictEach(IImageDataset dataset, int batchSize)
    {
        int size = Model.Config.Channels * Model.Config.ImageSize * Model.Config.ImageSize;
        foreach (Batch batch in LoaderOf(dataset, batchSize).Epoch(0))
        {
            float[] scores = Scores(batch.Images.AsSpan(0, batch.Count * size), batch.Count);
            for (int i = 0; i < batch.Count; i++)
                yield return Probabilities(scores.AsSpan(i * Head.Data.Classes, Head.Data.Classes));
        }
    }

    /// <summary>A preparation of single images as <see cref="Predict"/> does it; for one thread.</summary>
    public ImagePreparation CreatePreparation() =>
        LoaderChoice.Preparation(Head.Data, Model.Config, Head.Recipe.Data, Head.Data.Normalization);

    /// <summary>Scores of prepared images, before the softmax; on the CPU those of each have the bits that they
    /// have alone. Safe on several threads.</summary>
    /// <param name="images">As <see cref="CreatePreparation"/> makes them, one behind the other.</param>
    /// <param name="count">Number of images.</param>
    /// <returns><c>[count, class]</c>.</returns>
    public float[] Scores(ReadOnlySpan<float> images, int count)
    {
        using IDisposable alike = BatchInvariance.Begin();
        if (count <= MostCompiledImages && _compiled.TryRun(ShapeOf(count), images) is { } scores) return scores;
        using StepScope scope = StepScope.Begin();
        return Model.Forward(ToTensor(images, count)).ToArray();
    }

    /// <summary>Pooled features of prepared images: what the classifier head reads. As <see cref="Scores"/>.</summary>
    /// <inheritdoc cref="Scores"/>
    /// <returns><c>[count, dim]</c>.</returns>
    public float[] Features(ReadOnlySpan<float> images, int count)
    {
        using IDisposable alike = BatchInvariance.Begin();
        using StepScope scope = StepScope.Begin();
        return Model.PooledFeatures(ToTensor(images, count)).ToArray();
    }

    /// <summary>Gives the memory of the weights back; the model has no answers from then on. For its only
    /// user.</summary>
    public void Release()
    {
        foreach ((_, NamedTensor tensor) in Model.NamedState()) tensor.Value.Release();
    }

    /// <summary>Prepared images as a tensor of the running step scope.</summary>
    internal Tensor ToTensor(ReadOnlySpan<float> images, int count) => Tensor.From(images, ShapeOf(count), _device);

    private Shape ShapeOf(int count) =>
        [count, Model.Config.Channels, Model.Config.ImageSize, Model.Config.ImageSize];

    /// <summary>One image after another as the model takes it, normalised, <c>[channel, height, width]</c>; each valid
    /// until the next one is asked for.</summary>
    internal IEnumerable<Batch> Each(IImageDataset dataset) => LoaderOf(dataset, 1).Epoch(0);

    /// <summary>Batches as the model takes them, normalised; each valid until the next one is asked for.</summary>
    internal IEnumerable<Batch> Batches(IImageDataset dataset, int batchSize) => LoaderOf(dataset, batchSize).Epoch(0);

    /// <summary>Device of the model.</summary>
    internal Device Device => _device;

    /// <summary>Measures how far Performers with this model's weights are from it; see
    /// <see cref="PerformerApproximation"/>.</summary>
    /// <param name="dataset">Images to compare on.</param>
    /// <param name="count">Number of images, from the first on.</param>
    /// <param name="features">Numbers of features.</param>
    /// <param name="seeds">Draws to try with each.</param>
    /// <exception cref="UsageException">The model cannot be approximated, or there are no images.</exception>
    public IReadOnlyList<PerformerError> PerformerErrors(IImageDataset dataset, int count, IReadOnlyList<int> features,
        IReadOnlyList<ulong> seeds)
    {
        if (PerformerApproximation.Obstacle(Model) is { } obstacle) throw new UsageException($"'{Path}': {obstacle}");
        using StepScope scope = StepScope.Begin();
        Batch batch = LoaderOf(dataset, Math.Min(count, dataset.Count)).Epoch(0).FirstOrDefault()
            ?? throw new UsageException($"the dataset '{dataset.Info.Name}' has no images in this part.");
        return PerformerApproximation.Measure(Model, batch.ToImages(_device), features, seeds);
    }

    private DataLoader LoaderOf(IImageDataset dataset, int batchSize) =>
        LoaderChoice.Evaluation(dataset, Model.Config, batchSize, Head.Recipe.Data, Head.Data.Normalization,
            learned: Head.Data);
}
