using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Tests.Support;

/// <summary>Gradients of whole models against central differences on the reference device, which computes in
/// double.</summary>
internal static class ModelGradients
{
    private const float Step = 1f / 65536;

    /// <summary>Checks some elements of every parameter, and of the images. h² = 2e-10 of truncation; what is read back
    /// as float32 is the difference.</summary>
    public static void Check(ImageClassifier model, Shape images, int each = 3)
    {
        using StepScope scope = StepScope.Begin();
        model.Initialize(Device.Reference, 1);
        _ = new DoubleModel(model);   // random weights, so that nothing is 0 by chance of the first values
        Tensor x = TestTensors.Normal(images, Device.Reference, 5);
        x.RequiresGradient = true;
        Tensor cotangent;
        using (Tape tape = Tape.Record())
        {
            Tensor y = model.Forward(x);
            cotangent = TestTensors.Normal(y.Shape, Device.Reference, 6);
            tape.Backward(y, cotangent);
        }

        Check("images", x);
        foreach ((string name, Parameter parameter) in model.NamedParameters()) Check(name, parameter.Value);

        void Check(string name, Tensor tensor)
        {
            Assert.True(tensor.Gradient is not null, $"{name} has no gradient");
            float[] values = tensor.ToArray(), gradient = tensor.Gradient.ToArray();
            for (int n = 0; n < each && n < values.Length; n++)
            {
                using StepScope inner = StepScope.Begin();
                using IDisposable pause = Tape.Pause();
                int i = (int)(Philox.For(9, name).Uniform((ulong)n) * values.Length) % values.Length;
                (float before, float up, float down) = (values[i], values[i] + Step, values[i] - Step);
                Tensor above = Moved(up), below = Moved(down);
                tensor.CopyFrom([before], i);
                double difference = Ops.Sum(Ops.Multiply(Ops.Subtract(above, below), cotangent)).Item()
                    / ((double)up - down);
                Assert.True(Math.Abs(gradient[i] - difference) <= 2e-6 + 2e-5 * Math.Abs(difference),
                    $"{name}, element {i}: gradient {gradient[i]:G9}, central difference {difference:G9}");

                Tensor Moved(float value)
                {
                    tensor.CopyFrom([value], i);
                    return model.Forward(x);
                }
            }
        }
    }
}
