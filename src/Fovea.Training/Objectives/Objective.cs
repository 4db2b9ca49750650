using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Vision;

namespace Fovea.Training.Objectives;

/// <summary>The mean loss of a part's classes, as the recipe asks for it.</summary>
/// <param name="scores">Scores of the images.</param>
/// <param name="part">The images.</param>
/// <param name="images">The images as the model saw them.</param>
internal delegate Tensor ClassLoss(HeadScores scores, BatchPart part, Tensor images);

/// <summary>Loss that a run learns in place of the classes of its images, or besides them, and what is learned beside
/// the model for it.</summary>
/// <param name="model">The model that learns.</param>
/// <param name="parts">What else is learned or kept, part of checkpoints under
/// <see cref="CheckpointWriter.ObjectivePrefix"/>; null: nothing.</param>
internal abstract class Objective(ImageClassifier model, Module? parts)
{
    /// <summary>The model and the parts, the model's names as they are alone.</summary>
    public Module Learner { get; } = parts is null ? model : new Joined(model, parts);

    /// <summary>The model whose weights are the result.</summary>
    public virtual Module Result => model;

    /// <summary>Images are classified on the way, so that there are accuracies.</summary>
    public virtual bool Classifies => false;

    /// <summary>Other measurements: sums over the images since the last call, by name; null: nothing.</summary>
    public virtual IReadOnlyDictionary<string, double>? TakeMeasures() => null;

    /// <summary>Measurements as they are told, of the means of these sums.</summary>
    public virtual IReadOnlyDictionary<string, double> Told(IReadOnlyDictionary<string, double> means) => means;

    /// <summary>A sentence where an epoch's means of what was measured tell that learning has gone wrong; else
    /// null.</summary>
    public virtual string? Warning(IReadOnlyDictionary<string, double> means) => null;

    /// <summary>Gives the parts memory and first values; the model has its own.</summary>
    public virtual void Initialize(Device device, ulong seed) => parts?.Initialize(device, seed);

    /// <summary>Gives the parts memory, for weights that are loaded right after.</summary>
    public void Allocate(Device device) => parts?.Allocate(device);

    /// <summary>The mean loss of a part of a batch, and the scores of its images where they are classified.</summary>
    /// <param name="part">The images.</param>
    /// <param name="step">Steps done before.</param>
    /// <param name="classes">The loss of classes that the recipe asks for.</param>
    public abstract (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step, ClassLoss classes);

    /// <summary>Gets the moving average of the model that is evaluated; null: there is none.</summary>
    public virtual void Follow(WeightAverage? average)
    {
    }

    /// <summary>Training ends, or is interrupted.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>An epoch begins, or goes on.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="batch">Number of its next batch.</param>
    public virtual void Enter(int epoch, int batch)
    {
    }

    /// <summary>The gradients of a step are there, and may be changed.</summary>
    /// <param name="epoch">From 0.</param>
    public virtual void Differentiated(int epoch)
    {
    }

    /// <summary>A step is done.</summary>
    /// <param name="step">Its number, from 0.</param>
    public virtual void Stepped(int step)
    {
    }

    private sealed class Joined : Module
    {
        public Joined(Module model, Module parts)
        {
            Register("", model);
            Register(CheckpointWriter.ObjectivePrefix[..^1], parts);
        }
    }
}
