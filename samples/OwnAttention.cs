#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// Your own attention mechanism: one class, one entry in the catalogue, and every model, recipe and report knows it.
// Here: ReLU attention, which weighs each pair of tokens by itself instead of letting keys compete (Wortsman et al.
// 2023, arXiv:2309.08586).
//
// usage: dotnet run samples/OwnAttention.cs [-- --quick] [--out DIR]

using Fovea.Core.Options;
using Fovea.Lab.Reports;
using Fovea.Tensors;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

bool quick = args.Contains("--quick");
string folder = Array.IndexOf(args, "--out") is >= 0 and int at ? args[at + 1]
    : $"runs/samples/own-attention-{DateTime.Now:yyyyMMdd-HHmmss}";

Option<double> power = Option.Of(
    "power", ValueForm.Real(Interval.AtLeast(0)), 1, "the sum is divided by the number of tokens to this power");
AttentionCatalogue.Add(new AttentionEntry(
    "relu", "ReLU attention: keys do not compete.", [power],
    (values, context) => new ReluAttention(context, values.Of(power))));

// From here on it has a name like any other: two runs of the same recipe, with their run directories and reports.
foreach (string attention in new[] { "softmax", "relu" })
{
    Recipe recipe = ModelDefaults.Of("vit-nano");
    recipe = recipe with
    {
        Model = recipe.Model with { Attention = attention },
        Data = recipe.Data with { TrainLimit = quick ? 64 : 6_400, EvaluationLimit = quick ? 40 : 1_000 },
        Optimisation = recipe.Optimisation with { Epochs = quick ? 1 : 3 },
        Run = recipe.Run with { Out = Path.Combine(folder, attention) },
    };
    RunSummary summary = TrainingRun.Start(recipe, new ReportObserver(), CancellationToken.None);
    Console.WriteLine(
        $"{attention}: test accuracy {summary.TestAccuracy:0.0%}, {summary.ImagesPerSecond:0} images/s; "
            + $"{folder}/{attention}/report.html");
}

/// <summary>o_i = 1/tokens^power Σ_j ReLU(q_i·k_j / √headDim) v_j.</summary>
internal sealed class ReluAttention(AttentionContext context, double power) : IAttention
{
    // Packed queries, keys and values: [batch, token, 3 · head · headDim].
    public int ProjectedWidth => 3 * context.Heads * context.HeadDim;

    public double Macs(TokenGrid grid) => 2.0 * grid.Tokens * grid.Tokens * context.Heads * context.HeadDim;

    public Tensor Forward(AttentionInput input)
    {
        Tensor values = PackedHeads.Split(input.Projected, 3, context.Heads)[2];
        return PackedHeads.Merge(Ops.MatMul(Probabilities(input), values));
    }

    // Made of operators that differentiate themselves, so there is no backward pass to write.
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor[] parts = PackedHeads.Split(input.Projected, 3, context.Heads);   // each [batch, head, token, headDim]
        Tensor scores = Ops.MatMul(parts[0], parts[1], transposeB: true, scale: 1 / MathF.Sqrt(context.HeadDim));
        float share = (float)Math.Pow(input.Grid.Tokens, -power);
        return Ops.Scale(Ops.Apply(UnaryOperator.Relu, scores), share);
    }
}
