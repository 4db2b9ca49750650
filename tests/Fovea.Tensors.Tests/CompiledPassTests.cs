namespace Fovea.Tensors.Tests;

public sealed class CompiledPassTests
{
    private static readonly Shape Input = [4, 24];

    public static TheoryData<int> Threads => [1, 2, 3];

    [Theory]
    [MemberData(nameof(Threads))]
    public void It_has_the_bits_of_the_pass(int threads)
    {
        Device device = Device.CreateCpu(threads);
        Layers layers = new(device);
        CompiledPass pass = CompiledPass.Compile(layers.Forward, Input, device);
        Assert.Equal([4, 5], pass.Result);
        for (int seed = 1; seed < 4; seed++) Assert.Equal(layers.Eager(seed), Run(pass, seed));
    }

    [Fact]
    public void Memory_is_shared_and_none_is_asked_for()
    {
        Device device = Device.CreateCpu(2);
        CompiledPass pass = CompiledPass.Compile(new Layers(device).Forward, Input, device);
        Assert.InRange(pass.ArenaBytes, 1, pass.BufferBytes / 2);
        float[] x = Numbers(1), y = new float[pass.Result.Elements];
        pass.TryRun(x, y);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) pass.TryRun(x, y);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_changed_weight_is_seen()
    {
        Device device = Device.CreateCpu(2);
        Layers layers = new(device);
        CompiledPass pass = CompiledPass.Compile(layers.Forward, Input, device);
        layers.Weights[1].CopyFrom(new float[layers.Weights[1].Shape.Elements]);
        Assert.Equal(layers.Eager(1), Run(pass, 1));
    }

    [Fact]
    public void A_changed_weight_whose_packed_form_is_kept_is_refused()
    {
        Device device = Device.CreateCpu(2);
        Layers layers = new(device);
        foreach (Tensor weight in layers.Weights) weight.Settle();
        CompiledPass pass = CompiledPass.Compile(layers.Forward, Input, device);
        Assert.True(pass.IsCurrent);
        layers.Weights[1].CopyFrom(new float[layers.Weights[1].Shape.Elements]);
        Assert.False(pass.IsCurrent);
        Assert.False(pass.TryRun(Numbers(1), new float[20]));
        layers.Eager(1);   // packs it again, elsewhere
        Assert.False(pass.IsCurrent);
    }

    [Fact]
    public void A_released_weight_stays_as_long_as_the_pass()
    {
        Device device = Device.CreateCpu(2);
        Layers layers = new(device);
        CompiledPass pass = CompiledPass.Compile(layers.Forward, Input, device);
        float[] before = Run(pass, 1);
        foreach (Tensor weight in layers.Weights) weight.Release();
        for (int i = 0; i < 20; i++) Tensor.Full([24, 24], float.NaN, device);
        Assert.Equal(before, Run(pass, 1));
    }

