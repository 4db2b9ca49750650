using Fovea.Tensors;

namespace Fovea.Nn.Tests;

[Trait("Category", "Golden")]
public sealed class LossesGoldenTests
{
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Values_and_gradients_are_the_recorded_ones(string device)
    {
        Golden golden = Golden.Load("losses");
        foreach (string name in golden.Tensors.Keys.Where(key => key.EndsWith(".loss", StringComparison.Ordinal)))
        {
            string loss = name[..^".loss".Length];
            Tensor logits = Input("logits"), student = Input("dist_logits");
            using Tape tape = Tape.Record();
            Tensor value = Compute(golden, loss, logits, student, Input("teacher_logits", false));
            golden.Compare(name, value);
            tape.Backward(value.Shape.Rank == 0 ? value : Ops.Sum(value));
            Check($"{loss}.grad.logits", logits);
            Check($"{loss}.grad.dist_logits", student);
        }

        Tensor Input(string name, bool requiresGradient = true)
        {
            Tensor tensor = golden[name].ToTensor(TestDevice.Named(device));
            tensor.RequiresGradient = requiresGradient;
            return tensor;
        }

        void Check(string name, Tensor input)
        {
            if (golden.Tensors.ContainsKey(name)) golden.Compare(name, input.Gradient, "grad");
            else Assert.True(input.Gradient is null, $"{name} is not expected");
        }
    }

    private static Tensor Compute(Golden golden, string loss, Tensor logits, Tensor student, Tensor teacher)
    {
        Tensor Read(string name) => golden[name].ToTensor(logits.Device);
        float Setting(string name) => golden.Config.GetProperty(name).GetSingle();
        Tensor labels = Read("labels");
        float share = Setting("alpha"), temperature = Setting("tau");
        return loss switch
        {
            "cross_entropy" => Ops.CrossEntropy(logits, labels),
            "cross_entropy_none" => Ops.CrossEntropyPerRow(logits, labels),
            "cross_entropy_smooth" => Ops.CrossEntropy(logits, labels, Setting("label_smoothing")),
            "cross_entropy_weighted" => Ops.CrossEntropy(logits, labels, classWeights: Read("class_weight")),
            "soft_target" => Ops.SoftCrossEntropy(logits, Read("mixup_targets")),
            "bce_logits" => Losses.BinaryCrossEntropy(logits, Read("binary_targets")),
            "mse" => Losses.MeanSquaredError(logits, Read("teacher_logits")),
            "distill_soft_term" => Losses.SoftDistillation(student, teacher, temperature),
            "distill_soft_term_batchmean" => Losses.SoftDistillation(student, teacher, temperature, perSample: true),
            "distill_hard_term" => Losses.HardDistillation(student, teacher),
            "distill_soft" => Losses.Blend(Ops.CrossEntropy(logits, labels),
                Losses.SoftDistillation(student, teacher, temperature), share),
            "distill_hard" => Losses.Blend(Ops.CrossEntropy(logits, labels), Losses.HardDistillation(student, teacher),
                share),
            _ => throw new NotSupportedException(loss),
        };
    }
}
