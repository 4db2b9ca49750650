using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>A step on images that mean nothing, to be timed or counted.</summary>
internal static class SyntheticStep
{
    /// <summary>A forward pass; with an optimiser a whole training step. The caller's <see cref="StepScope"/> ends
    /// it.</summary>
    public static void Run(ImageClassifier model, Optimizer? optimizer, Tensor images, Tensor labels)
    {
        if (optimizer is null)
        {
            model.Forward(images);
            return;
        }

        Differentiate(model, images, labels, Random);
        Update(optimizer);
    }

    /// <summary>Random numbers of each step.</summary>
    public static Philox Random => new(0, 1);

    /// <summary>Forward and backward pass.</summary>
    /// <returns>The loss.</returns>
    public static Tensor Differentiate(ImageClassifier model, Tensor images, Tensor labels, Philox random)
    {
        model.Context = model.Context with { Random = random };
        using Tape tape = Tape.Record();
        Tensor loss = Ops.CrossEntropy(model.Forward(images), labels);
        tape.Backward(loss);
        return loss;
    }

    /// <summary>Takes the step that gradients ask for, clipped.</summary>
    public static void Update(Optimizer optimizer)
    {
        optimizer.Step(GradientNorm.Measure(optimizer.Groups).ClipScale(1));
        optimizer.ZeroGradient();
    }
}
