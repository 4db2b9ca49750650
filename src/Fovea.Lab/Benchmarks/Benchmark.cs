using System.Diagnostics;
using Fovea.Lab.Benchmarks.Profiles;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Tensors.Backends.Cpu;
using Fovea.Tensors.Backends.Meta;
using Fovea.Tensors.Backends.Profiling;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Lab.Benchmarks;

/// <summary>Times whole steps on random images: what a user gets, without reading data.</summary>
public static class Benchmark
{
    private const int MostProfiledSteps = 21;
    private const int ClassesToTrain = 1000;   // of a model without a head

    /// <summary>Measures after three steps of warm-up, which allocate and compile.</summary>
    /// <exception cref="UsageException">There is no such preset, or sizes do not fit together.</exception>
    public static BenchmarkResult Run(BenchmarkOptions options)
    {
        ModelConfig config = Configure(options);
        if (options is { IsTraining: true, Precision: Precision.Int8 })
            throw new UsageException("products of int8 have no gradients: int8 is for inference.")
            {
                Field = "precision",
                Remedy = "Measure it in inference, or train in fp32 or bf16.",
            };
        if (options is { IsCompiled: true, IsProfiled: true })
            throw new UsageException("what is compiled has no operators to account for.")
            {
                Field = "compiled",
            };
        Device device = Device.Open(options.Device, options.Threads, options.Precision, options.Pinning);
        ProfilingBackend? profiler = options.IsProfiled ? new(device.Backend) : null;
        if (profiler is not null) device = new Device(device.Name, profiler);
        bool isHost = device.Backend.IsHost;
        if (device.Backend.UsesHostMemory) RequireMemory(config, options);
        using Session session = new(config, options, device);
        int threads = session.Threads;
        double? peak = isHost ? PeakMeasurement.GflopsPerSecond(threads) : null;
        for (int i = 0; i < 3; i++) session.Step();
        double[] seconds = Measure(session, options);
        StepProfile? profile = profiler is null ? null
            : StepProfiler.Run(profiler, session.Step, Math.Clamp(seconds.Length, 3, MostProfiledSteps), meta =>
            {
                using Session same = new(config, options, new Device("meta", meta));
                meta.Clear();
                ((MetaBackend)meta.Inner).Reset();
                same.Step();
            });
        double median = seconds[seconds.Length / 2];
        double batch = options.BatchSize;
        double gflops = batch * (options.IsTraining ? FlopCount.Training(config)
            : FlopCount.Forward(config)) / median / 1e9;
        return new BenchmarkResult
        {
            Model = options.Model,
            Device = options.Device,
            Precision = options.Precision,
            Mode = options.IsTraining ? "train" : "infer",
            Compiled = options.IsCompiled,
            BatchSize = options.BatchSize,
            Threads = threads,
            Placement = device.Backend.Placement,
            Steps = seconds.Length,
            ImagesPerSecond = batch / median,
            ImagesPerSecondBest = batch / seconds[0],
            MillisecondsPerStep = median * 1e3,
            GflopsPerSecond = gflops,
            PeakGflopsPerSecond = peak,
            PeakFraction = session.HasWindows ? null : gflops / peak,
            ActivationBytes = session.ActivationBytes,
            PeakMemoryBytes = Machine.PeakMemoryBytes,
            DeviceMemoryBytes = isHost ? null : device.Backend.AllocatedBytes,
            Profile = profile,
        };
    }

    internal static ModelConfig Configure(BenchmarkOptions options)
    {
        ModelConfig preset = Presets.Find(options.Model).Config;
        if (options.Attention is string attention && preset.Describe().Attention is not null)
            preset = preset.Apply(new() { Attention = attention });
        ModelConfig config = preset with
        {
            ImageSize = options.ImageSize ?? preset.ImageSize,
            Classes = preset.Classes == 0 && options.IsTraining ? ClassesToTrain : preset.Classes,
        };
        config.Validate();
        return config;
    }

    private static void RequireMemory(ModelConfig config, BenchmarkOptions options)
    {
        MemoryLimit.Require(
            StepMemory.PeakOf(config, options.IsTraining ? options.Optimisation : null, options.GradientCheckpointing,
                options.BatchSize),
            $"a step of '{options.Model}' with {options.BatchSize} images of {config.ImageSize} x {config.ImageSize}",
            "Lower `batch-size` or `image-size`, or take a smaller model.");
    }

