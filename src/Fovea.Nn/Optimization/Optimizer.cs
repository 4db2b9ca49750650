using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Changes parameters by their gradients, in place, in one fused pass. Parameters without a gradient (frozen or unused)
/// are passed by. State tensors come with a parameter's first step and are then kept.
/// </summary>
public abstract class Optimizer
{
    private readonly List<Slot> _slots = [];
    private readonly bool _isCautious;

    /// <param name="groups">What to change; a parameter may stand in one group only.</param>
    /// <param name="learningRate">Step size, 0 or more; a schedule changes it later.</param>
    /// <param name="isCautious">Elements whose change does not go against the gradient stay (Liang et al. 2024,
    /// arXiv:2411.16085); the others change by as much more, see <see cref="CautiousArguments"/>.</param>
    /// <exception cref="UsageException">No parameters, one named twice, or a number out of range.</exception>
    protected Optimizer(IReadOnlyList<ParameterGroup> groups, double learningRate, bool isCautious = false)
    {
        _isCautious = isCautious;
        LearningRate = Check.AtLeast(0, learningRate, "Optimizer: learning rate");
        Groups = groups;
        HashSet<string> names = [];
        foreach (ParameterGroup group in groups)
        {
            Check.AtLeast(0, group.WeightDecay, $"Optimizer: weight decay of group '{group.Name}'");
            foreach ((string name, Parameter parameter) in group.Parameters)
            {
                Check.That(names.Add(name), $"Optimizer: two parameters are called '{name}'.");
                _slots.Add(new Slot(name, parameter, group));
            }
        }

        Check.That(_slots.Count > 0, "Optimizer: there are no parameters to train.");
    }

    /// <summary>Parameters that are changed.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Step size of the next step, before a group's factor.</summary>
    public double LearningRate { get; set; }

    /// <summary>Factor of every group's weight decay in the next step, 0 or more; 1. A schedule of weight decay changes
    /// it.</summary>
    public double WeightDecayFactor { get; set; } = 1;

    /// <summary>Share of the past gradients that stays: SGD's momentum, Adam's β1. One-cycle schedules change
    /// it.</summary>
    public double Momentum { get; set; }

    /// <summary>Numbers that the state of all parameters has; known before there is memory.</summary>
    public long StateElements =>
        _slots.Sum(slot => (long)StateNames(slot.Name).Count * slot.Parameter.Shape.Elements);

    /// <summary>All parameters with their names, and the state of those that have some.</summary>
    private protected IEnumerable<(string Name, Parameter Parameter, Tensor[]? State, int Steps)> Slots =>
        _slots.Select(slot => (slot.Name, slot.Parameter, slot.State, slot.Steps));

    /// <summary>Names of the state tensors that a parameter has.</summary>
    private protected abstract IReadOnlyList<string> StateNames(string parameter);

    /// <summary>State that a training may go on without and then begins with zeros; null: there is none.</summary>
    private protected virtual string? Late => null;

    /// <summary>Puts the weights that are meant to be evaluated into the parameters until disposed; null where they are
    /// those that are trained. While they are there, <see cref="State"/> has those that are trained.</summary>
    /// <exception cref="InvalidOperationException">They are there already.</exception>
    public virtual IDisposable? SwapIn() => null;

    /// <summary>One step with the gradients that are there; they stay until <see cref="ZeroGradient"/>.</summary>
    /// <param name="gradientScale">Factor of all gradients: from clipping, or 1/n after n accumulated batches.</param>
    public void Step(double gradientScale = 1) => Step(gradientScale, null);

    /// <summary>One step whose gradients' length nobody knows yet, on a device that works behind calls.</summary>
    /// <param name="guard">Clips the gradients, or leaves the step out.</param>
    public void Step(StepGuard guard) => Step(1, guard);

