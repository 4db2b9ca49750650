using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Models.Transformers;

public sealed class ThousandStepsTests
{
    [Fact]
    public void Memory_does_not_grow_over_a_thousand_training_steps()
    {
        Device device = Device.CreateCpu(threads: 2);
        VisionTransformer model = new(
            new VisionTransformerConfig { ImageSize = 16, PatchSize = 4, Dim = 16, Depth = 2, Heads = 2, Classes = 4 });
        model.Initialize(device, seed: 1);
        AdamW optimizer = new(ParameterGroup.Default(model, weightDecay: 0.05), learningRate: 1e-3);
        float[] pixels = [.. Enumerable.Range(0, 8 * 3 * 16 * 16)
            .Select(i => new Philox(1, 2).Uniform((ulong)i, -1, 1))];
        int[] classes = [.. Enumerable.Range(0, 8).Select(i => i % 4)];

        Run(10);
        long native = device.Backend.AllocatedBytes, managed = GC.GetTotalMemory(forceFullCollection: true);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(1000);
        long perStep = (GC.GetAllocatedBytesForCurrentThread() - before) / 1000;

        Assert.Equal(native, device.Backend.AllocatedBytes);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - managed, long.MinValue, 256 << 10);
        Assert.InRange(perStep, 0, 128 << 10);

        void Run(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                using StepScope scope = StepScope.Begin();
                using Tape tape = Tape.Record();
                Tensor images = Tensor.From(pixels, [8, 3, 16, 16], device), labels = Tensor.From(classes, [8], device);
                tape.Backward(Ops.CrossEntropy(model.Forward(images), labels));
                optimizer.Step(GradientNorm.Measure(optimizer.Groups).ClipScale(1));
                optimizer.ZeroGradient();
            }
        }
    }
}
