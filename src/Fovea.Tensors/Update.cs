namespace Fovea.Tensors;

/// <summary>Primitives that change a tensor in place: what optimisers and moving averages are made of. Never recorded on a tape.</summary>
public static class Update
{
    /// <summary>Σ x², in double.</summary>
    public static double SumOfSquares(Tensor x) => x.Device.Backend.SumOfSquares(x.Storage, x.Shape.Count);

    /// <summary>One step of stochastic gradient descent; the formula is with <see cref="SgdArguments"/>.</summary>
    /// <param name="arguments">Step size and the rest.</param>
    /// <param name="parameter">Changed.</param>
    /// <param name="gradient">The parameter's shape.</param>
    /// <param name="momentum">Changed; the parameter's shape, or null without momentum.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void Sgd(in SgdArguments arguments, Tensor parameter, Tensor gradient, Tensor? momentum)
    {
        Require(parameter, gradient, nameof(Sgd));
        Require(parameter, momentum, nameof(Sgd));
        parameter.Device.Backend.Sgd(arguments, parameter.Storage, gradient.Storage, momentum?.Storage, parameter.Shape.Count);
    }

    /// <summary>One step of Adam or AdamW; the formula is with <see cref="AdamArguments"/>.</summary>
    /// <param name="arguments">Step size and the rest.</param>
    /// <param name="parameter">Changed.</param>
    /// <param name="gradient">The parameter's shape.</param>
    /// <param name="mean">Changed: the gradients' moving average.</param>
    /// <param name="variance">Changed: the squares' moving average.</param>
    /// <param name="maximum">Changed: the largest variance so far; null without AMSGrad.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void Adam(in AdamArguments arguments, Tensor parameter, Tensor gradient, Tensor mean, Tensor variance, Tensor? maximum)
    {
        Require(parameter, gradient, nameof(Adam));
        Require(parameter, mean, nameof(Adam));
        Require(parameter, variance, nameof(Adam));
        Require(parameter, maximum, nameof(Adam));
        parameter.Device.Backend.Adam(
            arguments, parameter.Storage, gradient.Storage, mean.Storage, variance.Storage, maximum?.Storage, parameter.Shape.Count);
    }

    /// <summary>y ← y + weight · (x − y).</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void Lerp(Tensor x, Tensor y, float weight)
    {
        Require(y, x, nameof(Lerp));
        y.Device.Backend.Lerp(x.Storage, y.Storage, y.Shape.Count, weight);
    }

    /// <summary>y ← x, from any device; whole numbers become numbers.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void Copy(Tensor x, Tensor y)
    {
        if (x.Shape != y.Shape) throw new ShapeException($"Copy: {x.Shape} does not fit {y.Shape}.");
        if (x.ElementType == ElementType.Int32) y.CopyFrom(Array.ConvertAll(x.ToIntArray(), value => (float)value));
        else if (x.Device == y.Device) y.Device.Backend.AddScaled(x.Storage, y.Storage, y.Shape.Count, 1, false);
        else y.CopyFrom(x.ToArray());
    }

    private static void Require(Tensor parameter, Tensor? other, string origin)
    {
        if (other is null) return;
        if (other.Shape != parameter.Shape) throw new ShapeException($"{origin}: {other.Shape} does not fit {parameter.Shape}.");
        if (other.Device != parameter.Device)
            throw new ArgumentException($"{origin}: all tensors must be on one device, got {parameter.Device} and {other.Device}.");
    }
}
