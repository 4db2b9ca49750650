using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fovea.Tensors.Tests;

/// <summary>Single operators, results and gradients, against what PyTorch recorded (case <c>nn-ops</c>).</summary>
[Trait("Category", "Golden")]
public sealed partial class GoldenOperatorTests
{
    private const string Case = "nn-ops";

    /// <summary>The tensors of an operation: its input, and what else there is by name.</summary>
    private delegate Tensor Operator(string description, Tensor x, Tensor? weight, Tensor? bias,
        IReadOnlyDictionary<string, Tensor> buffers);

    /// <summary>By the first word of an operation's description in case.json; the rest of the description gives the
    /// parameters.</summary>
    private static readonly Dictionary<string, Operator> Operators = new()
    {
        ["conv2d"] = Conv2d,
        ["batch_norm"] = BatchNorm,
        ["layer_norm"] = (text, x, weight, bias, _) => Ops.LayerNorm(x, weight!, bias!, Number(text, "eps")!.Value),
        ["y"] = (_, x, weight, bias, _) => Ops.Linear(x, weight!, bias),   // "y = x W^T + b"
        ["gelu"] = (text, x, _, _, _) => Ops.Gelu(x, tanh: text.Contains("tanh", StringComparison.Ordinal)),
        ["x*sigmoid"] = (_, x, _, _, _) => Ops.Apply(UnaryOperator.Silu, x),
        ["relu"] = (_, x, _, _, _) => Ops.Relu(x),
        ["elu"] = (_, x, _, _, _) => Ops.Apply(UnaryOperator.Elu, x),
        ["softmax"] = (_, x, _, _, _) => Ops.Softmax(x),
        ["log_softmax"] = (_, x, _, _, _) => Ops.LogSoftmax(x),
        ["max_pool2d"] = (text, x, _, _, _) =>
            Ops.MaxPool(x, Sizes(text)[0], Whole(text, "stride", 0), Whole(text, "pad", 0)),
        ["avg_pool2d"] = (text, x, _, _, _) =>
            Ops.AveragePool(x, Sizes(text)[0], Whole(text, "stride", 0), Whole(text, "pad", 0)),
        ["adaptive_avg_pool2d"] = (text, x, _, _, _) => Ops.AdaptiveAveragePool(x, Sizes(text)[0], Sizes(text)[1]),
        ["interpolate"] = (text, x, _, _, _) => Ops.Resize(
            x, Sizes(text)[^2], Sizes(text)[^1], Enum.Parse<Resampling>(text.Split(' ')[1], ignoreCase: true),
            text.Contains("antialias True", StringComparison.Ordinal)),
    };

    /// <summary>Every operation of the case on every device; where there are no golden data, one entry to be
    /// skipped.</summary>
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

        Device device = deviceName == "reference" ? Device.Reference : Device.Open(deviceName);
        using StepScope scope = StepScope.Begin();
        Dictionary<string, Tensor> inputs = new() { ["input"] = Load(golden[$"{operation}.input"], device) };
        foreach (string name in (string[])["weight", "bias"])
            if (golden.Weights.TryGetValue($"{operation}.{name}", out StoredTensor? stored)) inputs[name] = Load(stored,
                device);
        Dictionary<string, Tensor> buffers = golden.Weights.Keys.Where(name =>
            name.StartsWith($"{operation}.running_", StringComparison.Ordinal))
            .ToDictionary(name => name[(operation.Length + 1)..],
                name => Tensor.From(golden.Weights[name].Floats, Shape.Create(golden.Weights[name].Shape), device));

        using Tape tape = Tape.Record();
        Tensor output = Operators[word](description, inputs["input"], inputs.GetValueOrDefault("weight"),
            inputs.GetValueOrDefault("bias"), buffers);
        (double absolute, double relative) = golden.Tolerance("forward");
        GoldenAssert.Close(golden[$"{operation}.output"].Floats, output.ToArray(), absolute, relative,
            $"{operation}.output");
        foreach ((string name, Tensor buffer) in buffers)
            if (golden.Tensors.TryGetValue($"{operation}.{name}_after", out StoredTensor? after))
                GoldenAssert.Close(after.Floats, buffer.ToArray(), absolute, relative, $"{operation}.{name}_after");

        tape.Backward(output, Load(golden[$"{operation}.cotangent"], device));
        (absolute, relative) = golden.Tolerance("grad");
        foreach ((string name, Tensor input) in inputs)
            GoldenAssert.Close(golden[$"{operation}.grad.{name}"].Floats, input.Gradient!.ToArray(), absolute, relative,
                $"{operation}.grad.{name}");
    }

    // "kernel = stride = 4" holds a stride, too
    private static Tensor Conv2d(string text, Tensor x, Tensor? weight, Tensor? bias,
        IReadOnlyDictionary<string, Tensor> buffers) =>
        Ops.Conv2d(x, weight!, bias, Whole(text, "stride", 1), Whole(text, "pad", 0), Whole(text, "dilation", 1),
            Whole(text, "groups", 1));

    private static Tensor BatchNorm(string text, Tensor x, Tensor? weight, Tensor? bias,
        IReadOnlyDictionary<string, Tensor> buffers)
    {
        (Tensor mean, Tensor variance, float epsilon) = (buffers["running_mean"], buffers["running_var"],
            Number(text, "eps")!.Value);
        return text.Contains("training", StringComparison.Ordinal)
            ? Ops.BatchNorm(x, weight, bias, mean, variance, Number(text, "momentum")!.Value, epsilon)
            : Ops.FixedBatchNorm(x, weight, bias, mean, variance, epsilon);
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

    private static int Whole(string text, string name, int otherwise) => (int)(Number(text, name) ?? otherwise);

    /// <summary>The numbers of pairs such as "3x3", "(13, 16)" or "1x1".</summary>
    private static int[] Sizes(string text) =>
        [.. Pair().Matches(text).SelectMany(match => new[] { match.Groups[1].Value, match.Groups[2].Value })
            .Select(int.Parse)];

    [GeneratedRegex(@"(\d+)(?:x|, )(\d+)")]
    private static partial Regex Pair();

    [GeneratedRegex(@"^[\w*]+")]
    private static partial Regex FirstWord();
}
