#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// Sinkformers step by step (Sander, Ablin, Blondel, Peyré 2022, arXiv:2110.11773): from softmax attention to doubly
// stochastic attention, then a tiny one beside its softmax twin.
//
// usage: dotnet run samples/Sinkformer.cs [-- --quick] [--out DIR]

using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Nn.Optimization;
using Fovea.Plotting;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;

bool quick = args.Contains("--quick");
string folder = Array.IndexOf(args, "--out") is >= 0 and int at ? args[at + 1] : "runs/samples/sinkformer";
Directory.CreateDirectory(folder);

// 1. Scores. n tokens ask with queries q_i and answer with keys k_j: s_ij = q_i·k_j / √d.
const int N = 12, D = 8;
using StepScope scope = StepScope.Begin();
Random random = new(1);
float[] qkv = [.. Enumerable.Range(0, N * 3 * D)
    .Select(_ => 2 * (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5))];
double[,] kernel = new double[N, N];
for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
    {
        double score = 0;
        for (int d = 0; d < D; d++) score += qkv[i * 3 * D + d] * qkv[j * 3 * D + D + d] / Math.Sqrt(D);
        kernel[i, j] = Math.Exp(score);   // K⁰ = exp(s)
    }

// 2. Softmax attention divides each row by its sum: K¹ = N_R(K⁰). Every token gives 1 in total, but what it gets is
// left to chance.
// 3. Sinkhorn's iterations divide columns and rows in turns, K² = N_C(K¹), K³ = N_R(K²), ..., and converge to a doubly
// stochastic matrix
//    (Sinkhorn 1964): every token gets as much attention as it gives.
const int Iterations = 21;
List<double> rowErrors = [], columnErrors = [];
List<CaptionedImage> images = [];
Console.WriteLine("  l   rows off by   columns off by");
for (int l = 1; l <= Iterations; l++)
{
    Normalise(kernel, rows: l % 2 == 1);
    rowErrors.Add(Enumerable.Range(0, N).Max(i => Math.Abs(1 - Sum(kernel, i, rows: true))));
    columnErrors.Add(Enumerable.Range(0, N).Max(j => Math.Abs(1 - Sum(kernel, j, rows: false))));
    if (l is 1 or 2 or 3 or 5 or 9 or Iterations)
        images.Add(new(Image(kernel), $"K{l}: columns ±{columnErrors[^1]:0.00}"));
    if (l <= 9 || l == Iterations)
        Console.WriteLine($"{l,3}   {rowErrors[^1],11:0.0000}   {columnErrors[^1],14:0.0000}");
}

// 4. The library does the same in one fused operator that keeps two potentials instead of the matrix: K_ij = exp(s_ij +
// u_i + v_j).
float[] fused = Ops.SinkhornProbabilities(Tensor.From(qkv, [1, N, 3 * D], Device.Cpu), 1, Iterations, 1 / MathF.Sqrt(D))
    .ToArray();
double apart = Enumerable.Range(0, N * N).Max(i => Math.Abs(fused[i] - kernel[i / N, i % N]));
Console.WriteLine($"the fused operator differs by at most {apart:0.0e+0}");
if (!(apart < 1e-5)) throw new InvalidOperationException("The iterations by hand and the operator disagree.");

Save("kernels", new ContactSheet(images) { Title = "From softmax (K1) to doubly stochastic attention", Columns = 3,
    ImageSize = 168 });
double[] l1 = [.. Enumerable.Range(1, Iterations).Select(l => (double)l)];
Save("convergence", new LineChart
{
    Title = "How far sums are from 1",
    XLabel = "iteration",
    YScale = AxisScale.Logarithmic,
    Series = [new("columns", [.. l1.Where(l => l % 2 == 1)], [.. columnErrors.Where((_, i) => i % 2 == 0)]),
        new("rows", [.. l1.Where(l => l % 2 == 0)], [.. rowErrors.Where((_, i) => i % 2 == 1)])],
});

// 5. Train a tiny one beside its softmax twin: same seed, same data, same steps. Gradients go through all iterations.
DatasetSplits shapes = ShapesDataset.Load(seed: 0, train: quick ? 320 : 6_400, validation: quick ? 100 : 1_000,
    test: 0);
