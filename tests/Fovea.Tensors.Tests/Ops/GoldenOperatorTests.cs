using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fovea.Tests;

namespace Fovea.Tensors.Tests;

/// <summary>Single operators, results and gradients, against what PyTorch recorded (case <c>nn-ops</c>).</summary>
[Trait("Category", "Golden")]
public sealed partial class GoldenOperatorTests
{
    private const string Case = "nn-ops";

    private delegate Tensor Operator(string description, Tensor x, Tensor? weight, Tensor? bias);

    /// <summary>By the first word of an operation's description in case.json; the rest of the description gives the parameters.</summary>
    private static readonly Dictionary<string, Operator> Operators = new()
    {
        ["conv2d"] = Conv2d,
        ["layer_norm"] = (text, x, weight, bias) => Ops.LayerNorm(x, weight!, bias!, Number(text, "eps")!.Value),
        ["y"] = (_, x, weight, bias) => Ops.Linear(x, weight!, bias),   // "y = x W^T + b"
        ["gelu"] = (text, x, _, _) => Ops.Gelu(x, tanh: text.Contains("tanh", StringComparison.Ordinal)),
        ["x*sigmoid"] = (_, x, _, _) => Ops.Apply(UnaryOperator.Silu, x),
        ["relu"] = (_, x, _, _) => Ops.Relu(x),
        ["elu"] = (_, x, _, _) => Ops.Apply(UnaryOperator.Elu, x),
        ["softmax"] = (_, x, _, _) => Ops.Softmax(x),
        ["log_softmax"] = (_, x, _, _) => Ops.LogSoftmax(x),
    };

    /// <summary>Every operation of the case on every device; where there are no golden data, one entry to be skipped.</summary>
    public static TheoryData<string, string> Operations()
    {
        TheoryData<string, string> data = [];
        if (Golden.Find(Case) is not { } golden) return new() { { "all", "none" } };
        foreach (string device in (string[])["reference", "cpu"])
            foreach (JsonProperty operation in golden.Config.EnumerateObject()) data.Add(operation.Name, device);
        return data;
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Result_and_gradients_match(string operation, string deviceName)
    {
        Golden golden = Golden.Load(Case);
        string description = golden.Config.GetProperty(operation).GetString()!;
        string word = FirstWord().Match(description).Value;
        Assert.SkipUnless(Operators.ContainsKey(word), $"not applicable: there is no operator for '{description}'");

        Device device = deviceName == "cpu" ? Device.Cpu : Device.Reference;
        using StepScope scope = StepScope.Begin();
        Dictionary<string, Tensor> inputs = new() { ["input"] = Load(golden[$"{operation}.input"], device) };
        foreach (string name in (string[])["weight", "bias"])
            if (golden.Weights.TryGetValue($"{operation}.{name}", out StoredTensor? stored)) inputs[name] = Load(stored, device);

        using Tape tape = Tape.Record();
        Tensor output = Operators[word](description, inputs["input"], inputs.GetValueOrDefault("weight"), inputs.GetValueOrDefault("bias"));
        (double absolute, double relative) = golden.Tolerance("forward");
        GoldenAssert.Close(golden[$"{operation}.output"].Floats, output.ToArray(), absolute, relative, $"{operation}.output");

        tape.Backward(output, Load(golden[$"{operation}.cotangent"], device));
        (absolute, relative) = golden.Tolerance("grad");
        foreach ((string name, Tensor input) in inputs)
            GoldenAssert.Close(golden[$"{operation}.grad.{name}"].Floats, input.Gradient!.ToArray(), absolute, relative,
                $"{operation}.grad.{name}");
    }

    private static Tensor Conv2d(string text, Tensor x, Tensor? weight, Tensor? bias)
    {
        int Whole(string name, int otherwise) => (int)(Number(text, name) ?? otherwise);   // "kernel = stride = 4" holds a stride, too
        return Ops.Conv2d(x, weight!, bias, Whole("stride", 1), Whole("pad", 0), Whole("dilation", 1), Whole("groups", 1));
    }

    private static Tensor Load(StoredTensor stored, Device device)
    {
        Tensor tensor = Tensor.From(stored.Floats, Shape.Create(stored.Shape), device);
        tensor.RequiresGradient = true;
        return tensor;
    }

    /// <summary>The number after a name, as in "stride 2", "stride = 4" or "eps 1e-6".</summary>
    private static float? Number(string text, string name)
    {
        Match match = Regex.Match(text, $@"\b{name}\s*=?\s*(\d[\d.e-]*)");
        return match.Success ? float.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;
    }

    [GeneratedRegex(@"^[\w*]+")]
    private static partial Regex FirstWord();
}
