using Fovea.Tensors;

namespace Fovea.Nn.Tests;

public sealed class LossesTests
{
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Binary_cross_entropy_of_extreme_logits_is_finite(string device)
    {
        Tensor logits = Tensor.From([1000f, -1000, 0], [3], TestDevice.Named(device));
        Tensor targets = Tensor.From([0f, 1, 1], [3], TestDevice.Named(device));

        Assert.Equal((2000 + Math.Log(2)) / 3, Losses.BinaryCrossEntropy(logits, targets).Item(), 1e-3);
    }

    [Fact]
    public void A_student_that_agrees_with_its_teacher_has_nothing_to_learn_and_the_teacher_never_has()
    {
        Tensor teacher = TestTensors.Normal([4, 6], Device.Reference),
            student = TestTensors.Normal([4, 6], Device.Reference);
        (teacher.RequiresGradient, student.RequiresGradient) = (true, true);
        using Tape tape = Tape.Record();
        Tensor loss = Losses.SoftDistillation(student, teacher, temperature: 2);
        tape.Backward(loss);

        Assert.Equal(0, loss.Item(), 1e-7);
        GoldenAssert.Close(new float[24], student.Gradient!.ToArray(), 1e-7, 0);
        Assert.Null(teacher.Gradient);
    }

    [Fact]
    public void Shapes_that_differ_are_named()
    {
        Tensor one = Tensor.Zeros([2, 3], Device.Reference), other = Tensor.Zeros([2, 4], Device.Reference);

        Assert.Contains("[2, 3] and [2, 4]",
            Assert.Throws<ShapeException>(() => Losses.MeanSquaredError(one, other)).Message);
        Assert.Throws<ShapeException>(() => Losses.BinaryCrossEntropy(one, other));
        Assert.Throws<ShapeException>(() => Losses.SoftDistillation(one, other, 1));
        Assert.Throws<ShapeException>(() => Losses.HardDistillation(one, other));
    }
}
