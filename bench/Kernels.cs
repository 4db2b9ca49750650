#!/usr/bin/env dotnet
#:project ../src/Fovea.Tensors/Fovea.Tensors.csproj
#:package BenchmarkDotNet@0.15.8
#:property PublishAot=false
#:property ManagePackageVersionsCentrally=false
#:property NoWarn=CA1050

// Micro-benchmarks of the CPU's kernels (BenchmarkDotNet): each primitive on sizes that models have, by precision.
//
// usage: dotnet run -c Release bench/Kernels.cs [-- --filter '*Attention*']

using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Fovea.Tensors;

// In this process: there is no project file that another one could be made from.
Job job = Job.Default.WithToolchain(new InProcessNoEmitToolchain(TimeSpan.FromMinutes(5), false)).WithWarmupCount(3)
    .WithIterationCount(10);
BenchmarkSwitcher.FromTypes([typeof(Products), typeof(Rows)])
    .Run(args.Length == 0 ? ["--filter", "*"] : args, DefaultConfig.Instance.AddJob(job));

/// <summary>Linear layers and attention of <c>deit_tiny_patch16_224</c> at batch 16.</summary>
public class Products
{
    private const int Rows = 16 * 197, In = 192, Out = 768, Heads = 3;
    private Backend _backend = null!;
    private Storage _x = null!, _w = null!, _y = null!, _dw = null!, _dx = null!, _sums = null!, _qkv = null!,
        _dqkv = null!;

    /// <summary>Operands' numbers.</summary>
    [Params(Precision.Fp32, Precision.Bf16)]
    public Precision Precision { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = Device.CreateCpu(2, precision: Precision).Backend;
        _x = Operand.Make(_backend, Rows * In);
        _dx = Operand.Make(_backend, Rows * In);
        _w = Operand.Make(_backend, Out * In);
        _dw = Operand.Make(_backend, Out * In);
        _y = Operand.Make(_backend, Rows * Out);
        _qkv = Operand.Make(_backend, 3 * Rows * In);
        _dqkv = Operand.Make(_backend, 3 * Rows * In);
        _sums = Operand.Make(_backend, Rows * Heads);
        _backend.Attention(Attentive, _dx, _sums);
    }

    private LinearArguments Layer => new(_x, _w, null, null, Rows, In, Out);

    private AttentionArguments Attentive => new(16, 197, 197, Heads, 64, 0.125f, new(_qkv, 0, 3 * In),
        new(_qkv, In, 3 * In), new(_qkv, 2 * In, 3 * In));

    /// <summary>y = x wᵀ.</summary>
    [Benchmark]
    public void Linear() => _backend.Linear(Layer, _y);

    /// <summary>dx = dy w.</summary>
    [Benchmark]
    public void LinearBackwardInput() => _backend.LinearBackwardInput(Layer, _y, new(new Target(_dx)));

    /// <summary>dw = dyᵀ x.</summary>
    [Benchmark]
    public void LinearBackwardWeight() => _backend.LinearBackwardWeight(Layer, _y, new(_dw), null);

    /// <summary>Softmax attention.</summary>
    [Benchmark]
    public void Attention() => _backend.Attention(Attentive, _dx, _sums);

    /// <summary>Its gradients.</summary>
    [Benchmark]
    public void AttentionBackward() => _backend.AttentionBackward(Attentive, _dx, _sums, _x,
        new(new(new(_dqkv, 0, 3 * In), false), new(new(_dqkv, In, 3 * In), false),
            new(new(_dqkv, 2 * In, 3 * In), false)));
}

/// <summary>What is bound by memory or by functions of single elements.</summary>
public class Rows
{
    private const int Count = 16 * 197, Columns = 768;
    private readonly Backend _backend = Device.CreateCpu(2).Backend;
    private Storage _x = null!, _y = null!, _gamma = null!, _beta = null!, _mean = null!, _rstd = null!, _m = null!,
        _v = null!;

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        (_x, _y) = (Operand.Make(_backend, Count * Columns), Operand.Make(_backend, Count * Columns));
        (_m, _v) = (Operand.Make(_backend, Count * Columns), Operand.Make(_backend, Count * Columns));
        (_gamma, _beta) = (Operand.Make(_backend, Columns), Operand.Make(_backend, Columns));
        (_mean, _rstd) = (Operand.Make(_backend, Count), Operand.Make(_backend, Count));
    }

    /// <summary>Layer norm.</summary>
    [Benchmark]
    public void LayerNorm() => _backend.LayerNorm(_x, _gamma, _beta, _y, _mean, _rstd, Count, Columns, 1e-5f);

    /// <summary>Softmax of rows.</summary>
    [Benchmark]
    public void Softmax() => _backend.Softmax(_x, _y, Count, Columns, logarithm: false);

    /// <summary>GELU.</summary>
    [Benchmark]
    public void Gelu() => _backend.Unary(UnaryOperator.Gelu, _x, _y, Count * Columns);

    /// <summary>AdamW.</summary>
    [Benchmark]
    public void Adam() => _backend.Adam(
        [new(new(1e-4, 0.9, 0.999, 1e-8, 0.05, true, 7, 1), _y, _x, [_m, _v], Count * Columns)], null);
}

/// <summary>Numbers to compute with.</summary>
internal static class Operand
{
    internal static Storage Make(Backend backend, int count)
    {
        Random random = new(1);
        Storage storage = backend.Rent(count);
        backend.Write(storage, [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)]);
        return storage;
    }
}