int epochs = quick ? 1 : 4;
List<Series> curves = [];
foreach (string attention in new[] { "softmax", "sinkhorn:3" })
{
    (VisionTransformer model, List<double> losses) = Train(attention);
    double accuracy = Evaluator.Run(model, new DataLoader(shapes.Validation, new LoaderOptions { BatchSize = 100 }), 10,
        Device.Cpu).Top1;
    Console.WriteLine(
        $"{attention}: validation accuracy {accuracy:0.0%}; columns of its attention are off by "
            + $"{ColumnError(model):0.00} on average");
    curves.Add(new(attention, [.. losses.Select((_, i) => (i + 1) / (double)losses.Count * epochs)], losses));
}

Save("training", new LineChart { Title = "Training loss", XLabel = "epoch", Series = curves });

(VisionTransformer, List<double>) Train(string attention)
{
    VisionTransformer model = new(new VisionTransformerConfig
    {
        ImageSize = 32, PatchSize = 4, Dim = 96, Depth = 3, Heads = 3, MlpDim = 192, Classes = 10,
            Attention = attention,
    });
    model.Initialize(Device.Cpu, seed: 0);
    AdamW optimizer = new(ParameterGroup.Default(model, weightDecay: 0.05), learningRate: 1e-3);
    DataLoader loader = new(shapes.Train, new LoaderOptions { BatchSize = 32, Shuffle = true });
    List<double> losses = [];
    double sum = 0;
    int done = 0;
    for (int epoch = 0; epoch < epochs; epoch++)
    {
        foreach (Batch batch in loader.Epoch(epoch))
        {
            using StepScope step = StepScope.Begin();
            using Tape tape = Tape.Record();
            Tensor loss = Ops.CrossEntropy(model.Forward(Images(batch)),
                Tensor.From(batch.Labels.AsSpan(0, batch.Count), [batch.Count], Device.Cpu));
            tape.Backward(loss);
            optimizer.Step(GradientNorm.Measure(optimizer.Groups).ClipScale(1));
            optimizer.ZeroGradient();
            sum += loss.Item();
            if (++done % 10 != 0) continue;
            losses.Add(sum / 10);
            sum = 0;
        }
    }

    model.Train(false);
    return (model, losses);
}

// Rows of every head's map sum to 1; how far do its columns, what each token gets, stay from 1?
double ColumnError(VisionTransformer model)
{
    using StepScope step = StepScope.Begin();
    using AttentionRecorder recorder = new();
    model.Forward(Images(new DataLoader(shapes.Validation, new LoaderOptions { BatchSize = 20 }).Epoch(0).First()),
        recorder);
    return recorder.Maps.Average(map =>
    {
        float[] columns = Ops.Sum(map, 2).ToArray();   // [batch, head, token, token] → [batch, head, token]
        return columns.Average(sum => Math.Abs(1 - sum));
    });
}

static Tensor Images(Batch batch) =>
    Tensor.From(batch.Images.AsSpan(0, batch.Count * 3 * 32 * 32), [batch.Count, 3, 32, 32], Device.Cpu);

static double Sum(double[,] matrix, int index, bool rows) =>
    Enumerable.Range(0, N).Sum(i => rows ? matrix[index, i] : matrix[i, index]);

static void Normalise(double[,] matrix, bool rows)
{
    double[] sums = [.. Enumerable.Range(0, N).Select(i => Sum(matrix, i, rows))];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) matrix[i, j] /= sums[rows ? i : j];
}

// White is 0, black half of all attention or more.
static PlanarImage Image(double[,] matrix) =>
    new PlanarImage(matrix.Cast<double>().Select(value => (byte)(255 * (1 - Math.Min(1, 2 * value)))).ToArray(), 1, N,
        N).Resize(N * 28, N * 28);

void Save(string name, Figure figure)
{
    File.WriteAllText(Path.Combine(folder, $"{name}.svg"), figure.ToSvg());
    File.WriteAllBytes(Path.Combine(folder, $"{name}.png"), figure.ToPng());
}
