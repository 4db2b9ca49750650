using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Models.Residual;

namespace Fovea.Vision.Tests.Models.Residual;

[Trait("Category", "Golden")]
public sealed class ResNetGoldenTests
{
    public static TheoryData<string, string> CasesAndDevices => new(
        from name in (string[])["torchvision-resnet18", "torchvision-resnet-bottleneck"]
        from device in (string[])["reference", "cpu"]
        select (name, device));

    [Theory]
    [MemberData(nameof(CasesAndDevices))]
    public void Evaluation_agrees_with_torchvision_at_every_stage(string name, string deviceName)
    {
        Golden golden = Golden.Load(name);
        Device device = TestDevice.Named(deviceName);
        using StepScope scope = StepScope.Begin();
        ResNet model = Load(golden, device);
        model.Train(false);
        Tensor images = golden["input"].ToTensor(device);

        Tensor x = model.Stem(images);
        golden.Compare("stem", x);
        for (int stage = 0; stage < model.Stages.Count; stage++)
        {
            foreach (ResidualBlock block in model.Stages[stage]) x = block.Forward(x);
            golden.Compare($"layer{stage + 1}", x);
        }

        golden.Compare("logits", model.Forward(images));
        using Tape tape = Tape.Record();   // the steps one by one
        golden.Compare("logits", model.Forward(images));
    }

    [Theory]
    [MemberData(nameof(CasesAndDevices))]
    public void One_training_step_agrees_with_torchvision(string name, string deviceName)
    {
        Golden golden = Golden.Load(name);
        Device device = TestDevice.Named(deviceName);
        using StepScope scope = StepScope.Begin();
        ResNet model = Load(golden, device);
        Tensor images = golden["train.input"].ToTensor(device);
        images.RequiresGradient = true;

        using Tape tape = Tape.Record();
        Tensor logits = model.Forward(images).Keep();
        Tensor loss = Ops.CrossEntropy(logits, golden["train.labels"].ToTensor(device));
        tape.Backward(loss);

        golden.Compare("train.logits", logits);
        golden.Compare("loss", loss);
        golden.Compare("grad.input", images.Gradient, "grad");
        foreach ((string parameterName, Parameter parameter) in model.NamedParameters())
            golden.Compare($"grad.{parameterName}", parameter.Value.Gradient, "grad");
        foreach ((string bufferName, ModuleBuffer buffer) in model.NamedBuffers())
        {
            if (golden[$"bn_after.{bufferName}"].Type == "F32") golden.Compare($"bn_after.{bufferName}", buffer.Value);
            else Assert.Equal(golden[$"bn_after.{bufferName}"].Ints,
                buffer.Value.ToArray().Select(value => (int)value));
        }

        Assert.Equal(golden.Tensors.Keys.Count(key => key.StartsWith("grad.", StringComparison.Ordinal)),
            model.NamedParameters().Count() + 1);
        Assert.Equal(golden.Tensors.Keys.Count(key => key.StartsWith("bn_after.", StringComparison.Ordinal)),
            model.NamedBuffers().Count());
    }

    private static ResNet Load(Golden golden, Device device)
    {
        int[] Numbers(string name) =>
            [.. golden.Config.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];
        ResNet model = new ResNetConfig
        {
            ImageSize = golden.Config.GetProperty("image").GetInt32(),
            Classes = golden.Config.GetProperty("num_classes").GetInt32(),
            Block = golden.Config.GetProperty("block").GetString() == "Bottleneck" ? ResidualKind.Bottleneck
                : ResidualKind.Basic,
            Layers = Numbers("layers"),
            Widths = Numbers("planes"),
            NormEpsilon = golden.Config.GetProperty("bn_eps").GetSingle(),
            NormMomentum = golden.Config.GetProperty("bn_momentum").GetSingle(),
        }.Build();
        model.Allocate(device);
        model.Load(golden.Weights.ToTensors(Device.Reference));
        return model;
    }
}