    /// <summary>Leaves parameters to others, who update them elsewhere: their steps are counted here, and their state
    /// is given up.</summary>
    /// <param name="owns">Whether a parameter is updated here, by its name.</param>
    public void KeepOnly(Predicate<string> owns)
    {
        foreach (Slot slot in _slots)
        {
            slot.IsElsewhere = !owns(slot.Name);
            if (slot.IsElsewhere) slot.Forget();
        }
    }

    /// <summary>Parameters that have made a step, each with its state; that of a parameter that is updated elsewhere
    /// begins with zeros when it is asked for, until <see cref="ForgetElsewhere"/> gives it up again.</summary>
    public IEnumerable<(string Parameter, Func<IReadOnlyList<Tensor>> State)> StatesByParameter() =>
        _slots.Where(slot => slot.Steps > 0)
            .Select(slot => (slot.Name, (Func<IReadOnlyList<Tensor>>)(() => StateOf(slot))));

    /// <summary>Gives up the state of parameters that are updated elsewhere.</summary>
    public void ForgetElsewhere()
    {
        foreach (Slot slot in _slots)
            if (slot.IsElsewhere) slot.Forget();
    }

    /// <summary>Forgets the gradients of all parameters; their buffers are kept for the next ones.</summary>
    public void ZeroGradient()
    {
        foreach (Slot slot in _slots) slot.Parameter.Value.ClearGradient();
    }

    /// <summary>State tensors by name, e.g. <c>mean.head.weight</c>, of the parameters that have made a step.</summary>
    public IEnumerable<(string Name, Tensor Value)> State() => StateOf(_slots);

    /// <summary>State tensors of the parameters that are updated here; none is made for the others. See
    /// <see cref="State"/>.</summary>
    public IEnumerable<(string Name, Tensor Value)> OwnState() => StateOf(_slots.Where(slot => !slot.IsElsewhere));

    /// <summary>Steps made, by parameter, e.g. <c>steps.head.weight</c>, and what else the optimiser counts.</summary>
    public IEnumerable<(string Name, double Value)> Scalars() =>
        _slots.Select(slot => ($"steps.{slot.Name}", (double)slot.Steps)).Concat(Counts());

    /// <summary>Takes up where <see cref="State"/> and <see cref="Scalars"/> were written; names of other things are
    /// passed by.</summary>
    /// <param name="state">State tensors, on any device.</param>
    /// <param name="scalars">Steps made.</param>
    /// <exception cref="InvalidDataException">An entry is missing or of another shape.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state, IReadOnlyDictionary<string, double> scalars)
    {
        string? late = Late is { } kind && !state.Keys.Any(key => key.StartsWith($"{kind}.", StringComparison.Ordinal))
            ? kind : null;
        foreach (Slot slot in _slots)
        {
            if (!scalars.TryGetValue($"steps.{slot.Name}", out double steps))
                throw new InvalidDataException($"Optimizer: the checkpoint has no 'steps.{slot.Name}'.");
            slot.Steps = (int)steps;
            if (steps == 0) continue;
            IReadOnlyList<string> names = StateNames(slot.Name);
            for (int i = 0; i < names.Count; i++)
                if (names[i] != late)
                    Update.Copy(Stored(state, $"{names[i]}.{slot.Name}", slot.Parameter.Shape), StateOf(slot)[i]);
        }

        LoadCounts(state, scalars);
    }

    /// <summary>A tensor of a checkpoint.</summary>
    /// <exception cref="InvalidDataException">It is missing or of another shape.</exception>
    private protected static Tensor Stored(IReadOnlyDictionary<string, Tensor> state, string name, Shape shape)
    {
        if (!state.TryGetValue(name, out Tensor? value))
            throw new InvalidDataException($"Optimizer: the checkpoint has no '{name}'.");
        return value.Shape == shape ? value : throw new InvalidDataException(
            $"Optimizer: '{name}' is {value.Shape} in the checkpoint, the model has {shape}.");
    }

    /// <summary>Numbers of the whole optimiser that go on from a checkpoint.</summary>
    private protected virtual IEnumerable<(string Name, double Value)> Counts() => [];

