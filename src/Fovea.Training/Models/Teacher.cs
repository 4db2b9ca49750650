using Fovea.Data;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Classes;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Models;

/// <summary>
/// A trained model that another one learns from (Touvron et al. 2021, arXiv:2012.12877, section 4). It sees the
/// student's images, augmented and mixed as they are, normalised as its own were, and records nothing.
/// </summary>
public sealed class Teacher
{
    private readonly ImageClassifier _model;
    private readonly DistillationSection _options;
    private readonly IReadOnlyList<int>? _classes;
    private readonly float[]? _scale;
    private readonly float[]? _shift;

    private Teacher(ImageClassifier model, DistillationSection options, Normalization own, Normalization student,
        IReadOnlyList<int>? classes)
    {
        _model = model;
        _options = options;
        _classes = classes;
        (own, student) = (own.ForChannels(model.Config.Channels), student.ForChannels(model.Config.Channels));
        if (own.Mean.SequenceEqual(student.Mean) && own.Std.SequenceEqual(student.Std)) return;
        _scale = [.. student.Std.Zip(own.Std, (from, to) => from / to)];
        _shift = [.. student.Mean.Zip(own.Mean, (from, to) => from - to)
            .Zip(own.Std, (difference, to) => difference / to)];
    }

    /// <summary>Elements of its features; 0 where it learned classes to teach.</summary>
    internal int Features { get; private init; }

    /// <summary>The teacher that a recipe names, or null.</summary>
    /// <param name="options">The teacher, and what is learned from it.</param>
    /// <param name="student">The model that learns.</param>
    /// <param name="data">The dataset that it learns, whose classes are matched with the teacher's by name.</param>
    /// <param name="device">Device of both.</param>
    /// <exception cref="UsageException">There is no such run or file, it knows other classes or images, or does not say
    /// how its images were normalised.</exception>
    /// <exception cref="CheckpointException">Its checkpoint is damaged.</exception>
    public static Teacher? Load(DistillationSection options, ModelConfig student, DatasetInfo data, Device device)
    {
        if (options.Teacher is not string path) return null;
        using WeightFile file = ModelWeights.Open(path);
        CheckpointHead? head = ModelWeights.IsCheckpoint(file) ? CheckpointReader.HeadOf(file) : null;
        Normalization own = ModelWeights.NormalizationOf(file)
            ?? throw new UsageException(
                $"'{path}' does not say with what mean and deviation its images were normalised.")
            {
                Field = "teacher",
                Remedy = "Take weights by name ('fovea weights get'), which say so, or a run that was fine-tuned from "
                    + "it (`freeze` all).",
            };
        ImageClassifier model;
        IReadOnlyList<int>? classes = null;
        if (options.IsOfFeatures) model = Body(file, head, student, device);
        else
        {
            TrainedModel trained = head is not null ? TrainedModel.Load(path, device)
                : TrainedModel.FromWeights(path, Recipe.Default with
                {
                    Model = new() { Name = ModelWeights.PresetOf(file) },
                }, data with
                {
                    Name = path,
                    ClassNames = ModelWeights.ClassNamesOf(file)
                        ?? throw new UsageException($"'{path}' does not say which classes its head tells apart.")
                        {
                            Field = "teacher",
                            Remedy = "Its features can be learned (`distill` feature or token), or take a run.",
                        },
                    ClassIds = null,
                }, device);
            model = trained.Model;
            ClassMap map = ClassMap.Of(trained.Head.Data, data);
            if (!map.IsKnown)
                throw new UsageException(
                    $"'{path}' knows the {trained.Head.Data.Classes} classes of '{trained.Head.Data.Name}', not those "
                        + $"of '{data.Name}'; train a teacher on the same classes.")
                {
                    Field = "teacher",
                    Remedy = "Its features can be learned all the same (`distill` feature or token).",
                };
            if (!map.IsSame) classes = map.Numbers;
        }

        ModelConfig config = model.Config;
        if ((config.ImageSize, config.Channels) != (student.ImageSize, student.Channels))
            throw new UsageException(
                $"'{path}' takes images of {config.ImageSize} pixels and {config.Channels} channels, the student of "
                    + $"{student.ImageSize} and {student.Channels}; set `image-size` {config.ImageSize} or train a "
                    + "teacher for the student's size.")
            { Field = "teacher" };
        return new Teacher(model, options, own, data.Normalization, classes)
        {
            Features = options.IsOfFeatures ? FeaturesOf(model, path, options.Kind) : 0,
        };
    }

