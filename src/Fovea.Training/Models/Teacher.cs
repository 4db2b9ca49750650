using Fovea.Data;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Classes;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Models;

/// <summary>
/// A trained model that another one learns from (Touvron et al. 2021, arXiv:2012.12877, section 4). It sees the
/// student's images, augmented and mixed as they are, and records nothing.
/// </summary>
public sealed class Teacher
{
    private readonly TrainedModel _model;
    private readonly DistillationSection _options;
    private readonly float[]? _scale;
    private readonly float[]? _shift;

    private Teacher(TrainedModel model, DistillationSection options, Normalization student)
    {
        _model = model;
        _options = options;
        Normalization own = model.Head.Data.Normalization.ForChannels(model.Model.Config.Channels),
            given = student.ForChannels(model.Model.Config.Channels);
        if (own.Mean.SequenceEqual(given.Mean) && own.Std.SequenceEqual(given.Std)) return;
        _scale = [.. given.Std.Zip(own.Std, (from, to) => from / to)];
        _shift = [.. given.Mean.Zip(own.Mean, (from, to) => from - to)
            .Zip(own.Std, (difference, to) => difference / to)];
    }

    /// <summary>The teacher that a recipe names, or null.</summary>
    /// <param name="options">The teacher, and what is learned from it.</param>
    /// <param name="student">The model that learns.</param>
    /// <param name="data">The dataset that it learns.</param>
    /// <param name="device">Device of both.</param>
    /// <exception cref="UsageException">There is no such run, or it knows other classes or images.</exception>
    /// <exception cref="CheckpointException">Its checkpoint is damaged.</exception>
    public static Teacher? Load(DistillationSection options, ModelConfig student, DatasetInfo data, Device device)
    {
        if (options.Teacher is not string path) return null;
        TrainedModel model = TrainedModel.Load(path, device);
        if (!ClassMap.Of(model.Head.Data, data).IsSame)
            throw new UsageException(
                $"'{path}' knows the {model.Head.Data.Classes} classes of '{model.Head.Data.Name}', not those of "
                    + $"'{data.Name}'; train a teacher on the same classes.")
            { Field = "teacher" };
        ModelConfig config = model.Model.Config;
        if ((config.ImageSize, config.Channels) != (student.ImageSize, student.Channels))
            throw new UsageException(
                $"'{path}' takes images of {config.ImageSize} pixels and {config.Channels} channels, the student of "
                    + $"{student.ImageSize} and {student.Channels}; set `image-size` {config.ImageSize} or train a "
                    + "teacher for the student's size.")
            { Field = "teacher" };
        return new Teacher(model, options, data.Normalization);
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

    /// <summary>The teacher's scores of the student's images, <c>[batch, class]</c>.</summary>
    public Tensor Scores(Tensor images)
    {
        using IDisposable pause = Tape.Pause();
        using StepScope scope = StepScope.Begin();
        if (_scale is not null && _shift is not null)
        {
            Shape channels = [1, _scale.Length, 1, 1];
            images = Ops.Add(Ops.Multiply(images, Tensor.From(_scale, channels, images.Device)),
                Tensor.From(_shift, channels, images.Device));
        }

        return scope.Return(_model.Model.Forward(images));
    }
}
