namespace Fovea.Tensors.Tests;

public sealed class CompiledGradientsTests
{
    private const int Batch = 6, Width = 24, Classes = 5;

    private static readonly Shape Input = [Batch, Width], Labels = [Batch];

    public static TheoryData<int, Precision> Devices => new()
    {
        { 1, Precision.Fp32 }, { 2, Precision.Fp32 }, { 3, Precision.Fp32 }, { 2, Precision.Bf16 },
    };

    [Theory]
    [MemberData(nameof(Devices))]
    public void It_has_the_bits_of_the_tape(int threads, Precision precision)
    {
        Layers layers = new(Device.CreateCpu(threads, precision: precision));
        CompiledGradients compiled = layers.Compile();
        for (ulong step = 0; step < 4; step++)
        {
            float[] expected = layers.OfTape(step);
            Assert.Equal(expected, layers.OfNotes(compiled, step));
            Assert.NotEqual(expected, layers.OfNotes(compiled, step + 1));
        }
    }

    [Fact]
    public void What_dropout_draws_is_that_of_the_step()
    {
        Layers layers = new(Device.CreateCpu(2)) { Dropped = 0.5f };
        CompiledGradients compiled = layers.Compile();
        float[][] steps = [.. Enumerable.Range(0, 4).Select(step => layers.OfTape(7, (ulong)step))];
        Assert.Equal(4, steps.Select(step => step[0]).Distinct().Count());
        for (int step = 3; step >= 0; step--) Assert.Equal(steps[step], layers.OfNotes(compiled, 7, (ulong)step));
    }

    [Fact]
    public void Random_numbers_that_nobody_knows_of_are_refused()
    {
        Layers layers = new(Device.CreateCpu(1)) { Dropped = 0.5f };
        Refused("random numbers", () => layers.Compile(streams: _ => []));
    }

    [Fact]
    public void Gradients_are_added_to_those_that_there_are()
    {
        Layers layers = new(Device.CreateCpu(2));
        CompiledGradients first = layers.Compile();
        layers.Differentiate(1);
        float[] before = layers.Changed();
        CompiledGradients second = layers.Compile();
        Assert.Equal(before, layers.Changed());   // compiling leaves them alone

        layers.Differentiate(2);
        float[] expected = layers.Changed();
        layers.Clear();
        Assert.True(first.TryRun(layers.Arguments(1), out _, new float[Batch * Classes]));
        Assert.False(first.TryRun(layers.Arguments(2), out _, new float[Batch * Classes]));
        Assert.Equal(before, layers.Changed());
        Assert.True(second.TryRun(layers.Arguments(2), out _, new float[Batch * Classes]));
        Assert.Equal(expected, layers.Changed());
    }

    [Fact]
    public void A_changed_weight_is_seen()
    {
        Layers layers = new(Device.CreateCpu(2));
        CompiledGradients compiled = layers.Compile();
        layers.Weights[1].CopyFrom(new float[layers.Weights[1].Shape.Elements]);
        Assert.Equal(layers.OfTape(1), layers.OfNotes(compiled, 1));
        layers.Clear();
        Assert.True(compiled.IsRight(layers.Arguments(3)));
    }

    [Fact]
    public void A_gradient_that_was_moved_is_noticed()
    {
        Layers layers = new(Device.CreateCpu(2));
        CompiledGradients compiled = layers.Compile();
        layers.OfNotes(compiled, 1);
        layers.Weights[0].DetachGradient();
        Assert.False(compiled.TryRun(layers.Arguments(1), out _, new float[Batch * Classes]));
        Assert.False(compiled.IsRight(layers.Arguments(1)));
    }

    [Fact]
    public void Running_statistics_are_changed_by_runs_and_not_by_compiling()
    {
        Layers layers = new(Device.CreateCpu(2)) { Counts = true };
        CompiledGradients compiled = layers.Compile();
        Assert.Equal(0, layers.Steps.Item());
        layers.OfNotes(compiled, 1);
        layers.OfNotes(compiled, 2);
        Assert.Equal(2, layers.Steps.Item());
        Refused("outlives", () => layers.Compile(mayCount: false));
    }

    [Fact]
    public void Labels_of_no_class_are_refused_in_every_run()
    {
        Layers layers = new(Device.CreateCpu(1));
        CompiledGradients compiled = layers.Compile();
        GradientArguments wrong = layers.Arguments(1) with { Labels = new[] { 0, 1, 2, 3, 4, Classes } };
        Assert.Throws<ArgumentOutOfRangeException>(() => compiled.TryRun(wrong, out _, new float[Batch * Classes]));
        Assert.Equal(layers.OfTape(1), layers.OfNotes(compiled, 1));
    }

    [Fact]
    public void What_reads_values_and_devices_without_a_compiled_path_are_refused()
    {
        Layers layers = new(Device.CreateCpu(1)) { Reads = true };
        Refused("reads values", () => layers.Compile());
        Refused("compiled path", () => new Layers(Device.CreateReference()).Compile());
    }

