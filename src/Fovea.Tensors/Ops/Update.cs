using System.Runtime.CompilerServices;

namespace Fovea.Tensors;

/// <summary>Primitives that change a tensor in place: what optimisers and moving averages are made of. Never recorded
/// on a tape.</summary>
public static class Update
{
    /// <summary>Σ x², in double.</summary>
    public static double SumOfSquares(Tensor x) => SumsOfSquares([x])[0];

    /// <summary>Σ x² of each tensor, in double; one call of the backend.</summary>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static double[] SumsOfSquares(IReadOnlyList<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors) RequireDevice(tensors[0], tensor, nameof(SumsOfSquares));
        return tensors.Count == 0 ? []
            : tensors[0].Device.Backend.SumsOfSquares([.. tensors.Select(x => (x.Storage, x.Shape.Elements))]);
    }

    /// <summary>Begins to read tensors without waiting; null where the device works within calls.</summary>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static PendingNumbers? BeginRead(IReadOnlyList<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors) RequireDevice(tensors[0], tensor, nameof(BeginRead));
        return tensors.Count == 0 ? null
            : tensors[0].Device.Backend.BeginRead([.. tensors.Select(x => (x.Storage, x.Shape.Elements))]);
    }

    /// <summary>A guard of gradients (<see cref="StepGuard"/>); null where the device works within calls.</summary>
    /// <param name="gradients">All of a step.</param>
    /// <param name="maximum">The length that they are clipped to; null: none.</param>
    /// <param name="before">The guard of the step before.</param>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static StepGuard? BeginGuard(IReadOnlyList<Tensor> gradients, double? maximum, StepGuard? before)
    {
        foreach (Tensor tensor in gradients) RequireDevice(gradients[0], tensor, nameof(BeginGuard));
        return gradients.Count == 0 ? null
            : gradients[0].Device.Backend.BeginGuard([.. gradients.Select(x => (x.Storage, x.Shape.Elements))], maximum,
                before);
    }

    /// <summary>One step of stochastic gradient descent for all parameters, in one call of the backend; the formula and
    /// the state are with <see cref="SgdArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Sgd(IReadOnlyList<ParameterChange<SgdArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Sgd);

    /// <summary>One step of Adam or AdamW for all parameters, in one call of the backend; the formula and the state are
    /// with <see cref="AdamArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Adam(IReadOnlyList<ParameterChange<AdamArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Adam);

    /// <summary>One step of LAMB for all parameters, in one call of the backend; the formula and the state are with
    /// <see cref="LambArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Lamb(IReadOnlyList<ParameterChange<LambArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Lamb);

    /// <summary>One step of LARS for all parameters, in one call of the backend; the formula and the state are with
    /// <see cref="LarsArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Lars(IReadOnlyList<ParameterChange<LarsArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Lars);

    /// <summary>One step of Lion for all parameters, in one call of the backend; the formula and the state are with
    /// <see cref="LionArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Lion(IReadOnlyList<ParameterChange<LionArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Lion);

    /// <summary>One step of Adan for all parameters, in one call of the backend; the formula and the state are with
    /// <see cref="AdanArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Adan(IReadOnlyList<ParameterChange<AdanArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Adan);

    /// <summary>One step of schedule-free AdamW for all parameters, in one call of the backend; the formula and the
    /// state are with <see cref="ScheduleFreeArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void ScheduleFree(IReadOnlyList<ParameterChange<ScheduleFreeArguments>> changes,
        StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.ScheduleFree);

    /// <summary>One step of Muon for all parameters, in one call of the backend; the formula and the state are with
    /// <see cref="MuonArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Muon(IReadOnlyList<ParameterChange<MuonArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Muon);

    /// <summary>One step of a cautious optimiser for all parameters, in one call of the backend; the formula and the
    /// state are with <see cref="CautiousArguments"/>.</summary>
    /// <inheritdoc cref="Take"/>
    public static void Cautious(IReadOnlyList<ParameterChange<CautiousArguments>> changes, StepGuard? guard = null) =>
        Take(changes, guard, backend => backend.Cautious);

    /// <summary>y ← y + weight · (x − y) for each pair, in one call of the backend.</summary>
    /// <exception cref="ShapeException">The shapes of a pair differ.</exception>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static void Lerp(IReadOnlyList<(Tensor X, Tensor Y)> pairs, float weight)
    {
        if (pairs.Count == 0) return;
        foreach ((Tensor x, Tensor y) in pairs)
        {
            RequireDevice(pairs[0].Y, y, nameof(Lerp));
            Require(y, x, nameof(Lerp));
        }

        pairs[0].Y.Device.Backend.Lerp(
            [.. pairs.Select(pair => (pair.X.Storage, pair.Y.Storage, pair.Y.Shape.Elements))],
            weight);
    }

    /// <summary>x ← x + <paramref name="amount"/>.</summary>
    public static void Increment(Tensor x, float amount)
    {
        Tensor summand = Tensor.Full(x.Shape, amount, x.Device);
        x.Device.Backend.AddScaled(summand.Storage, new(x.Storage, Accumulate: true), x.Shape.Elements, 1);
        summand.Release();
    }

    /// <summary>y ← x, from any device; whole numbers become numbers.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void Copy(Tensor x, Tensor y)
    {
        if (x.Shape != y.Shape) throw new ShapeException($"Copy: {x.Shape} does not fit {y.Shape}.");
        if (x.ElementType == ElementType.Int32) y.CopyFrom(Array.ConvertAll(x.ToIntArray(), value => (float)value));
        else if (x.Device == y.Device) y.Device.Backend.AddScaled(x.Storage, new(y.Storage), y.Shape.Elements, 1);
        else y.CopyFrom(x.ToArray());
    }

    /// <summary>Checks the tensors of all parameters and hands them over.</summary>
    /// <param name="changes">By parameter: step size and the rest, the parameter (changed), its gradient, and its state
    /// (changed).</param>
    /// <param name="guard">Of the gradients; null: the step is taken as it is.</param>
    /// <param name="of">The primitive.</param>
    /// <param name="origin">Name of the operator, for messages.</param>
    /// <exception cref="ShapeException">The shapes of a step differ.</exception>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    private static void Take<TArguments>(IReadOnlyList<ParameterChange<TArguments>> changes, StepGuard? guard,
        Func<Backend, Action<IReadOnlyList<UpdateStep<TArguments>>, StepGuard?>> of,
        [CallerMemberName] string origin = "")
    {
        if (changes.Count == 0) return;
        List<UpdateStep<TArguments>> steps = new(changes.Count);
        foreach ((TArguments arguments, Tensor parameter, Tensor gradient, Tensor[] state) in changes)
        {
            RequireDevice(changes[0].Parameter, parameter, origin);
            Require(parameter, gradient, origin);
            foreach (Tensor tensor in state) Require(parameter, tensor, origin);
            steps.Add(new(arguments, parameter.Storage, gradient.Storage, [.. state.Select(tensor => tensor.Storage)],
                parameter.Shape.Elements));
        }

        of(changes[0].Parameter.Device.Backend)(steps, guard);
    }

    private static void Require(Tensor parameter, Tensor other, string origin)
    {
        if (other.Shape != parameter.Shape)
            throw new ShapeException($"{origin}: {other.Shape} does not fit {parameter.Shape}.");
        RequireDevice(parameter, other, origin);
    }

    private static void RequireDevice(Tensor first, Tensor other, string origin)
    {
        if (other.Device != first.Device)
            throw new ArgumentException(
                $"{origin}: all tensors must be on one device, got {first.Device} and {other.Device}.");
    }
}