    /// <summary>
    /// (1 − α) · <paramref name="classification"/> + α · distillation. Soft: τ² KL(softmax(z_t/τ) ‖ softmax(z_s/τ)),
    /// the mean over the batch (eq. 2); hard: cross-entropy against the teacher's class (eq. 3).
    /// </summary>
    /// <param name="classification">Scalar loss against the labels.</param>
    /// <param name="scores">Scores of the student's distillation head, or of its only one; <c>[batch,
    /// class]</c>.</param>
    /// <param name="images">Images that the student saw, <c>[batch, channel, height, width]</c>.</param>
    /// <returns>A scalar.</returns>
    public Tensor Blend(Tensor classification, Tensor scores, Tensor images)
    {
        Tensor teacher = Scores(images);
        Tensor distillation = _options.Kind == DistillationKind.Soft
            ? Losses.SoftDistillation(scores, teacher, (float)_options.Temperature, perSample: true)
            : Losses.HardDistillation(scores, teacher);
        return Losses.Blend(classification, distillation, (float)_options.UsedAlpha);
    }

    /// <summary>The teacher's scores of the student's images, <c>[batch, class]</c>, in the order of the student's
    /// classes.</summary>
    public Tensor Scores(Tensor images) => Compute(images, seen =>
    {
        Tensor scores = _model.Forward(seen);
        return _classes is null ? scores
            : Ops.Permute(Ops.Gather(Ops.Permute(scores, 1, 0), Tensor.From([.. _classes], [_classes.Count],
                images.Device)), 1, 0);
    });

    /// <summary>Its pooled features of the student's images, <c>[batch, dim]</c>.</summary>
    internal Tensor PooledFeatures(Tensor images) => Compute(images, _model.PooledFeatures);

    /// <summary>Its tokens of the student's images on the student's grid of patches, <c>[batch, patch, dim]</c>:
    /// resampled where it has another.</summary>
    internal Tensor Patches(Tensor images, TokenGrid student) => Compute(images, seen =>
    {
        VisionTransformer model = (VisionTransformer)_model;
        TokenGrid own = model.GridOf(seen);
        Tensor patches = model.ForwardWithFeatures(seen).Patches;
        if ((own.Rows, own.Columns) == (student.Rows, student.Columns)) return patches;
        Tensor planes = Ops.Permute(patches, 0, 2, 1).Reshape(-1, Features, own.Rows, own.Columns);
        return Ops.Permute(Ops.Resize(planes, student.Rows, student.Columns)
            .Reshape(-1, Features, student.Patches), 0, 2, 1);
    });

    /// <summary>A model without head, of a run or a file.</summary>
    private static ImageClassifier Body(WeightFile file, CheckpointHead? head, ModelConfig student, Device device)
    {
        ModelNote? note = head is null ? ModelNote.Of(file) : null;
        Recipe recipe = head?.Recipe ?? note?.ToSizedRecipe(file.Path)
            ?? Recipe.Default with
            {
                Model = new() { Name = ModelWeights.PresetOf(file), ImageSize = student.ImageSize },
            };
        ModelConfig config = ModelChoice.Configure(recipe, head?.Data ?? note?.DataOf(file));
        ImageClassifier model = (config with { Classes = 0 }).Build();
        ModelWeights.Load(model, file, device, seed: 0);
        model.Train(false);
        model.Context = model.Context with { Epoch = head?.WindowEpoch ?? recipe.WindowEpoch(0) };
        return model;
    }

    private static int FeaturesOf(ImageClassifier model, string path, DistillationKind kind)
    {
        if (kind == DistillationKind.Token && model is not VisionTransformer)
            throw new UsageException($"'{path}' is no Vision Transformer, so it has no tokens of patches.")
            { Field = "distill" };
        Device device = Device.CreateMeta();
        ImageClassifier sizes = model.Config.Build();
        sizes.Allocate(device);
        sizes.Train(false);
        using StepScope scope = StepScope.Begin();
        return sizes.PooledFeatures(Tensor.Zeros(
            [1, model.Config.Channels, model.Config.ImageSize, model.Config.ImageSize], device)).Shape[1];
    }

    private Tensor Compute(Tensor images, Func<Tensor, Tensor> compute)
    {
        using IDisposable pause = Tape.Pause();
        using StepScope scope = StepScope.Begin();
        if (_scale is not null && _shift is not null)
        {
            Shape channels = [1, _scale.Length, 1, 1];
            images = Ops.Add(Ops.Multiply(images, Tensor.From(_scale, channels, images.Device)),
                Tensor.From(_shift, channels, images.Device));
        }

        return scope.Return(compute(images));
    }
}