    /// <summary>Weights that are trained while others are swapped in, for checkpoints.</summary>
    private protected virtual IEnumerable<(string Name, Tensor Value)> TrainedWeights() => [];

    /// <summary>Takes up where <see cref="Counts"/> and <see cref="TrainedWeights"/> were written.</summary>
    /// <exception cref="InvalidDataException">An entry is missing or of another shape.</exception>
    private protected virtual void LoadCounts(IReadOnlyDictionary<string, Tensor> state,
        IReadOnlyDictionary<string, double> scalars)
    {
    }

    /// <summary>Once a step, before its updates.</summary>
    private protected virtual void BeginStep()
    {
    }

    /// <summary>Factor and rate of a cautious step: decoupled weight decay.</summary>
    private protected virtual CautiousArguments Caution(in Change change) =>
        new(1 - (double)change.LearningRate * change.WeightDecay, change.LearningRate);

    /// <summary>The update of all parameters that have a gradient, in one call of the backend.</summary>
    private protected abstract void Apply(IReadOnlyList<Change> changes, StepGuard? guard);

    private void Step(double gradientScale, StepGuard? guard)
    {
        List<Change> changes = new(_slots.Count);
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.Value.Gradient is not { } gradient) continue;
            slot.Steps++;
            if (slot.IsElsewhere) continue;
            changes.Add(new Change(
                slot.Name, slot.Parameter.Value, gradient, StateOf(slot), slot.Steps,
                (float)(LearningRate * slot.Group.LearningRateFactor),
                (float)(slot.Group.WeightDecay * WeightDecayFactor), (float)gradientScale));
        }

        BeginStep();
        if (changes.Count == 0) return;
        if (_isCautious) ApplyCautiously(changes, guard);
        else Apply(changes, guard);
    }

    /// <summary>Lets the update change zeros at the rate 1, and takes of that what goes against the gradient.</summary>
    private void ApplyCautiously(List<Change> changes, StepGuard? guard)
    {
        using StepScope scope = StepScope.Begin();
        Change[] alone = [.. changes.Select(change => change with
        {
            Parameter = Tensor.Zeros(change.Parameter.Shape, change.Parameter.Device),
            LearningRate = 1,
            WeightDecay = 0,
        })];
        Apply(alone, guard);
        Update.Cautious([.. changes.Select((change, i) => new ParameterChange<CautiousArguments>(
            Caution(change), change.Parameter, change.Gradient, alone[i].Parameter))], guard);
    }

    private IEnumerable<(string Name, Tensor Value)> StateOf(IEnumerable<Slot> slots) =>
        slots.Where(slot => slot.Steps > 0)
            .SelectMany(slot => StateNames(slot.Name).Select((kind, i) => ($"{kind}.{slot.Name}", StateOf(slot)[i])))
            .Concat(TrainedWeights());

    private Tensor[] StateOf(Slot slot) => slot.State ??=
        [.. StateNames(slot.Name).Select(_ => Tensor.Zeros(slot.Parameter.Shape, slot.Parameter.Value.Device).Keep())];

    /// <summary>Everything the update of one parameter needs; <paramref name="Step"/> counts from 1, <paramref
    /// name="Name"/> is the parameter's.</summary>
    private protected readonly record struct Change(
        string Name, Tensor Parameter, Tensor Gradient, Tensor[] State, int Step, float LearningRate, float WeightDecay,
        float GradientScale);

    private sealed class Slot(string name, Parameter parameter, ParameterGroup group)
    {
        public string Name => name;

        public Parameter Parameter => parameter;

        public ParameterGroup Group => group;

        public int Steps { get; set; }

        public Tensor[]? State { get; set; }

        public bool IsElsewhere { get; set; }

        public void Forget()
        {
            foreach (Tensor tensor in State ?? []) tensor.Release();
            State = null;
        }
    }
}
