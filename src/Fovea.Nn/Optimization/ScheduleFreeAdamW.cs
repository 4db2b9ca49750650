using System.Globalization;
using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Schedule-free AdamW (Defazio et al. 2024, arXiv:2405.15682): a rate that stays constant after its warm-up, and an
/// average of the weights in place of a schedule. Gradients are taken at y, between that average x, which is evaluated
/// (<see cref="SwapIn"/>), and the end z of the steps. It keeps z and the squares' mean; x follows from y and z. The
/// formula is with <see cref="ScheduleFreeArguments"/>.
/// </summary>
/// <remarks>A step counts in the average by the square of the largest rate so far, as in the authors' code: with a
/// constant rate all count alike, and those of the warm-up less. A schedule that changes <see
/// cref="Optimizer.Momentum"/> changes nothing here: x follows from y and z for one β1 only.</remarks>
public sealed class ScheduleFreeAdamW : Optimizer
{
    private const string StepsName = "average.steps", SumName = "average.sum", RateName = "average.rate",
        TrainedName = "trained", BetaName = "average.beta";

    private readonly double _beta1, _beta2, _epsilon;
    private double _steps, _sum, _largestRate, _share, _rateFactor;
    private List<(Parameter Parameter, string Name, Tensor Trained)>? _swapped;

    /// <param name="groups">What to change; weight decay is a property of each group.</param>
    /// <param name="learningRate">Step size, 0 or more: one to ten times that of AdamW with a schedule.</param>
    /// <param name="beta1">Share of the average in the point where gradients are taken, above 0 and below 1.</param>
    /// <param name="beta2">Decay of the squares' mean, at least 0 and below 1.</param>
    /// <param name="epsilon">Added to the divisor, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public ScheduleFreeAdamW(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1 = 0.9, double beta2 = 0.999,
        double epsilon = 1e-8)
        : base(groups, learningRate)
    {
        Check.That(beta1 is > 0 and < 1, $"Schedule-free AdamW: beta1 must be above 0 and below 1, got {beta1}.");
        Check.That(beta2 is >= 0 and < 1, $"Schedule-free AdamW: beta2 must be at least 0 and below 1, got {beta2}.");
        Check.AtLeast(0, epsilon, "Schedule-free AdamW: epsilon");
        (Momentum, _beta1, _beta2, _epsilon) = (beta1, beta1, beta2, epsilon);
    }

    /// <inheritdoc/>
    public override IDisposable SwapIn()
    {
        if (_swapped is not null)
            throw new InvalidOperationException("Schedule-free AdamW: the average is swapped in already.");
        List<(Parameter Parameter, string Name, Tensor Trained)> swapped = [];
        List<(Tensor, Tensor)> ends = [];
        foreach ((string name, Parameter parameter, Tensor[]? state, int steps) in Slots.Where(slot => slot.Steps > 0))
        {
            Tensor trained = parameter.Value;
            Tensor average = Tensor.Empty(trained.Shape, trained.Device, origin: nameof(ScheduleFreeAdamW)).Keep();
            Update.Copy(trained, average);
            if (state is not null) ends.Add((state[0], average));   // others have it where it is updated elsewhere
            swapped.Add((parameter, name, trained));
            parameter.Value = average;
        }

        Update.Lerp(ends, (float)(1 - 1 / _beta1));
        _swapped = swapped;
        return new Swap(this);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) => ["end", "variance"];

    private protected override void BeginStep()
    {
        if (_swapped is not null)
            throw new InvalidOperationException(
                "Schedule-free AdamW: the average is swapped in; dispose of the swap before the next step.");
        _steps++;
        _rateFactor = Math.Sqrt(1 - Math.Pow((float)_beta2, _steps));
        _largestRate = Math.Max(_largestRate, LearningRate * _rateFactor);
        double weight = _largestRate * _largestRate;
        _sum += weight;
        _share = _sum > 0 ? weight / _sum : 0;
    }

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard) =>
        Update.ScheduleFree([.. changes.Select(change => new ParameterChange<ScheduleFreeArguments>(
            new(change.LearningRate * _rateFactor, (float)_beta1, (float)_beta2, (float)_epsilon, change.WeightDecay,
                _share, change.Step == 1, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);

    private protected override IEnumerable<(string Name, double Value)> Counts() =>
        [(StepsName, _steps), (SumName, _sum), (RateName, _largestRate), (BetaName, _beta1)];

    private protected override IEnumerable<(string Name, Tensor Value)> TrainedWeights() =>
        _swapped?.Select(entry => ($"{TrainedName}.{entry.Name}", entry.Trained)) ?? [];

    private protected override void LoadCounts(IReadOnlyDictionary<string, Tensor> state,
        IReadOnlyDictionary<string, double> scalars)
    {
        double Count(string name) => scalars.TryGetValue(name, out double value) ? value
            : throw new InvalidDataException($"Optimizer: the checkpoint has no '{name}'.");
        // what is evaluated follows from what is kept by the beta of the training alone
        if (scalars.TryGetValue(BetaName, out double beta) && beta != _beta1)
            throw new UsageException(
                "the first beta of schedule-free AdamW stays that of the run, "
                    + $"{beta.ToString(CultureInfo.InvariantCulture)}: its average follows from it.")
            { Field = "betas" };
        (_steps, _sum, _largestRate) = (Count(StepsName), Count(SumName), Count(RateName));
        foreach ((string name, Parameter parameter, _, _) in Slots.Where(slot => slot.Steps > 0))
            Update.Copy(Stored(state, $"{TrainedName}.{name}", parameter.Shape), parameter.Value);
    }

    private void SwapOut()
    {
        foreach ((Parameter parameter, _, Tensor trained) in _swapped ?? [])
        {
            parameter.Value.Release();
            parameter.Value = trained;
        }

        _swapped = null;
    }

    private sealed class Swap(ScheduleFreeAdamW optimizer) : IDisposable
    {
        public void Dispose() => optimizer.SwapOut();
    }
}