    /// <summary>Seconds of each step, ascending.</summary>
    private static double[] Measure(Session session, BenchmarkOptions options)
    {
        List<double> seconds = [];
        long start = Stopwatch.GetTimestamp();
        do
        {
            long before = Stopwatch.GetTimestamp();
            session.Step();
            seconds.Add(Stopwatch.GetElapsedTime(before).TotalSeconds);
        }
        while (options.Steps is int steps ? seconds.Count < steps
            : Stopwatch.GetElapsedTime(start).TotalSeconds < options.Seconds);
        return [.. seconds.Order()];
    }

    /// <summary>A model with images and labels that stay the same.</summary>
    private sealed class Session : IDisposable
    {
        private readonly ImageClassifier _model;
        private readonly Tensor _images;
        private readonly Tensor _labels;
        private readonly Optimizer? _optimizer;
        private readonly CompiledPass? _compiled;
        private readonly CompiledGradients? _gradients;
        private readonly GradientArguments _arguments;
        private readonly float[] _pixels, _scores = [];
        private readonly long _allocatedBefore;

        public Session(ModelConfig config, BenchmarkOptions options, Device device)
        {
            device.Backend.Trim();   // others may have used the device before
            _allocatedBefore = device.Backend.AllocatedBytes;
            _model = config.Build();
            if (options.GradientCheckpointing && !_model.CanRecompute)
                throw new UsageException(
                    $"grad-checkpoint: the model '{options.Model}' cannot compute its blocks again.");
            _model.RecomputesBlocks = options.GradientCheckpointing;
            _model.Initialize(device, seed: 0);
            // as most of a training: what an epoch ends is over
            _model.Context = _model.Context with
            {
                Epoch = AttentionWindows.Of(_model).SelectMany(windows => windows.Stages).DefaultIfEmpty().Max(),
            };
            HasWindows = AttentionWindows.Of(_model).Any(windows => windows.Window is not null);
            _model.Train(options.IsTraining);
            if (!options.IsTraining) _model.Settle();
            Shape shape = [options.BatchSize, config.Channels, config.ImageSize, config.ImageSize];
            _pixels = new float[shape.Elements];
            Philox random = new(0, 0);
            for (int i = 0; i < _pixels.Length; i++) _pixels[i] = random.Uniform((ulong)i, -1, 1);
            int[] labels = new int[options.BatchSize];
            for (int i = 0; i < labels.Length; i++) labels[i] = i % Math.Max(1, config.Classes);
            _images = Tensor.From(_pixels, shape, device).Keep();
            _labels = Tensor.From(labels, [options.BatchSize], device).Keep();
            if (options.IsTraining) _optimizer = OptimisationChoice.Optimizer(options.Optimisation, _model);
            _arguments = new(_pixels, labels, default, SyntheticStep.Random);
            if (!options.IsCompiled) return;
            try
            {
                if (_optimizer is not null) _gradients = CompileGradients(shape);
                else
                {
                    _compiled = CompiledPass.Compile(_model.Forward, shape, device);
                    _scores = new float[_compiled.Result.Elements];
                }
            }
            catch (NotCompilableException refusal)
            {
                throw new UsageException(refusal.Message, refusal) { Field = "compiled" };
            }
        }

        /// <summary>Attention leaves products out that <see cref="FlopCount"/> counts.</summary>
        public bool HasWindows { get; }

        public int Threads => _images.Device.Backend.Threads;

        /// <summary>The pool has grown to the peak; a parameter has a gradient beside its value, and the optimiser its
        /// state.</summary>
        public long ActivationBytes => _compiled?.ArenaBytes ?? _gradients?.ArenaBytes
            ?? _images.Device.Backend.AllocatedBytes - _allocatedBefore
            - sizeof(float) * ((_optimizer is null ? 1 : 2) * _model.ParameterCount + (_optimizer?.StateElements ?? 0)
                + _images.Shape.Elements
                + _labels.Shape.Elements);

        public void Step()
        {
            if (_compiled is not null)
            {
                _compiled.TryRun(_pixels, _scores);
                return;
            }

            if (_gradients is not null)
            {
                _gradients.TryRun(_arguments, out _, []);
                SyntheticStep.Update(_optimizer!);
                return;
            }

            using StepScope scope = StepScope.Begin();
            SyntheticStep.Run(_model, _optimizer, _images, _labels);
            _images.Device.Backend.Synchronize();
        }

        private CompiledGradients CompileGradients(Shape shape) => CompiledGradients.Compile(
            (x, y, random) => (SyntheticStep.Differentiate(_model, x, y, random), null), _arguments, shape,
            _labels.Shape, _model.LayerStreams, [.. _model.NamedParameters().Select(entry => entry.Parameter.Value)],
            [.. _model.NamedBuffers().Select(entry => entry.Buffer.Value)]);

        public void Dispose()
        {
            _images.Release();
            _labels.Release();
        }
    }
}
