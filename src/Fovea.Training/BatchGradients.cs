using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>Computes the gradients of a batch, part by part: forward and backward pass of a training step.</summary>
internal sealed class BatchGradients
{
    private readonly TrainingParts _parts;
    private readonly Recipe _recipe;
    private readonly IReadOnlyList<IReadOnlyList<int>>? _sets;
    private readonly CompiledParts? _compiled;

    /// <param name="parts">Model, recipe, device and teacher.</param>
    public BatchGradients(TrainingParts parts)
    {
        (_parts, _recipe, _sets) = (parts, parts.Recipe, parts.Data.Info.LabelSets);
        if (_recipe.Run.Compiled && parts.Objective is null) _compiled = new(parts, Differentiate);
    }

    /// <summary>Why parts of batches are computed operator by operator although they were to be compiled; null: they
    /// are, or nobody asked.</summary>
    public string? Refusal => !_recipe.Run.Compiled ? null
        : _parts.Objective is not null ? "only the loss of classes is compiled; all is computed operator by operator."
        : _parts.Shards is { Shards: > 1 } or { Ranks.Size: > 1 }
        ? "batches in shards are not compiled; all is computed operator by operator."
        : _compiled?.Refusal;

    /// <summary>Parts of batches that were computed from notes.</summary>
    public int CompiledParts => _compiled?.Computed ?? 0;

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
            Philox random = RandomOf(step);
            if (_compiled?.TryAdd(part, TargetsOf(part), random, result) is true) continue;
            using StepScope scope = StepScope.Begin();   // owns the part's tensors
            using Tape tape = Tape.Record();
            _parts.Learner.Context = ContextOf(part, random, part.First == 0);
            (Tensor loss, HeadScores? scores) = Forward(part, step);
            result.Add(loss, scores, part);
            Differentiate(tape, loss, part);
        }

        return result;
    }

    /// <summary>Random numbers of a step: a resumed run draws the same.</summary>
    public Philox RandomOf(int step) => Philox.For(_recipe.Run.Seed, "dropout", (ulong)step);

    /// <summary>The context of a part's forward pass. Dropout draws from the seed, the step and the image's place in
    /// the batch: other parts draw the same.</summary>
    public ForwardContext ContextOf(BatchPart part, Philox random, bool isFirst) => _parts.Learner.Context with
    {
        Random = random,
        FirstSample = part.First,
        IsFirstPart = isFirst,
    };

    /// <summary>The mean loss of a part, and its scores where there are classes; the running step scope has
    /// both.</summary>
    public (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step)
    {
        if (_parts.Objective is { } objective)
            return objective.Forward(part, step, (scores, some, pixels) =>
                Loss(scores, TargetsOf(some).On(_parts.Device), pixels));
        Tensor images = part.Images(_parts.Device);
        HeadScores scores = _parts.Model.ForwardHeads(images);
        return (Loss(scores, TargetsOf(part).On(_parts.Device), images), scores);
    }

    /// <summary>Forward and backward pass of a part, given its tensors.</summary>
    private (Tensor Loss, Tensor? Scores) Differentiate(Tensor images, Tensor targets, BatchPart part, Philox random)
    {
        using Tape tape = Tape.Record();
        _parts.Learner.Context = ContextOf(part, random, part.First == 0);
        HeadScores scores = _parts.Model.ForwardHeads(images);
        Tensor loss = Loss(scores, targets, images), mean;
        using (Tape.Pause()) mean = scores.Mean().Keep();
        Differentiate(tape, loss, part);
        return (loss, mean);
    }

    private void Differentiate(Tape tape, Tensor loss, BatchPart part) =>
        tape.Backward(loss, part.Share == 1 ? null : Tensor.Full(loss.Shape, part.Share, _parts.Device));

    /// <summary>Cross-entropy, or binary cross-entropy where the recipe says so or images have several classes.
    /// </summary>
    private Tensor Loss(HeadScores scores, Tensor targets, Tensor images)
    {
        // Without a teacher a distillation token's head learns from the labels too, by way of the mean.
        Tensor own = _parts.Teacher is null ? scores.Mean() : scores.Class;
        Tensor loss = IsBinary
            ? Losses.BinaryCrossEntropy(own, targets, (float)_recipe.Regularisation.PositiveWeight)
            : targets.ElementType == ElementType.Int32
            ? Ops.CrossEntropy(own, targets, (float)_recipe.Regularisation.LabelSmoothing)
            : Ops.SoftCrossEntropy(own, targets);
        return _parts.Teacher?.Blend(loss, scores.Distillation ?? scores.Class, images) ?? loss;
    }

    private bool IsBinary => _recipe.Regularisation.BinaryLoss || _sets is not null;

    /// <summary>Targets of a part: soft ones where images are mixed, which are smoothed already; else classes, and each
    /// class by itself for binary cross-entropy.</summary>
    private PartTargets TargetsOf(BatchPart part)
    {
        int classes = _parts.Model.Config.Classes;
        if (part.SoftTargets is { } soft) return new([part.Count, classes], default, soft);
        return IsBinary ? new([part.Count, classes], default, BinaryTargets(part, classes))
            : new([part.Count], part.Classes, default);
    }

    /// <summary>Targets of each class by itself, smoothed: as timm.</summary>
    private float[] BinaryTargets(BatchPart part, int classes)
    {
        float off = (float)_recipe.Regularisation.LabelSmoothing / classes;
        float on = 1 - (float)_recipe.Regularisation.LabelSmoothing;
        if (_sets is not null) return Classification.Targets(_sets, part.Classes.Span, classes, on + off, off);
        float[] targets = new float[part.Count * classes];
        Array.Fill(targets, off);
        for (int i = 0; i < part.Count; i++) targets[i * classes + part.Classes.Span[i]] = on + off;
        return targets;
    }
}
