
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

    /// <summary>One step of stochastic gradient descent for all parameters, in one call of the backend; the formula is
    /// with <see cref="SgdArguments"/>.</summary>
    /// <param name="steps">
    /// By parameter: step size and the rest, the parameter (changed), its gradient, and its momentum (changed; null
    /// without momentum).
    /// </param>
    /// <exception cref="ShapeException">The shapes of a step differ.</exception>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    /// <param name="guard">Of the gradients; null: the step is taken as it is.</param>
    public static void Sgd(
        IReadOnlyList<(SgdArguments Arguments, Tensor Parameter, Tensor Gradient, Tensor? Momentum)> steps,
        StepGuard? guard = null)
    {
        if (steps.Count == 0) return;
        List<SgdStep> checkedSteps = new(steps.Count);
        foreach ((SgdArguments arguments, Tensor parameter, Tensor gradient, Tensor? momentum) in steps)
        {
            RequireDevice(steps[0].Parameter, parameter, nameof(Sgd));
            Require(parameter, gradient, nameof(Sgd));
            Require(parameter, momentum, nameof(Sgd));
            checkedSteps.Add(
                new(arguments, parameter.Storage, gradient.Storage, momentum?.Storage, parameter.Shape.Elements));
        }

        if (guard is null) steps[0].Parameter.Device.Backend.Sgd(checkedSteps);
        else steps[0].Parameter.Device.Backend.Sgd(checkedSteps, guard);
    }

    /// <summary>One step of Adam or AdamW for all parameters, in one call of the backend; the formula is with
    /// <see cref="AdamArguments"/>.</summary>
    /// <param name="steps">
    /// By parameter: step size and the rest, the parameter (changed), its gradient, and its state (changed): the
    /// gradients' moving average, the squares' moving average, and with AMSGrad the largest variance so far.
    /// </param>
    /// <param name="guard">Of the gradients; null: the step is taken as it is.</param>
    /// <exception cref="ShapeException">The shapes of a step differ.</exception>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static void Adam(
        IReadOnlyList<(
            AdamArguments Arguments, Tensor Parameter, Tensor Gradient, Tensor Mean, Tensor Variance, Tensor? Maximum
            )> steps, StepGuard? guard = null)
    {
        if (steps.Count == 0) return;
        List<AdamStep> checkedSteps = new(steps.Count);
        foreach ((AdamArguments arguments, Tensor parameter, Tensor gradient, Tensor mean, Tensor variance,
            Tensor? maximum) in steps)
        {
            RequireDevice(steps[0].Parameter, parameter, nameof(Adam));
            foreach (Tensor? other in (Tensor?[])[gradient, mean, variance, maximum])
                Require(parameter, other, nameof(Adam));
            checkedSteps.Add(new(
                arguments, parameter.Storage, gradient.Storage, mean.Storage, variance.Storage, maximum?.Storage,
                parameter.Shape.Elements));
        }

        if (guard is null) steps[0].Parameter.Device.Backend.Adam(checkedSteps);
        else steps[0].Parameter.Device.Backend.Adam(checkedSteps, guard);
    }

    /// <summary>One step of LAMB for all parameters, in one call of the backend; the formula is with
    /// <see cref="LambArguments"/>.</summary>
    /// <param name="steps">By parameter: step size and the rest, the parameter (changed), its gradient, and the moving
    /// averages of gradients and squares (changed).</param>
    /// <param name="guard">Of the gradients; null: the step is taken as it is.</param>
    /// <exception cref="ShapeException">The shapes of a step differ.</exception>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static void Lamb(
        IReadOnlyList<(LambArguments Arguments, Tensor Parameter, Tensor Gradient, Tensor Mean, Tensor Variance)> steps,
        StepGuard? guard = null)
    {
        if (steps.Count == 0) return;
        List<LambStep> checkedSteps = new(steps.Count);
        foreach ((LambArguments arguments, Tensor parameter, Tensor gradient, Tensor mean, Tensor variance) in steps)
        {
            RequireDevice(steps[0].Parameter, parameter, nameof(Lamb));
            foreach (Tensor other in (Tensor[])[gradient, mean, variance]) Require(parameter, other, nameof(Lamb));
            checkedSteps.Add(new(arguments, parameter.Storage, gradient.Storage, mean.Storage, variance.Storage,
                parameter.Shape.Elements));
        }

        if (guard is null) steps[0].Parameter.Device.Backend.Lamb(checkedSteps);
        else steps[0].Parameter.Device.Backend.Lamb(checkedSteps, guard);
    }

    /// <summary>One step of LARS for all parameters, in one call of the backend; the formula is with
    /// <see cref="LarsArguments"/>.</summary>
    /// <param name="steps">By parameter: step size and the rest, the parameter (changed), its gradient, and its
    /// momentum (changed; null without momentum).</param>
    /// <param name="guard">Of the gradients; null: the step is taken as it is.</param>
    /// <exception cref="ShapeException">The shapes of a step differ.</exception>
    /// <exception cref="ArgumentException">The tensors are on different devices.</exception>
    public static void Lars(
        IReadOnlyList<(LarsArguments Arguments, Tensor Parameter, Tensor Gradient, Tensor? Momentum)> steps,
        StepGuard? guard = null)
    {
        if (steps.Count == 0) return;
        List<LarsStep> checkedSteps = new(steps.Count);
        foreach ((LarsArguments arguments, Tensor parameter, Tensor gradient, Tensor? momentum) in steps)
        {
            RequireDevice(steps[0].Parameter, parameter, nameof(Lars));
            Require(parameter, gradient, nameof(Lars));
            Require(parameter, momentum, nameof(Lars));
            checkedSteps.Add(
                new(arguments, parameter.Storage, gradient.Storage, momentum?.Storage, parameter.Shape.Elements));
        }

        if (guard is null) steps[0].Parameter.Device.Backend.Lars(checkedSteps);
        else steps[0].Parameter.Device.Backend.Lars(checkedSteps, guard);
    }

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

    /// <summary>y ← x, from any device; whole numbers become numbers.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void Copy(Tensor x, Tensor y)
    {
        if (x.Shape != y.Shape) throw new ShapeException($"Copy: {x.Shape} does not fit {y.Shape}.");
        if (x.ElementType == ElementType.Int32) y.CopyFrom(Array.ConvertAll(x.ToIntArray(), value => (float)value));
        else if (x.Device == y.Device) y.Device.Backend.AddScaled(x.Storage, new(y.Storage), y.Shape.Elements, 1);
        else y.CopyFrom(x.ToArray());
    }

    private static void Require(Tensor parameter, Tensor? other, string origin)
    {
        if (other is null) return;
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
