using System.Globalization;
using System.Text.Json;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Tests.Attention;

/// <summary>Linear attention and Performers against recorded results: features, the bare function, and the layer with
/// its projections.</summary>
[Trait("Category", "Golden")]
public sealed class KernelAttentionGoldenTests
{
    public static TheoryData<string, string> CasesAndDevices()
    {
        TheoryData<string, string> data = [];
        foreach (string name in (string[])["linear-attention", "performer-softmax", "performer-relu"])
            foreach (string device in (string[])["reference", "cpu"]) data.Add(name, device);
        return data;
    }

    [Theory]
    [MemberData(nameof(CasesAndDevices))]
    public void Features_agree(string name, string deviceName)
    {
        Golden golden = Golden.Load(name);
        using StepScope scope = StepScope.Begin();
        foreach ((string part, bool keys) in ((string, bool)[])[("q", false), ("k", true)])
        {
            Tensor x = Tokens(golden[part].ToTensor(TestDevice.Named(deviceName)));
            Tensor features = name == "linear-attention"
                ? EluPlusOne(keys ? x : Ops.Scale(x, (float)Number(golden, "q_scale", 1)))
                : RandomFeatures(golden, x, keys);
            int heads = golden[part].Shape[1];
            golden.Compare($"{part}_features", PackedHeads.Split(features, 1, heads)[0]);
        }
    }

    [Theory]
    [MemberData(nameof(CasesAndDevices))]
    public void Function_and_gradients_agree(string name, string deviceName)
    {
        Golden golden = Golden.Load(name);
        using StepScope scope = StepScope.Begin();
        Tensor[] inputs = [.. ((string[])["q", "k", "v"])
            .Select(part => golden[part].ToTensor(TestDevice.Named(deviceName)))];
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        int heads = golden["q"].Shape[1];

        using Tape tape = Tape.Record();
        Tensor[] tokens = [.. inputs.Select(Tokens)];
        bool linear = name == "linear-attention";
        if (linear) tokens[0] = Ops.Scale(tokens[0], (float)Number(golden, "q_scale", 1));
        else (tokens[0], tokens[1]) = (RandomFeatures(golden, tokens[0], keys: false),
            RandomFeatures(golden, tokens[1], keys: true));
        Tensor mixed = Ops.KernelAttention(
            new(tokens[0], heads), new(tokens[1], heads), new(tokens[2], heads),
            linear ? FeatureMap.EluPlusOne : FeatureMap.Identity,
            epsilon: (float)Number(golden, "denominator_eps", 0));
        Tensor output = PackedHeads.Split(mixed, 1, heads)[0].Keep();
        tape.Backward(output, golden["qkv_cotangent"].ToTensor(TestDevice.Named(deviceName)));

        golden.Compare("qkv_output", output);
        for (int i = 0; i < 3; i++) golden.Compare($"grad.{"qkv"[i]}", inputs[i].Gradient, "grad");
    }

    [Theory]
    [MemberData(nameof(CasesAndDevices))]
    public void Layer_and_all_its_gradients_agree(string name, string deviceName)
    {
        Golden golden = Golden.Load(name);
        Device device = TestDevice.Named(deviceName);
        using StepScope scope = StepScope.Begin();
        (Linear qkv, Linear proj, IAttention mechanism) = Layer(golden, device);
        Tensor input = golden["input"].ToTensor(device);
        input.RequiresGradient = true;

        using Tape tape = Tape.Record();
        Tensor output = proj.Forward(mechanism.Forward(new(qkv.Forward(input), new(0, 1, input.Shape[1]), qkv))).Keep();
        tape.Backward(output, golden["cotangent"].ToTensor(device));

        golden.Compare("output", output);
        golden.Compare("grad.input", input.Gradient, "grad");
        foreach ((string prefix, Linear layer) in ((string, Linear)[])[("qkv", qkv), ("proj", proj)])
            foreach ((string parameter, Parameter value) in layer.NamedParameters())
                golden.Compare($"grad.{prefix}.{parameter}", value.Value.Gradient, "grad");
    }

    /// <summary>The case's layer with its weights, the mechanism built from its settings through the
    /// catalogue.</summary>
    private static (Linear Qkv, Linear Proj, IAttention Mechanism) Layer(Golden golden, Device device)
    {
        (int dim, int heads) = ((int)Number(golden, "dim", 0), (int)Number(golden, "heads", 1));
        AttentionContext context = new()
        {
            Dim = dim,
            Heads = heads,
            HeadDim = golden["q"].Shape[3],
            Grid = new(0, 1, golden["input"].Shape[1])
        };
        IAttention mechanism = AttentionCatalogue.Create(SpecOf(golden), context);
        Linear qkv = new(dim, mechanism.ProjectedWidth, golden.Weights.ContainsKey("qkv.bias"));
        Linear proj = new(heads * context.HeadDim, dim, golden.Weights.ContainsKey("proj.bias"));
        Bag all = new Bag().Add("qkv", qkv).Add("proj", proj);
        if (mechanism is Module module) all.Add("", module);
        all.Allocate(device);
        all.Load(golden.Weights.ToTensors(Device.Reference));
        return (qkv, proj, mechanism);
    }

    private static AttentionSpec SpecOf(Golden golden) => golden.Config.TryGetProperty("kernel", out JsonElement kernel)
        ? string.Create(CultureInfo.InvariantCulture,
            $"performer:kernel={kernel.GetString()},features={Number(golden, "num_features", 0)},"
                + $"eps={Number(golden, "numerical_stabilizer", 0)}")
        : string.Create(CultureInfo.InvariantCulture,
            $"linear:scale={Number(golden, "q_scale", 1)},eps={Number(golden, "denominator_eps", 0)}");

    private static Tensor RandomFeatures(Golden golden, Tensor x, bool keys) => Ops.RandomFeatures(
        new(x, golden["q"].Shape[1]), golden.Weights["projection_matrix"].ToTensor(x.Device),
        golden.Config.GetProperty("kernel").GetString() == "relu" ? FeatureKernel.Relu : FeatureKernel.Softmax, keys,
        stabilizer: (float)Number(golden, "numerical_stabilizer", 0));

    private static Tensor EluPlusOne(Tensor x) =>
        Ops.Add(Ops.Apply(UnaryOperator.Elu, x), Tensor.Full([1], 1, x.Device));

    /// <summary><c>[batch, head, token, width] → [batch, token, head · width]</c>.</summary>
    private static Tensor Tokens(Tensor heads) => PackedHeads.Merge(heads);

    private static double Number(Golden golden, string name, double otherwise) =>
        golden.Config.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;
}