    [Fact]
    public void Two_threads_do_not_disturb_each_other()
    {
        Device device = Device.CreateCpu(2);
        Layers layers = new(device);
        CompiledPass pass = CompiledPass.Compile(layers.Forward, Input, device);
        float[][] expected = [.. Enumerable.Range(0, 4).Select(layers.Eager)];
        int wrong = 0, computed = 0;
        Parallel.For(0, 4, thread =>
        {
            float[] x = Numbers(thread), y = new float[pass.Result.Elements];
            for (int i = 0; i < 200; i++)
            {
                if (!pass.TryRun(x, y)) continue;
                Interlocked.Increment(ref computed);
                if (!y.AsSpan().SequenceEqual(expected[thread])) Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal(0, wrong);
        Assert.True(computed > 0);
    }

    [Fact]
    public void What_reads_values_is_refused()
    {
        Device device = Device.CreateCpu(1);
        Refused("reads values", x => Ops.Scale(x, x.ToArray()[0] > 5 ? 2f : 1f), device);
        Refused("reads values", x => Ops.Scale(x, (float)Update.SumOfSquares(x)), device);
    }

    [Fact]
    public void What_changes_something_else_is_refused()
    {
        Device device = Device.CreateCpu(1);
        Tensor state = Tensor.Zeros(Input, device).Keep();
        Refused("outlives", x =>
        {
            Update.Copy(x, state);
            return Twice(x);
        }, device);
    }

    [Fact]
    public void What_takes_other_steps_each_time_is_refused()
    {
        Device device = Device.CreateCpu(1);
        int calls = 0;
        Refused("same steps", x => ++calls % 2 == 0 ? Twice(x) : Twice(Twice(x)), device);
    }

    [Fact]
    public void What_keeps_tensors_is_refused()
    {
        Device device = Device.CreateCpu(1);
        Refused("keeps tensors", x => Twice(x).Keep(), device);
    }

    [Fact]
    public void What_is_computed_on_the_host_is_refused()
    {
        // The numbers reach the host by a way that nobody sees: the comparison finds it.
        Device device = Device.CreateCpu(1);
        float seen = 0;
        Refused("other results", x => Ops.Scale(x, seen = seen * 2 + 1), device);
    }

    [Fact]
    public void Devices_without_a_compiled_path_and_tapes_are_refused()
    {
        Refused("compiled path", Twice, Device.CreateReference());
        using Tape tape = Tape.Record();
        Refused("tape", Twice, Device.CreateCpu(1));
    }

    [Fact]
    public void What_is_written_on_the_way_is_written_each_time()
    {
        Device device = Device.CreateCpu(2);
        Tensor Forward(Tensor x) => Ops.Gather(Ops.Multiply(x, Tensor.From([2f], [1, 1], device)),
            Tensor.From([3, 1, 1, 0, 2], [5], device));
        CompiledPass pass = CompiledPass.Compile(Forward, Input, device);
        float[] x = Numbers(1), y = Run(pass, 1);
        Assert.Equal(2 * x[3 * 24], y[0]);
        Assert.Equal(2 * x[0], y[3 * 24]);
        Assert.Equal(Run(pass, 1), y);
    }

    [Fact]
    public void Other_sizes_are_refused()
    {
        Device device = Device.CreateCpu(1);
        CompiledPass pass = CompiledPass.Compile(Twice, Input, device);
        Assert.Throws<ShapeException>(() => pass.TryRun(new float[5], new float[96]));
        Assert.Throws<ShapeException>(() => pass.TryRun(new float[96], new float[5]));
    }

    private static void Refused(string reason, Func<Tensor, Tensor> forward, Device device) =>
        Assert.Contains(reason, Assert.Throws<NotCompilableException>(
            () => CompiledPass.Compile(forward, Input, device)).Message, StringComparison.Ordinal);

    private static Tensor Twice(Tensor x) => Ops.Add(x, x);

    private static float[] Run(CompiledPass pass, int seed)
    {
        float[] result = new float[pass.Result.Elements];
        Assert.True(pass.TryRun(Numbers(seed), result));
        return result;
    }

    private static float[] Numbers(int seed)
    {
        Philox random = new((ulong)seed, 3);
        return [.. Enumerable.Range(0, Input.Elements).Select(i => random.Uniform((ulong)i, -1, 1))];
    }

    /// <summary>Some layers with a residual connection.</summary>
    private sealed class Layers(Device device)
    {
        public Tensor[] Weights { get; } = [Weight([24, 24], 1, device), Weight([48, 24], 2, device),
            Weight([24, 48], 3, device), Weight([5, 24], 4, device), Weight([24], 5, device), Weight([24], 6, device)];

        public Tensor Forward(Tensor x)
        {
            for (int i = 0; i < 3; i++)
            {
                x = Ops.Linear(x, Weights[0], residual: x);
                Tensor hidden = Ops.LayerNormLinear(x, Weights[4], Weights[5], 1e-5f, Weights[1]);
                x = Ops.ActivationLinear(UnaryOperator.Gelu, hidden, Weights[2], residual: x);
            }

            return Ops.Softmax(Ops.Linear(x, Weights[3]));
        }

        public float[] Eager(int seed)
        {
            using StepScope scope = StepScope.Begin();
            return Forward(Tensor.From(Numbers(seed), Input, device)).ToArray();
        }

        private static Tensor Weight(Shape shape, ulong stream, Device device)
        {
            Philox random = new(9, stream);
            return Tensor.From([.. Enumerable.Range(0, shape.Elements).Select(i => random.Uniform((ulong)i, -1, 1))],
                shape, device).Keep();
        }
    }
}
