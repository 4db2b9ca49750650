using System.Text.Json;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;

namespace Fovea.Vision.Tests.Models.Transformers;

/// <summary>Whole training runs, step by step: warm-up and cosine, clipping, label smoothing, decay of weights
/// only.</summary>
[Trait("Category", "Golden")]
public sealed class TrainingTrajectoryGoldenTests
{
    // relative; float32 sums over all gradients of a run that drifts by rounding
    private const double NormTolerance = 1e-3;

    [Theory]
    [InlineData("train-trajectory")]
    [InlineData("train-trajectory-sgd")]
    public void The_run_is_the_recorded_one_to_its_end(string name) => Run(Golden.Load(name), Device.Cpu, int.MaxValue);

    [Theory]
    [InlineData("train-trajectory")]
    [InlineData("train-trajectory-sgd")]
    public void The_reference_device_starts_the_same_run(string name) => Run(Golden.Load(name), Device.Reference, 2);

    private static void Run(Golden golden, Device device, int atMost)
    {
        JsonElement config = golden.Config;
        int steps = config.GetProperty("steps").GetInt32(), made = Math.Min(steps, atMost),
            warmUp = config.GetProperty("warmup_steps").GetInt32();
        VisionTransformer model = golden.LoadModel(device);
        Optimizer optimizer = CreateOptimizer(config, model);
        Schedule schedule = Schedule.WarmUp(warmUp, new CosineSchedule(steps - warmUp));
        double baseRate = config.GetProperty("lr").GetDouble();

        double[] losses = new double[made], norms = new double[made], rates = new double[made];
        for (int step = 0; step < made; step++)
        {
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            (Tensor images, Tensor labels) = Batch(golden, step, device);
            Tensor loss = Ops.CrossEntropy(model.Forward(images), labels,
                config.GetProperty("label_smoothing").GetSingle());
            tape.Backward(loss);
            GradientNorm norm = GradientNorm.Measure(optimizer.Groups);
            optimizer.LearningRate = baseRate * schedule.Factor(step);
            optimizer.Step(norm.ClipScale(config.GetProperty("clip_grad_norm").GetDouble()));
            optimizer.ZeroGradient();
            (losses[step], norms[step], rates[step]) = (loss.Item(), norm.Total, optimizer.LearningRate);
        }

        (double absolute, double relative) = golden.Tolerance("losses");
        GoldenAssert.Close(golden["learning_rates"].Doubles.AsSpan(0, made), rates, 1e-12, 1e-9, "learning rates");
        GoldenAssert.Close(golden["losses"].Doubles.AsSpan(0, made), losses, absolute, relative, "losses");
        GoldenAssert.Close(golden["grad_norms"].Doubles.AsSpan(0, made), norms, 0, NormTolerance, "gradient norms");
        if (made < steps) return;
        foreach ((string parameterName, Parameter parameter) in model.NamedParameters())
            golden.Compare($"final.{parameterName}", parameter.Value, "final");
    }

    private static Optimizer CreateOptimizer(JsonElement config, Module model)
    {
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(model,
            config.GetProperty("weight_decay").GetDouble());
        double rate = config.GetProperty("lr").GetDouble();
        JsonElement betas = config.GetProperty("betas");
        return config.GetProperty("optimizer").GetString() switch
        {
            "adamw" => new AdamW(groups, rate, betas[0].GetDouble(), betas[1].GetDouble()),
            "adam" => new Adam(groups, rate, betas[0].GetDouble(), betas[1].GetDouble()),
            "sgd" => new Sgd(groups, rate, Momentum(config), nesterov: Nesterov(config)),
            string other => throw new NotSupportedException(other),
            null => throw new FormatException("optimizer"),
        };
    }

    /// <summary>Where the case does not say, timm's <c>sgd</c> was meant: momentum 0.9 with Nesterov's
    /// look-ahead.</summary>
    private static double Momentum(JsonElement config) => config.TryGetProperty("momentum", out JsonElement value)
        ? value.GetDouble() : 0.9;

    private static bool Nesterov(JsonElement config) => !config.TryGetProperty("nesterov", out JsonElement value)
        || value.GetBoolean();

    /// <summary>Step s uses images[(s mod batches) · batch : +batch], as (byte / 255 − mean) / deviation.</summary>
    private static (Tensor Images, Tensor Labels) Batch(Golden golden, int step, Device device)
    {
        JsonElement config = golden.Config;
        int batch = config.GetProperty("batch").GetInt32(),
            first = step % config.GetProperty("batches").GetInt32() * batch;
        StoredTensor images = golden["images"];
        int channels = images.Shape[1], area = images.Shape[2] * images.Shape[3];
        float[] values = new float[batch * channels * area];
        for (int i = 0; i < values.Length; i++)
        {
            int channel = i / area % channels;
            values[i] = (images.Bytes[first * channels * area + i] / 255f - config.GetProperty("mean")[channel]
                .GetSingle())
                / config.GetProperty("std")[channel].GetSingle();
        }

        return (Tensor.From(values, [batch, channels, images.Shape[2], images.Shape[3]], device),
            Tensor.From(golden["labels"].Ints.AsSpan(first, batch), [batch], device));
    }
}
