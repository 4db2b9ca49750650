
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// relu?((x − mean) / √(variance + ε) · gamma + beta + residual), channel by channel, with the statistics of the
    /// batch itself (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1). The running statistics move towards the
    /// batch's: running ← running + momentum · (batch − running), the variance by its unbiased estimate.
    /// </summary>
    /// <param name="x"><c>[batch, channel, ...]</c>.</param>
    /// <param name="gamma">Scale <c>[channel]</c>, or null for 1.</param>
    /// <param name="beta">Shift <c>[channel]</c>, or null for 0.</param>
    /// <param name="runningMean">Changed <c>[channel]</c>, or null.</param>
    /// <param name="runningVariance">Changed <c>[channel]</c>, or null.</param>
    /// <param name="momentum">The batch's share in the running statistics, 0 to 1.</param>
    /// <param name="epsilon">Keeps the quotient finite.</param>
    /// <param name="residual">Added to the result, in x's shape, or null.</param>
    /// <param name="relu">max(…, 0) at the end.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    /// <exception cref="UsageException">A channel has a single value, which has no variance.</exception>
    public static Tensor BatchNorm(
        Tensor x, Tensor? gamma, Tensor? beta, Tensor? runningMean, Tensor? runningVariance, float momentum,
        float epsilon = 1e-5f,
        Tensor? residual = null, bool relu = false)
    {
        (int batch, int channels, int pixels) = ChannelSizes(x, nameof(BatchNorm));
        RequireShape(runningMean, [channels], "runningMean", nameof(BatchNorm));
        RequireShape(runningVariance, [channels], "runningVariance", nameof(BatchNorm));
        long count = (long)batch * pixels;
        if (count == 1)
            throw new UsageException($"batch norm: {x.Shape} has one value per channel, which has no variance.")
            {
                Field = "batch-size",
                Remedy = "Choose it so that no batch has a single image, the last of an epoch included, or train with "
                    + "larger images (`image-size`).",
            };
        Tensor mean = Tensor.Empty([channels], x.Device, origin: nameof(BatchNorm)),
            variance = Tensor.Empty([channels], x.Device, origin: nameof(BatchNorm));
        Backend backend = x.Device.Backend;
        backend.ChannelStatistics(x.Storage, mean.Storage, variance.Storage, batch, channels, pixels);
        if (count > 1 && runningMean is not null)
            backend.Lerp([(mean.Storage, runningMean.Storage, channels)], momentum);
        if (count > 1 && runningVariance is not null)
        {
            Tensor unbiased = Tensor.Empty([channels], x.Device, origin: nameof(BatchNorm));
            backend.AddScaled(variance.Storage, new(unbiased.Storage), channels, (float)((double)count / (count - 1)));
            backend.Lerp([(unbiased.Storage, runningVariance.Storage, channels)], momentum);
            unbiased.Release();
        }

        return BatchNorm(x, gamma, beta, mean, variance, epsilon, residual, relu, true);
    }

    /// <summary>relu?((x − mean) / √(variance + ε) · gamma + beta + residual), channel by channel, with fixed
    /// statistics: as in evaluation.</summary>
    /// <param name="x"><c>[batch, channel, ...]</c>.</param>
    /// <param name="gamma">Scale <c>[channel]</c>, or null for 1.</param>
    /// <param name="beta">Shift <c>[channel]</c>, or null for 0.</param>
    /// <param name="mean"><c>[channel]</c>; not differentiated.</param>
    /// <param name="variance"><c>[channel]</c>; not differentiated.</param>
    /// <param name="epsilon">Keeps the quotient finite.</param>
    /// <param name="residual">Added to the result, in x's shape, or null.</param>
    /// <param name="relu">max(…, 0) at the end.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    public static Tensor FixedBatchNorm(
        Tensor x, Tensor? gamma, Tensor? beta, Tensor mean, Tensor variance, float epsilon = 1e-5f,
        Tensor? residual = null, bool relu = false) =>
        BatchNorm(x, gamma, beta, mean, variance, epsilon, residual, relu, false);

    private static Tensor BatchNorm(
        Tensor x, Tensor? gamma, Tensor? beta, Tensor mean, Tensor variance, float epsilon, Tensor? residual, bool relu,
        bool statisticsOfInput)
    {
        (int batch, int channels, int pixels) = ChannelSizes(x, nameof(BatchNorm));
        foreach ((Tensor? tensor, string name) in ((Tensor?, string)[])[(gamma, "gamma"), (beta, "beta"),
            (mean, "mean"), (variance, "variance")])
            RequireShape(tensor, [channels], name, nameof(BatchNorm));
        RequireShape(residual, x.Shape, "residual", nameof(BatchNorm));
        Tensor y = Result(x.Shape, [x, gamma, beta, mean, variance, residual], nameof(BatchNorm));
        Backend backend = x.Device.Backend;
        BatchNormArguments Arguments() => new(
            x.Storage, new(mean.Storage, variance.Storage, gamma?.Storage, beta?.Storage, epsilon), residual?.Storage,
            relu, batch, channels, pixels);

        backend.BatchNorm(Arguments(), y.Storage);
        return Record(y, [x, gamma, beta, residual], output =>
        {
            // the residual's gradient is then the result's own
            bool takes = !relu && residual is { RequiresGradient: true };
            Target? dx = x.RequiresGradient ? x.GradientTarget() : null;
            Target? dgamma = gamma is { RequiresGradient: true } ? gamma.GradientTarget() : null;
            Target? dbeta = beta is { RequiresGradient: true } ? beta.GradientTarget() : null;
            Target? dresidual = residual is { RequiresGradient: true } && !takes ? residual.GradientTarget() : null;
            backend.BatchNormBackward(
                Arguments(), output.Storage, GradientOf(output), statisticsOfInput, new(dx, dgamma, dbeta, dresidual));
            if (takes) residual!.TakeGradient(output);
        }, statisticsOfInput ? [mean, variance] : []);
    }

    private static (int Batch, int Channels, int Pixels) ChannelSizes(Tensor x, string origin)
    {
        if (x.Shape.Rank < 2)
            throw new ShapeException($"{origin}: input must be [batch, channel, ...], got {x.Shape}.");
        return Split(x.Shape, 1);
    }
}
