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
    private float[] _scores = [];

    /// <summary>Adds the gradients of a batch's mean loss to those that the parameters have.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="step">Steps done before; decides what dropout draws.</param>
    /// <returns>
    /// The mean loss, and how many images were classified correctly. Where the loss of a part is not finite it is
    /// returned alone, and the rest is not computed.
    /// </returns>
    public (double Loss, int Right) Add(Batch batch, int step)
    {
        ImageClassifier model = parts.Model;
        double mean = 0;
        int right = 0;
        int count = _recipe.Optimisation.GradientAccumulation;
        foreach (BatchPart part in BatchPart.Cut(batch, (_recipe.Optimisation.BatchSize + count - 1) / count))
        {
            using StepScope scope = StepScope.Begin();   // owns the part's tensors
            using Tape tape = Tape.Record();

            // Dropout draws from the seed, the step and the image's place in the batch: a resumed run draws the same,
            // and so do other parts.
            model.Context = model.Context with
            {
                Random = Philox.For(_recipe.Run.Seed, "dropout", (ulong)step),
                FirstSample = part.First,
            };
            Tensor images = part.Images(parts.Device);
            HeadScores scores = model.ForwardHeads(images);
            Tensor loss = Loss(scores, part, images);
            double value = loss.Item();
            if (!double.IsFinite(value)) return (value, right);
            (mean, right) = (mean + part.Share * value, right + CountCorrect(scores, part));
            tape.Backward(loss, part.Share == 1 ? null : Tensor.Full(loss.Shape, part.Share, parts.Device));
        }

        return (mean, right);
    }

    /// <summary>Cross-entropy, or binary cross-entropy where the recipe says so; where images are mixed, against their
    /// soft targets, which are smoothed already.</summary>
    private Tensor Loss(HeadScores scores, BatchPart part, Tensor images)
    {
        // Without a teacher a distillation token's head learns from the labels too, by way of the mean.
        Tensor own = parts.Teacher is null ? scores.Mean() : scores.Class;
        Tensor loss = _recipe.Regularisation.BinaryLoss ? Losses.BinaryCrossEntropy(own, BinaryTargets(part, own.Shape))
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
        float[] targets = new float[shape.Elements];
        Array.Fill(targets, off);
        for (int i = 0; i < part.Count; i++)
            targets[i * shape[1] + part.Classes[i]] = 1 - (float)_recipe.Regularisation.LabelSmoothing + off;
        return Tensor.From(targets, shape, parts.Device);
    }

    private int CountCorrect(HeadScores scores, BatchPart part)
    {
        using IDisposable pause = Tape.Pause();
        Tensor mean = scores.Mean();
        if (_scores.Length < mean.Shape.Elements) _scores = new float[mean.Shape.Elements];
        Span<float> values = _scores.AsSpan(0, mean.Shape.Elements);
        mean.CopyTo(values);
        return Classification.CountCorrect(values, part.Classes);
    }
}
