using System.Text.Json;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Optimization;

[Trait("Category", "Golden")]
public sealed class OptimizerGoldenTests
{
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Every_variant_takes_the_recorded_steps(string device)
    {
        Golden golden = Golden.Load("optim");
        foreach (JsonProperty variant in golden.Config.GetProperty("variants").EnumerateObject())
        {
            Bag module = new();
            foreach (StoredTensor weight in golden.Weights.Values)
                module.Add(new Parameter(weight.Name, Shape.Create(weight.Shape), Init.Zeros));
            module.Allocate(TestDevice.Named(device));
            module.Load(golden.Weights.ToTensors(Device.Reference));
            Optimizer optimizer = Create(variant.Value, module);

            for (int step = 1; step <= golden.Config.GetProperty("steps").GetInt32(); step++)
            {
                foreach ((string name, Parameter parameter) in module.NamedParameters())
                    parameter.Push(golden[$"step{step}.grad.{name}"].ToTensor(parameter.Value.Device));
                optimizer.Step();
                optimizer.ZeroGradient();
                foreach ((string name, Parameter parameter) in module.NamedParameters())
                    golden.Compare($"{variant.Name}.step{step}.{name}", parameter.Value);
            }
        }
    }

    private static Optimizer Create(JsonElement config, Module module)
    {
        double Number(string name, double otherwise) => config.TryGetProperty(name, out JsonElement value)
            ? value.GetDouble() : otherwise;
        bool Flag(string name) => config.TryGetProperty(name, out JsonElement value) && value.GetBoolean();
        double Beta(int index, double otherwise) => config.TryGetProperty("betas", out JsonElement value)
            ? value[index].GetDouble() : otherwise;

        string kind = config.GetProperty("class").GetString()!;
        double rate = config.GetProperty("lr").GetDouble(), decay = Number("weight_decay", kind == "AdamW" ? 0.01 : 0);
        (double beta1, double beta2, double epsilon) = (Beta(0, 0.9), Beta(1, 0.999), Number("eps", 1e-8));
        ParameterGroup[] groups = [new("all", [.. module.NamedParameters()], decay)];
        return kind switch
        {
            "SGD" => new Sgd(groups, rate, Number("momentum", 0), Number("dampening", 0), Flag("nesterov")),
            "Adam" => new Adam(groups, rate, beta1, beta2, epsilon, Flag("amsgrad")),
            "AdamW" => new AdamW(groups, rate, beta1, beta2, epsilon, Flag("amsgrad")),
            _ => throw new NotSupportedException(kind),
        };
    }
}
