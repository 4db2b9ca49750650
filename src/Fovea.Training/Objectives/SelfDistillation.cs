using System.Globalization;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Objectives;

/// <summary>
/// DINO (Caron et al. 2021, arXiv:2104.14294): a student sees large and small parts of an image and is to say of each
/// what a teacher says of the other large ones. The teacher is an average of the student, which nothing else trains;
/// its outputs are centred, and sharpened by a low temperature, so that neither one output nor all alike win.
/// </summary>
internal sealed class SelfDistillation : Objective
{
    private const int TeacherViews = 2;
    private const double MostKept = 0.1;
    private const double WellKept = 0.01;
    private const double LeastMomentum = 0.8;

    private readonly ImageClassifier _student;
    private readonly Parts _parts;
    private readonly PretrainingSection _options;
    private readonly Device _device;
    private readonly int _epochs;
    private readonly Func<int> _steps;
    private double[] _sum = [];
    private double[] _probabilities = [];
    private double _entropy;
    private int _rows;
    private int _epoch;

    /// <param name="student">The model that learns.</param>
    /// <param name="config">Its description, of which the teacher is made.</param>
    /// <param name="options">Head, temperatures and averages.</param>
    /// <param name="epochs">Epochs of the run.</param>
    /// <param name="steps">Steps of the run, once its images are known.</param>
    /// <param name="device">Device of the model.</param>
    public SelfDistillation(ImageClassifier student, ModelConfig config, PretrainingSection options, int epochs,
        Func<int> steps, Device device)
        : this(student, new Parts(config, config.Measure().Dim ?? 0, options), options, epochs, steps, device)
    {
    }

    private SelfDistillation(ImageClassifier student, Parts parts, PretrainingSection options, int epochs,
        Func<int> steps, Device device)
        : base(student, parts)
    {
        (_student, _parts, _options, _epochs, _steps, _device) = (student, parts, options, epochs, steps, device);
    }

    /// <summary>The teacher, whose features are better than the student's (section 5.1 of the paper).</summary>
    public override Module Result => _parts.Teacher;

    /// <inheritdoc/>
    public override void Initialize(Device device, ulong seed)
    {
        base.Initialize(device, seed);
        foreach ((NamedTensor from, NamedTensor to) in Pairs()) Update.Copy(from.Value, to.Value);
    }

    /// <inheritdoc/>
    public override void Enter(int epoch, int batch)
    {
        _epoch = epoch;
        _parts.Teacher.Context = _parts.Teacher.Context with { Epoch = _student.Context.Epoch };
    }

    /// <inheritdoc/>
    public override (Tensor Loss, HeadScores? Scores) Forward(BatchPart part, int step, ClassLoss classes)
    {
        Tensor[] views = [part.Images(_device), .. Enumerable.Range(0, part.Batch.Views.Count)
            .Select(view => part.View(view, _device))];
        Tensor global = Ops.Concat(0, views[..TeacherViews]);
        Tensor targets = Targets(global);
        Tensor features = _student.PooledFeatures(global);
        if (views.Length > TeacherViews)
            features = Ops.Concat(0, features, _student.PooledFeatures(Ops.Concat(0, views[TeacherViews..])));
        return (Losses.ViewCrossEntropy(_parts.Head.Forward(features), targets, part.Count,
            (float)_options.StudentTemperature), null);
    }

    /// <inheritdoc/>
    public override void Differentiated(int epoch)
    {
        if (epoch < _options.FreezeLastLayer) _parts.Head.LastLayer.Value.ClearGradient();
    }

