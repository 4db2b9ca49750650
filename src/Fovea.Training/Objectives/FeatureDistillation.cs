using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Training.Objectives;

/// <summary>
/// Learning a teacher's features besides the classes, (1 − α) · classes + α · features, behind a linear projection of
/// the student's that only training has: the direction of its pooled features, or its tokens patch by patch, whitened.
/// </summary>
internal sealed class FeatureDistillation : Objective
{
    private readonly VisionTransformer _student;
    private readonly Projection _projection;
    private readonly Teacher _teacher;
    private readonly DistillationSection _options;
    private readonly Device _device;

    /// <param name="student">The model that learns.</param>
    /// <param name="teacher">The model whose features are learned.</param>
    /// <param name="options">Which ones, and their share.</param>
    /// <param name="device">Device of both.</param>
    public FeatureDistillation(VisionTransformer student, Teacher teacher, DistillationSection options, Device device)
        : this(student, new Projection(student.Config.Dim, teacher.Features), teacher, options, device)
    {
    }

    private FeatureDistillation(VisionTransformer student, Projection projection, Teacher teacher,
        DistillationSection options, Device device)
        : base(student, projection)
    {
        (_student, _projection, _teacher, _options, _device) = (student, projection, teacher, options, device);
    }

    /// <inheritdoc/>
    public override bool Classifies => true;

    /// <inheritdoc/>
    public override (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step, ClassLoss classes)
    {
        Tensor images = part.Images(_device);
        (HeadScores scores, Tensor pooled, Tensor patches) = _student.ForwardWithFeatures(images);
        Tensor distillation = _options.Kind == DistillationKind.Feature
            ? Losses.CosineDistance(_projection.Layer.Forward(pooled), _teacher.PooledFeatures(images))
            : Losses.WhitenedError(
                _projection.Layer.Forward(patches).Reshape(-1, _teacher.Features),
                _teacher.Patches(images, _student.GridOf(images)).Reshape(-1, _teacher.Features));
        return (Losses.Blend(classes(scores, part, images), distillation, (float)_options.UsedAlpha), scores);
    }

    private sealed class Projection : Module
    {
        public Projection(int from, int to) =>
            Layer = Register("projection", new Linear(from, to, true, Init.XavierUniform(), Init.Zeros));

        public Linear Layer { get; }
    }
}