    [Fact]
    public void Memory_is_shared_and_none_is_asked_for()
    {
        Layers layers = new(Device.CreateCpu(2));
        CompiledGradients compiled = layers.Compile(streams: static _ => []);
        Assert.InRange(compiled.ArenaBytes, 1, compiled.BufferBytes * 3 / 4);
        GradientArguments arguments = layers.Arguments(1);
        float[] scores = new float[Batch * Classes];
        layers.Clear();
        Assert.True(compiled.TryRun(arguments, out _, scores));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            layers.Clear();
            compiled.TryRun(arguments, out _, scores);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_parameter_that_ceases_to_learn_is_noticed()
    {
        Layers layers = new(Device.CreateCpu(1));
        CompiledGradients compiled = layers.Compile();
        layers.Weights[2].RequiresGradient = false;
        Assert.False(compiled.TryRun(layers.Arguments(1), out _, new float[Batch * Classes]));
    }

    [Fact]
    public void Other_sizes_are_refused()
    {
        Layers layers = new(Device.CreateCpu(1));
        CompiledGradients compiled = layers.Compile();
        GradientArguments arguments = layers.Arguments(1);
        Assert.Equal(Batch * Classes, compiled.Scores);
        Refuse(arguments, 3);
        Refuse(arguments with { Input = new float[Batch * Width + 1] }, Batch * Classes);
        Refuse(arguments with { Labels = new int[Batch + 1] }, Batch * Classes);
        Refuse(arguments with { Values = new float[Batch] }, Batch * Classes);
        Assert.True(compiled.TryRun(arguments, out _, new float[Batch * Classes]));

        void Refuse(GradientArguments wrong, int scores) =>
            Assert.Throws<ShapeException>(() => compiled.TryRun(wrong, out _, new float[scores]));
    }

    private static void Refused(string reason, Func<CompiledGradients> compile) =>
        Assert.Contains(reason, Assert.Throws<NotCompilableException>(compile).Message, StringComparison.Ordinal);

    /// <summary>Some layers with a residual connection, and their loss.</summary>
    private sealed class Layers
    {
        private readonly Device _device;

        public Layers(Device device)
        {
            _device = device;
            Shape[] shapes = [[Width, Width], [2 * Width, Width], [Width, 2 * Width], [Classes, Width], [Width],
                [Width]];
            Weights = [.. shapes.Select((shape, i) => Tensor.From(Numbers(shape.Elements, (ulong)i, 9), shape, device)
                .Keep())];
            foreach (Tensor weight in Weights) weight.RequiresGradient = true;
            Steps = Tensor.Zeros([], device).Keep();
        }

        public Tensor[] Weights { get; }

        public Tensor Steps { get; }

        public float Dropped { get; init; }

        public bool Counts { get; init; }

        public bool Reads { get; init; }

        public CompiledGradients Compile(Func<Philox, IReadOnlyList<Philox>>? streams = null, bool mayCount = true) =>
            CompiledGradients.Compile(Pass, Arguments(99), Input, Labels, streams ?? Streams, Weights,
                mayCount ? [Steps] : []);

        public GradientArguments Arguments(ulong step, ulong draw = 0) => new(Numbers(Input.Elements, step, 3),
            Enumerable.Range(0, Batch).Select(i => (i + (int)step) % Classes).ToArray(), default, new Philox(draw, 5));

        public void Clear()
        {
            foreach (Tensor weight in Weights) weight.ClearGradient();
        }

        /// <summary>Gradients, and what is counted.</summary>
        public float[] Changed() => [.. Weights.SelectMany(weight => weight.Gradient?.ToArray() ?? [])];

        public float[] Differentiate(ulong step, ulong draw = 0)
        {
            GradientArguments arguments = Arguments(step, draw);
            using StepScope scope = StepScope.Begin();
            (Tensor loss, Tensor? scores) = Pass(Tensor.From(arguments.Input.Span, Input, _device),
                Tensor.From(arguments.Labels.Span, Labels, _device), arguments.Random);
            return [loss.Item(), .. scores!.ToArray()];
        }

        public float[] OfTape(ulong step, ulong draw = 0)
        {
            Clear();
            return [.. Differentiate(step, draw), .. Changed()];
        }

        public float[] OfNotes(CompiledGradients compiled, ulong step, ulong draw = 0)
        {
            Clear();
            float[] scores = new float[compiled.Scores];
            Assert.True(compiled.TryRun(Arguments(step, draw), out float loss, scores));
            return [loss, .. scores, .. Changed()];
        }

        private static IReadOnlyList<Philox> Streams(Philox random) => [random, new(random.Seed, random.Stream + 1)];

        private (Tensor Loss, Tensor? Scores) Pass(Tensor x, Tensor labels, Philox random)
        {
            using Tape tape = Tape.Record();
            IReadOnlyList<Philox> streams = Streams(random);
            for (int i = 0; i < 2; i++)
            {
                x = Ops.Dropout(Ops.Linear(x, Weights[0], residual: x), Dropped, streams[0]);
                Tensor hidden = Ops.LayerNormLinear(x, Weights[4], Weights[5], 1e-5f, Weights[1]);
                x = Ops.DropPath(Ops.ActivationLinear(UnaryOperator.Gelu, hidden, Weights[2], residual: x), Dropped,
                    streams[1]);
            }

            if (Reads) x = Ops.Scale(x, x.ToArray()[0] > 5 ? 2f : 1f);
            Tensor scores = Ops.Linear(x, Weights[3]).Keep(), loss = Ops.CrossEntropy(scores, labels);
            if (Counts) Update.Increment(Steps, 1);
            tape.Backward(loss);
            return (loss, scores);
        }

        private static float[] Numbers(int count, ulong seed, ulong stream)
        {
            Philox random = new(seed, stream);
            return [.. Enumerable.Range(0, count).Select(i => random.Uniform((ulong)i, -1, 1))];
        }
    }
}
