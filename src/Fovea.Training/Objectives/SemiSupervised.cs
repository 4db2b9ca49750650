using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Objectives;

/// <summary>
/// Classes of labelled images and, beside them, agreement with targets that are made for images without labels: loss =
/// classes + weight · agreement. Both go through the model in one pass, each labelled image followed by its others, so
/// that what an image draws does not depend on how a batch is cut into parts. Targets are made in evaluation, without
/// gradients.
/// </summary>
internal abstract class SemiSupervised : Objective
{
    /// <summary>Name of the share of the images whose target is used.</summary>
    protected const string Used = "pseudo_labels";

    private const string Known = "pseudo_known", Right = "pseudo_right", Accuracy = "pseudo_accuracy";

    private readonly ImageClassifier _model;
    private readonly DataLoader _unlabelled;
    private readonly Device _device;
    private readonly int _ratio;
    private IEnumerator<Batch>? _batches;
    private int _epoch;
    private float[] _images = [];
    private double _loss;
    private int _rows, _used, _known, _right;

    /// <param name="model">The model that learns.</param>
    /// <param name="unlabelled">As many batches as there are labelled ones: the learned view, and one for the
    /// target.</param>
    /// <param name="options">Ratio and weight.</param>
    /// <param name="device">Device of the model.</param>
    protected SemiSupervised(ImageClassifier model, DataLoader unlabelled, SemiSupervisedSection options,
        Device device) : base(model, null)
    {
        (_model, _unlabelled, _device, _ratio) = (model, unlabelled, device, options.UsedRatio);
    }

    /// <inheritdoc/>
    public override bool Classifies => true;

    /// <summary>Steps of an epoch.</summary>
    protected int StepsPerEpoch => _unlabelled.BatchesPerEpoch;

    /// <inheritdoc/>
    public override void Enter(int epoch, int batch)
    {
        Leave();
        _epoch = epoch;
        _batches = _unlabelled.Epoch(epoch, batch).GetEnumerator();
    }

    /// <inheritdoc/>
    public override void Leave()
    {
        _batches?.Dispose();
        _batches = null;
    }

    /// <inheritdoc/>
    public override (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step, ClassLoss classes)
    {
        if (part.First == 0) MoveOn();
        BatchPart others = new(_batches!.Current, part.First * _ratio, part.Count * _ratio);
        Targets targets = TargetsOf(others);
        Count(targets, others.Classes.Span);
        _model.Context = _model.Context with { FirstSample = part.First * (1 + _ratio) };
        HeadScores scores = _model.ForwardHeads(Joined(part, others));
        (int[] labelled, int[] rest) = Rows(part.Count);
        HeadScores own = new(Pick(scores.Class, labelled),
            scores.Distillation is { } head ? Pick(head, labelled) : null);
        Tensor agreement = Agreement(Pick(scores.Mean(), rest), targets);
        _loss += agreement.Item() * part.Count;
        return (Ops.Add(classes(own, part, part.Images(_device)), Ops.Scale(agreement, (float)Weight(step))), own);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double>? TakeMeasures()
    {
        if (_rows == 0) return null;
        Dictionary<string, double> measures = new()
        {
            ["unlabelled_loss"] = _loss,
            [Used] = (double)_used / _ratio,
            [Known] = (double)_known / _ratio,
            [Right] = (double)_right / _ratio,
        };
        (_loss, _rows, _used, _known, _right) = (0, 0, 0, 0, 0);
        return measures;
    }

    /// <inheritdoc/>
    /// <remarks>Accuracy is that of the targets that are used, of images whose class is known.</remarks>
    public override IReadOnlyDictionary<string, double> Told(IReadOnlyDictionary<string, double> means)
    {
        SortedDictionary<string, double> told = new(means.ToDictionary());
        told.Remove(Known);
        told.Remove(Right);
        if (means[Known] > 0) told[Accuracy] = means[Right] / means[Known];
        return told;
    }

    /// <summary>Targets of images; the running step scope has the tensors.</summary>
    protected abstract Targets TargetsOf(BatchPart part);

    /// <summary>Loss of the learned views.</summary>
    /// <param name="logits"><c>[row, class]</c>.</param>
    /// <param name="targets">Of the same images.</param>
    /// <returns>A scalar.</returns>
    protected abstract Tensor Agreement(Tensor logits, Targets targets);

    /// <summary>Factor of that loss.</summary>
    /// <param name="step">Steps done before.</param>
    protected abstract double Weight(int step);

    /// <summary>Answers of the model for the views that targets are made of, in evaluation: <c>[row,
    /// class]</c>.</summary>
    protected Tensor Probabilities(BatchPart part)
    {
        using IDisposable pause = Tape.Pause();
        using StepScope scope = StepScope.Begin();
        _model.Train(false);
        try
        {
            return scope.Return(Ops.Softmax(_model.Forward(part.View(0, _device))));
        }
        finally
        {
            _model.Train();
        }
    }

    private void MoveOn()
    {
        if (_batches is null) Enter(_epoch, 0);
        if (_batches!.MoveNext()) return;
        Enter(_epoch + 1, 0);
        _batches!.MoveNext();
    }

    private void Count(Targets targets, ReadOnlySpan<int> classes)
    {
        for (int row = 0; row < classes.Length; row++)
        {
            _rows++;
            if (!targets.IsUsed[row]) continue;
            _used++;
            if (classes[row] == PooledImages.Unknown) continue;
            _known++;
            if (classes[row] == targets.Classes[row]) _right++;
        }
    }

    /// <summary>Each labelled image, followed by its others.</summary>
    private Tensor Joined(BatchPart part, BatchPart others)
    {
        Batch batch = part.Batch;
        int length = batch.Channels * batch.Height * batch.Width, group = (1 + _ratio) * length;
        if (_images.Length < part.Count * group) _images = new float[part.Count * group];
        for (int i = 0; i < part.Count; i++)
        {
            Span<float> target = _images.AsSpan(i * group, group);
            batch.Images.AsSpan((part.First + i) * length, length).CopyTo(target);
            others.Batch.Images.AsSpan((others.First + i * _ratio) * length, _ratio * length)
                .CopyTo(target[length..]);
        }

        return Tensor.From(_images.AsSpan(0, part.Count * group),
            [part.Count * (1 + _ratio), batch.Channels, batch.Height, batch.Width], _device);
    }

    private (int[] Labelled, int[] Others) Rows(int count)
    {
        ILookup<bool, int> rows = Enumerable.Range(0, count * (1 + _ratio)).ToLookup(row => row % (1 + _ratio) == 0);
        return ([.. rows[true]], [.. rows[false]]);
    }

    private Tensor Pick(Tensor scores, int[] rows) => Ops.Gather(scores, Tensor.From(rows, [rows.Length], _device));

    /// <summary>Targets of images without labels.</summary>
    /// <param name="Probabilities"><c>[row, class]</c>.</param>
    /// <param name="Classes">The most likely class of each.</param>
    /// <param name="IsUsed">Which ones are learned.</param>
    protected sealed record Targets(Tensor Probabilities, int[] Classes, bool[] IsUsed)
    {
        /// <summary>Targets by a least probability.</summary>
        public static Targets Of(Tensor probabilities, double threshold)
        {
            int classes = probabilities.Shape[1];
            float[][] rows = [.. probabilities.ToArray().Chunk(classes)];
            int[] best = [.. rows.Select(row => Classification.Best(row))];
            return new(probabilities, best, [.. rows.Select((row, i) => row[best[i]] >= threshold)]);
        }
    }
}
