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

        model.Context = model.Context with { Random = new Philox(0, 1) };
        using Tape tape = Tape.Record();
        tape.Backward(Ops.CrossEntropy(model.Forward(images), labels));
        optimizer.Step(GradientNorm.Measure(optimizer.Groups).ClipScale(1));
        optimizer.ZeroGradient();
    }
}