    /// <inheritdoc/>
    public override void Stepped(int step)
    {
        float keep = (float)Momentum(_options.TeacherMomentum, step, _steps());
        List<(Tensor, Tensor)> averaged = [];
        foreach ((NamedTensor from, NamedTensor to) in Pairs())
        {
            // a mean of two draws is neither
            if (from is ModuleBuffer { Drawn: true }) Update.Copy(from.Value, to.Value);
            else averaged.Add((from.Value, to.Value));
        }

        Update.Lerp(averaged, 1 - keep);
        float[] center = _parts.Center.Value.ToArray();
        for (int k = 0; k < center.Length; k++)
            center[k] = (float)Center(center[k], _sum[k] / _rows, _options.CenterMomentum);
        _parts.Center.Value.CopyFrom(center, 0);
        (_sum, _rows) = ([], 0);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double>? TakeMeasures()
    {
        if (_rows == 0) return null;
        double images = (double)_rows / TeacherViews;
        double ofMean = -_probabilities.Sum(sum => sum > 0 ? sum / _rows * Math.Log(sum / _rows) : 0);
        Dictionary<string, double> measures = new()
        {
            ["teacher_entropy"] = _entropy / _rows * images,
            ["teacher_entropy_of_mean"] = ofMean * images,
        };
        (_entropy, _probabilities) = (0, []);
        return measures;
    }

    /// <inheritdoc/>
    /// <remarks>Without centring one output wins, without sharpening all are alike (section 5.3): then the teacher says
    /// the same of all images.</remarks>
    public override string? Warning(IReadOnlyDictionary<string, double> means)
    {
        (double own, double ofMean) = (means["teacher_entropy"], means["teacher_entropy_of_mean"]);
        double highest = Math.Log(_options.Outputs);
        if (own > 0.999 * highest)
            return "collapse: the teacher finds all outputs equally likely, whatever the image "
                + "(`teacher-temperature` lower, `center-momentum` lower).";
        return ofMean < 0.01 * highest
            ? "collapse: the teacher gives one output for all images (`teacher-temperature` higher, `lr` lower)."
            : null;
    }

    /// <summary>Decay of the teacher's average at a step: 1 − (1 − first) (cos(π step / steps) + 1) / 2.</summary>
    internal static double Momentum(double first, int step, int steps) =>
        1 - (1 - first) * (Math.Cos(Math.PI * step / steps) + 1) / 2;

    /// <summary>Share of its first weights that the teacher still has at the end of a run: the product of the decays,
    /// e^(−(1 − first) steps / 2) but for terms of second order.</summary>
    internal static double Kept(double first, int steps) => Math.Exp(-(1 - first) * steps / 2);

    /// <summary>A sentence where the teacher averages too slowly for so short a run; else null.</summary>
    internal static string? SlowTeacher(PretrainingSection options, int steps)
    {
        double kept = Kept(options.TeacherMomentum, steps);
        if (kept <= MostKept) return null;
        double better = 1 - 2 * Math.Log(1 / WellKept) / steps;
        string remedy = better >= LeastMomentum
            ? string.Create(CultureInfo.InvariantCulture, $"`teacher-momentum` {better:0.###}, or more `epochs`")
            : "more `epochs`, or a smaller `batch-size`";
        return string.Create(CultureInfo.InvariantCulture,
            $"the teacher follows its student too slowly for a run of {steps} steps: at its end {100 * kept:0} % of it "
                + $"are its first random weights ({remedy}).");
    }

    /// <summary>c ← m c + (1 − m) mean (eq. 4).</summary>
    internal static double Center(double center, double mean, double momentum) =>
        momentum * center + (1 - momentum) * mean;

    /// <summary>Temperature of the teacher in an epoch: linear from the first one to the last within the warm-up, both
    /// reached, as in the paper's code.</summary>
    internal static double Temperature(PretrainingSection options, int epoch, int epochs)
    {
        int warm = options.TeacherWarmupEpochs ?? Math.Min(30, 3 * epochs / 10);
        (double first, double last) = (options.FirstTeacherTemperature, options.TeacherTemperature);
        return epoch >= warm ? last : warm == 1 ? first : first + (last - first) * epoch / (warm - 1);
    }

    /// <summary>softmax((teacher − center) / temperature) of the large parts.</summary>
    private Tensor Targets(Tensor images)
    {
        using IDisposable pause = Tape.Pause();
        using StepScope scope = StepScope.Begin();
        Tensor logits = _parts.TeacherHead.Forward(_parts.Teacher.PooledFeatures(images));
        float temperature = (float)Temperature(_options, _epoch, _epochs);
        Tensor sharpened = Ops.Scale(Ops.Subtract(logits, _parts.Center), 1 / temperature);
        Tensor targets = Ops.Softmax(sharpened);
        _entropy -= Ops.Sum(Ops.Multiply(targets, Ops.LogSoftmax(sharpened))).Item();
        Add(ref _sum, Ops.Sum(logits, 0));
        Add(ref _probabilities, Ops.Sum(targets, 0));
        _rows += images.Shape[0];
        return scope.Return(targets);
    }

    private static void Add(ref double[] sums, Tensor values)
    {
        float[] more = values.ToArray();
        if (sums.Length == 0) sums = new double[more.Length];
        for (int i = 0; i < more.Length; i++) sums[i] += more[i];
    }

    /// <summary>The student's tensors and the teacher's.</summary>
    private IEnumerable<(NamedTensor Student, NamedTensor Teacher)> Pairs() =>
        _student.NamedState().Zip(_parts.Teacher.NamedState())
            .Concat(_parts.Head.NamedState().Zip(_parts.TeacherHead.NamedState()))
            .Select(pair => (pair.First.Tensor, pair.Second.Tensor));

    private sealed class Parts : Module
    {
        public Parts(ModelConfig config, int dim, PretrainingSection options)
        {
            Head = Register("head", new ProjectionHead(dim, options.HiddenDim, options.BottleneckDim, options.Outputs));
            Teacher = Register("teacher", config.Build());
            TeacherHead = Register("teacher_head",
                new ProjectionHead(dim, options.HiddenDim, options.BottleneckDim, options.Outputs));
            Center = Register(new ModuleBuffer("center", [1, options.Outputs], Init.Zeros));
            foreach ((_, Parameter parameter) in Teacher.NamedParameters().Concat(TeacherHead.NamedParameters()))
                parameter.Trainable = false;   // so that it always evaluates, too
        }

        public ProjectionHead Head { get; }

        public ImageClassifier Teacher { get; }

        public ProjectionHead TeacherHead { get; }

        public ModuleBuffer Center { get; }
    }
}
