using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Nn.Tests;

public sealed class CompiledModuleTests
{
    private static readonly Shape Rows = [3, 16];

    private readonly Device _device = Device.CreateCpu(2);
    private readonly Linear _layer = new(16, 8);
    private readonly CompiledModule _compiled;

    public CompiledModuleTests()
    {
        _layer.Initialize(_device, 1);
        _layer.Train(false);
        _layer.Settle();
        _compiled = new(_layer, x => _layer.Forward(x), _device, usesBefore: 2);
    }

    [Fact]
    public void A_shape_is_compiled_when_it_came_often()
    {
        float[] x = Numbers(1);
        Assert.Null(_compiled.TryRun(Rows, x));
        Assert.Null(_compiled.TryRun(Rows, x));
        Assert.Equal(Eager(x), _compiled.TryRun(Rows, x)!);
        Assert.Equal(Eager(Numbers(2)), _compiled.TryRun(Rows, Numbers(2))!);
        Assert.Null(_compiled.TryRun([1, 16], Numbers(1).AsSpan(0, 16)));
        Assert.Null(_compiled.Refusal);
    }

    [Fact]
    public void Changed_weights_are_seen()
    {
        float[] x = Numbers(1);
        CompiledPass first = Compiled();
        Parameter weight = _layer.NamedParameters().First().Parameter;
        weight.Value.CopyFrom(new float[weight.Shape.Elements]);
        Assert.Equal(Eager(x), _compiled.TryRun(Rows, x)!);
        Assert.NotSame(first, _compiled.Find(Rows));
    }

    [Fact]
    public void Weights_in_other_memory_are_seen()
    {
        Compiled();
        _layer.Allocate(Device.Reference);
        _layer.Initialize(_device, 7);
        Assert.Equal(Eager(Numbers(1)), _compiled.TryRun(Rows, Numbers(1))!);
    }

    [Fact]
    public void Another_context_is_seen()
    {
        CompiledPass first = Compiled();
        _layer.Context = new() { Epoch = 5 };
        Assert.NotSame(first, _compiled.Find(Rows));
        CompiledPass second = Compiled();
        _layer.Context = new() { Epoch = 5 };   // an equal one
        Assert.Same(second, _compiled.Find(Rows));
    }

    [Fact]
    public void Training_and_tapes_are_left_to_the_module()
    {
        Compiled();
        _layer.Train();
        Assert.Null(_compiled.TryRun(Rows, Numbers(1)));
        _layer.Train(false);
        Assert.NotNull(_compiled.TryRun(Rows, Numbers(1)));
        using Tape tape = Tape.Record();
        Assert.Null(_compiled.TryRun(Rows, Numbers(1)));
    }

    [Fact]
    public void What_cannot_be_compiled_is_tried_once_and_left_to_the_module()
    {
        int calls = 0;
        CompiledModule compiled = new(_layer, x =>
        {
            calls++;
            _ = x.ToArray();
            return _layer.Forward(x);
        }, _device, usesBefore: 0);
        Assert.Null(compiled.TryRun(Rows, Numbers(1)));
        int tried = calls;
        Assert.Null(compiled.TryRun(Rows, Numbers(1)));
        Assert.Equal(tried, calls);
        Assert.Contains("reads values", compiled.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_some_passes_at_most()
    {
        CompiledModule compiled = new(_layer, x => _layer.Forward(x), _device, usesBefore: 0);
        CompiledPass?[] passes = [.. Enumerable.Range(1, 6).Select(rows => compiled.Find([rows, 16]))];
        Assert.All(passes[..4], Assert.NotNull);
        Assert.All(passes[4..], Assert.Null);
    }

    private CompiledPass Compiled()
    {
        for (int i = 0; i < 2; i++) _compiled.Find(Rows);
        return _compiled.Find(Rows)!;
    }

    private float[] Eager(float[] x)
    {
        using StepScope scope = StepScope.Begin();
        return _layer.Forward(Tensor.From(x, Rows, _device)).ToArray();
    }

    private static float[] Numbers(int seed)
    {
        Philox random = new((ulong)seed, 3);
        return [.. Enumerable.Range(0, Rows.Elements).Select(i => random.Uniform((ulong)i, -1, 1))];
    }
}
