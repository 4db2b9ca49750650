using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class LeakTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_thousand_training_steps_leave_no_memory_behind(bool clearGradients)
    {
        Device device = Device.CreateReference();
        Tensor[] parameters = [.. ((Shape[])[[4], [4], [12, 4], [12], [4, 4], [3, 4]])
            .Select((shape, i) => Normal(shape).Create(device, i))];
        long afterFirst = 0;
        for (int step = 0; step < 1000; step++)
        {
            Step(device, parameters);
            if (clearGradients) foreach (Tensor parameter in parameters) parameter.ClearGradient();
            if (step == 0) afterFirst = device.Backend.AllocatedBytes;
            else Assert.Equal(afterFirst, device.Backend.AllocatedBytes);
        }

        long parametersAndGradients = 2 * parameters.Sum(parameter => parameter.Shape.Elements) * sizeof(double);
        Assert.Equal(parametersAndGradients, afterFirst);
    }

    private static void Step(Device device, Tensor[] p)
    {
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor x = Normal([2, 3, 4]).WithoutGradient().Create(device, 50), labels = Integers([2], 3).Create(device, 51);
        Tensor qkv = Ops.LayerNormLinear(x, p[0], p[1], 1e-5f, p[2], p[3]);
        Tensor mixed = Ops.Linear(Ops.Dropout(Ops.Attention(qkv, 2), 0.1f, new Philox(1, 1)), p[4], residual: x);
        Tensor quotient = Ops.Divide(mixed, Ops.Apply(UnaryOperator.Exp, mixed));
        Tensor pooled = Ops.DropPath(Ops.Add(Ops.Max(mixed, 1), Ops.Mean(quotient, 1)), 0.1f, new Philox(1, 2));
        Tensor weights = Tensor.From([1f, 2, 3], [3], device);
        tape.Backward(Ops.CrossEntropy(Ops.Linear(pooled, p[5]), labels, 0.1f, weights));
    }
}
