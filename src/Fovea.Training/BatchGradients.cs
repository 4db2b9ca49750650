using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>Computes the gradients of a batch, part by part: forward and backward pass of a training step.</summary>
/// <param name="parts">Model, recipe, device and teacher.</param>
internal sealed class BatchGradients(TrainingParts parts)
{
    private readonly Recipe _recipe = parts.Recipe;
    private readonly IReadOnlyList<IReadOnlyList<int>>? _sets = parts.Data.Info.LabelSets;

    /// <summary>Adds the gradients of a batch's mean loss to those that the parameters have.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="step">Steps done before; decides what dropout draws.</param>
    /// <returns>Loss and scores, not read yet; the caller disposes it.</returns>
    public BatchResult Add(Batch batch, int step)
    {
        BatchResult result = new() { LabelSets = _sets };
        int count = _recipe.Optimisation.GradientAccumulation;
        foreach (BatchPart part in BatchPart.Cut(batch, (_recipe.Optimisation.BatchSize + count - 1) / count))
        {
            using StepScope scope = StepScope.Begin();   // owns the part's tensors
            using Tape tape = Tape.Record();
            parts.Learner.Context = ContextOf(part, step, part.First == 0);
            (Tensor loss, HeadScores? scores) = Forward(part, step);
            result.Add(loss, scores, part);
            tape.Backward(loss, part.Share == 1 ? null : Tensor.Full(loss.Shape, part.Share, parts.Device));
        }

        return result;
    }

    /// <summary>The context of a part's forward pass. Dropout draws from the seed, the step and the image's place in
    /// the batch: a resumed run draws the same, and so do other parts.</summary>
    public ForwardContext ContextOf(BatchPart part, int step, bool isFirst) => parts.Learner.Context with
    {
        Random = Philox.For(_recipe.Run.Seed, "dropout", (ulong)step),
        FirstSample = part.First,
        IsFirstPart = isFirst,
    };

    /// <summary>The mean loss of a part, and its scores where there are classes; the running step scope has
    /// both.</summary>
    public (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step)
    {
        if (parts.Objective is { } objective) return objective.Forward(part, step, Loss);
        Tensor images = part.Images(parts.Device);
        HeadScores scores = parts.Model.ForwardHeads(images);
        return (Loss(scores, part, images), scores);
    }

    /// <summary>Cross-entropy, or binary cross-entropy where the recipe says so or images have several classes; where
    /// images are mixed, against their soft targets, which are smoothed already.</summary>
    private Tensor Loss(HeadScores scores, BatchPart part, Tensor images)
    {
        // Without a teacher a distillation token's head learns from the labels too, by way of the mean.
        Tensor own = parts.Teacher is null ? scores.Mean() : scores.Class;
        Tensor loss = _recipe.Regularisation.BinaryLoss || _sets is not null
            ? Losses.BinaryCrossEntropy(own, BinaryTargets(part, own.Shape),
                (float)_recipe.Regularisation.PositiveWeight)
            : part.Batch.Targets is null
            ? Ops.CrossEntropy(own, part.Labels(parts.Device), (float)_recipe.Regularisation.LabelSmoothing)
            : Ops.SoftCrossEntropy(own, part.Targets(parts.Device));
        return parts.Teacher?.Blend(loss, scores.Distillation ?? scores.Class, images) ?? loss;
    }

    /// <summary>Targets of each class by itself: as timm, one smoothed, or those of mixed images.</summary>
    private Tensor BinaryTargets(BatchPart part, Shape shape)
    {
        if (part.Batch.Targets is not null) return part.Targets(parts.Device);
        float off = (float)_recipe.Regularisation.LabelSmoothing / shape[1];
        if (_sets is not null)
            return Tensor.From(Classification.Targets(_sets, part.Classes, shape[1],
                1 - (float)_recipe.Regularisation.LabelSmoothing + off, off), shape, parts.Device);
        float[] targets = new float[shape.Elements];
        Array.Fill(targets, off);
        for (int i = 0; i < part.Count; i++)
            targets[i * shape[1] + part.Classes[i]] = 1 - (float)_recipe.Regularisation.LabelSmoothing + off;
        return Tensor.From(targets, shape, parts.Device);
    }
}
