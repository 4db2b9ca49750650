using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Attention;

namespace Fovea.Vision.Tests.Models;

/// <summary>Compiled passes have the bits of the models, whatever the model, forward and in training, and ask for no
/// memory.</summary>
public sealed class CompiledModelsTests
{
    private const long MostParameters = 12_000_000;   // of a preset that is built here

    private static readonly Lazy<Device> SharedCpu = new(() => Device.CreateCpu(threads: 2));

    public static TheoryData<string> Mechanisms => AttentionCatalogueTests.All;

    /// <summary>The smallest preset of each family and mechanism, at the smallest image that it takes here.</summary>
    public static TheoryData<string> Families => [.. Presets.All
        .Where(preset => preset.ParameterCount < MostParameters)
        .OrderBy(preset => preset.ParameterCount)
        .DistinctBy(preset => (preset.Config.GetType(), preset.Config.Describe().Attention))
        .Select(preset => preset.Name)
        .Concat(["vit", "deit_tiny_distilled_patch16_224", "visual-attention", "hybrid-nano"]).Distinct()];

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Each_mechanism_has_its_bits(string attention) => Check(With(attention));

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_family_has_its_bits(string preset) => Check(Small(Presets.Find(preset).Config));

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Each_mechanism_learns_with_its_bits(string attention) => CheckGradients(With(attention));

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_family_learns_with_its_bits(string preset) => CheckGradients(Small(Presets.Find(preset).Config));

    [Theory]
    [InlineData("deit_tiny_patch16_224")]
    [InlineData("resnet18")]
    public void A_run_asks_for_no_memory(string preset)
    {
        ModelConfig config = Small(Presets.Find(preset).Config);
        CompiledPass pass = Compile(Build(config, Device.CreateCpu(threads: 1)), config, 1);
        float[] images = Pixels(pass.Input, 5), scores = new float[pass.Result.Elements];
        Assert.True(pass.TryRun(images, scores));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++) pass.TryRun(images, scores);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ModelConfig Small(ModelConfig config)
    {
        foreach (int size in (ReadOnlySpan<int>)[32, 64, 112])
        {
            ModelConfig small = config with { ImageSize = size };
            try
            {
                small.Validate();
                return small;
            }
            catch (UsageException)
            {
                // The family takes larger images only.
            }
        }

        return config;
    }

    private static void Check(ModelConfig config)
    {
        ImageClassifier model = Build(config, SharedCpu.Value);
        foreach (int batch in (ReadOnlySpan<int>)[1, 3])
        {
            CompiledPass pass = Compile(model, config, batch);
            Assert.InRange(pass.ArenaBytes, 1, pass.BufferBytes - 1);
            for (int image = 5; image < 8; image++)
            {
                float[] images = Pixels(pass.Input, image), scores = new float[pass.Result.Elements];
                Assert.True(pass.TryRun(images, scores));
                using StepScope scope = StepScope.Begin();
                Assert.Equal(model.Forward(Tensor.From(images, pass.Input, SharedCpu.Value)).ToArray(), scores);
            }
        }
    }

    private static VisionTransformerConfig With(string attention) => new()
    {
        ImageSize = 16,
        PatchSize = 4,
        Dim = 12,
        Depth = 2,
        Heads = 2,
        MlpDim = 16,
        Classes = 3,
        Attention = attention,
    };

    private static void CheckGradients(ModelConfig config)
    {
        const int Batch = 3;
        config = config with { Classes = 3 };
        ImageClassifier model = Build(config, SharedCpu.Value);
        model.Train(true);
        Shape shape = [Batch, config.Channels, config.ImageSize, config.ImageSize];
        Tensor[] parameters = [.. model.NamedParameters().Select(entry => entry.Parameter.Value)],
            buffers = [.. model.NamedBuffers().Select(entry => entry.Buffer.Value)];
        CompiledGradients compiled = CompiledGradients.Compile(Pass, Arguments(4), shape, [Batch], model.LayerStreams,
            parameters, buffers);
        Assert.InRange(compiled.ArenaBytes, 1, compiled.BufferBytes - 1);
        float[][] before = [.. buffers.Select(buffer => buffer.ToArray())];
        for (int image = 5; image < 7; image++)
        {
            GradientArguments arguments = Arguments(image);
            float[] expected = Run(() =>
            {
                using StepScope scope = StepScope.Begin();
                return Pass(Tensor.From(arguments.Input.Span, shape, SharedCpu.Value),
                    Tensor.From(arguments.Labels.Span, [Batch], SharedCpu.Value), arguments.Random).Loss.Item();
            });
            Assert.Equal(expected, Run(() => compiled.TryRun(arguments, out float loss, []) ? loss : float.NaN));
        }

        float[] Run(Func<float> pass)
        {
            foreach (Tensor parameter in parameters) parameter.ClearGradient();
            foreach ((Tensor buffer, float[] values) in buffers.Zip(before)) buffer.CopyFrom(values);
            float loss = pass();
            return [loss, .. parameters.Where(parameter => parameter.Gradient is not null)
                .SelectMany(parameter => parameter.Gradient!.ToArray()),
                .. buffers.SelectMany(buffer => buffer.ToArray())];
        }

        (Tensor Loss, Tensor? Scores) Pass(Tensor images, Tensor labels, Philox random)
        {
            model.Context = model.Context with { Random = random };
            using Tape tape = Tape.Record();
            Tensor loss = Ops.CrossEntropy(model.Forward(images), labels);
            tape.Backward(loss);
            return (loss, null);
        }

        GradientArguments Arguments(int image) =>
            new(Pixels(shape, image), new[] { 0, image % 3, 2 }, default, new Philox(3, (ulong)image));
    }

    private static ImageClassifier Build(ModelConfig config, Device device)
    {
        ImageClassifier model = config.Build();
        model.Initialize(device, 3);
        Philox random = new(1, 1);
        foreach ((_, Parameter parameter) in model.NamedParameters())   // heads start at 0, which hides everything
        {
            float[] values = parameter.Value.ToArray();
            for (int i = 0; i < values.Length; i++) values[i] += random.Uniform((ulong)i, -0.05f, 0.05f);
            parameter.Value.CopyFrom(values);
        }

        model.Train(false);
        model.Settle();
        return model;
    }

    private static CompiledPass Compile(ImageClassifier model, ModelConfig config, int batch) => CompiledPass.Compile(
        model.Forward, [batch, config.Channels, config.ImageSize, config.ImageSize],
        model.NamedParameters().First().Parameter.Value.Device);

    private static float[] Pixels(Shape shape, int seed)
    {
        Philox random = new((ulong)seed, 1);
        return [.. Enumerable.Range(0, shape.Elements).Select(i => random.Uniform((ulong)i, -1, 1))];
    }
}
