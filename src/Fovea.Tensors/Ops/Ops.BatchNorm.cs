using Fovea.Core.Collectives;
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
        RequireVariance(x.Shape, count);
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

    /// <summary>
    /// <see cref="BatchNorm(Tensor, Tensor?, Tensor?, Tensor?, Tensor?, float, float, Tensor?, bool)"/> with the
    /// statistics of all shards of a batch: means and variances of the shards are joined in double precision in the
    /// order of the shards (Chan et al. 1979), and so are the sums of the backward pass.
    /// </summary>
    /// <param name="x">This shard, <c>[batch, channel, ...]</c>.</param>
    /// <param name="gamma">Scale <c>[channel]</c>, or null for 1.</param>
    /// <param name="beta">Shift <c>[channel]</c>, or null for 0.</param>
    /// <param name="runningMean">Changed once on each rank <c>[channel]</c>, or null.</param>
    /// <param name="runningVariance">Changed once on each rank <c>[channel]</c>, or null.</param>
    /// <param name="momentum">The batch's share in the running statistics, 0 to 1.</param>
    /// <param name="epsilon">Keeps the quotient finite.</param>
    /// <param name="residual">Added to the result, in x's shape, or null.</param>
    /// <param name="relu">max(…, 0) at the end.</param>
    /// <param name="shards">Where the shards meet.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    /// <exception cref="UsageException">A channel has a single value, which has no variance.</exception>
    public static Tensor SharedBatchNorm(
        Tensor x, Tensor? gamma, Tensor? beta, Tensor? runningMean, Tensor? runningVariance, float momentum,
        float epsilon, Tensor? residual, bool relu, ShardMeeting.Seat shards)
    {
        (int batch, int channels, int pixels) = ChannelSizes(x, nameof(BatchNorm));
        RequireShape(runningMean, [channels], "runningMean", nameof(BatchNorm));
        RequireShape(runningVariance, [channels], "runningVariance", nameof(BatchNorm));
        Tensor mean = Tensor.Empty([channels], x.Device, origin: nameof(BatchNorm)),
            variance = Tensor.Empty([channels], x.Device, origin: nameof(BatchNorm));
        x.Device.Backend.ChannelStatistics(x.Storage, mean.Storage, variance.Storage, batch, channels, pixels);
        float[][] all = shards.Meet([(long)batch * pixels, .. mean.ToArray(), .. variance.ToArray()]);
        long count = all.Sum(values => (long)values[0]);
        RequireVariance(x.Shape, count);
        float[] means = new float[channels], variances = new float[channels], unbiased = new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            double joined = 0, middle = 0, squares = 0;
            foreach (float[] values in all)
            {
                double more = values[0], distance = values[1 + channel] - middle;
                squares += values[1 + channels + channel] * more
                    + distance * distance * joined * more / (joined + more);
                middle += distance * more / (joined + more);
                joined += more;
            }

            (means[channel], variances[channel]) = ((float)middle, (float)(squares / count));
            unbiased[channel] = (float)(squares / (count - 1));
        }

        mean.CopyFrom(means);
        variance.CopyFrom(variances);
        if (shards.IsFirst)
        {
            if (runningMean is not null) Update.Lerp([(mean, runningMean)], momentum);
            if (runningVariance is not null)
            {
                Tensor estimate = Tensor.From(unbiased, [channels], x.Device);
                Update.Lerp([(estimate, runningVariance)], momentum);
                estimate.Release();
            }
        }

        return BatchNorm(x, gamma, beta, mean, variance, epsilon, residual, relu, true, (shards, count));
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
        bool statisticsOfInput, (ShardMeeting.Seat Shards, long Count)? shared = null)
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
            if (shared is var (shards, count) && dx is not null)
                SharedBackward(Arguments(), output, new(dx, dgamma, dbeta, dresidual), x.Device, shards, count);
            else
                backend.BatchNormBackward(Arguments(), output.Storage, GradientOf(output),
                    statisticsOfInput && shared is null, new(dx, dgamma, dbeta, dresidual));
            if (takes) residual!.TakeGradient(output);
        }, statisticsOfInput ? [mean, variance] : []);
    }

    /// <summary>The backward pass with statistics of all shards: dx = scale · (g − Σg/n − x̂ Σ(g x̂)/n), of which the
    /// last two terms, whose sums go over all shards, are a norm of x by itself.</summary>
    private static void SharedBackward(BatchNormArguments arguments, Tensor output, in BatchNormGradients gradients,
        Device device, ShardMeeting.Seat shards, long count)
    {
        Backend backend = device.Backend;
        int channels = arguments.Channels;
        Storage dy = GradientOf(output);
        Tensor dgamma = Tensor.Empty([channels], device), dbeta = Tensor.Empty([channels], device);
        backend.BatchNormBackward(arguments, output.Storage, dy, false,
            new(null, new(dgamma.Storage), new(dbeta.Storage), null));
        float[][] all = shards.Meet([.. dgamma.ToArray(), .. dbeta.ToArray()]);
        if (gradients.Dgamma is { } toGamma) backend.AddScaled(dgamma.Storage, toGamma, channels, 1);
        if (gradients.Dbeta is { } toBeta) backend.AddScaled(dbeta.Storage, toBeta, channels, 1);
        backend.BatchNormBackward(arguments, output.Storage, dy, false,
            new(gradients.Dx, null, null, gradients.Dresidual));

        float[] variances = new float[channels], scales = new float[channels];
        backend.Read(arguments.Norm.Variance, variances);
        if (arguments.Norm.Gamma is { } gamma) backend.Read(gamma, scales);
        else scales.AsSpan().Fill(1);
        for (int channel = 0; channel < channels; channel++)
        {
            double scale = -scales[channel] / Math.Sqrt(variances[channel] + arguments.Norm.Epsilon) / count;
            (double ofX, double constant) = (0, 0);
            foreach (float[] values in all)
                (ofX, constant) = (ofX + values[channel], constant + values[channels + channel]);
            (scales[channel], variances[channel]) = ((float)(scale * ofX), (float)(scale * constant));
        }

        Tensor factor = Tensor.From(scales, [channels], device), shift = Tensor.From(variances, [channels], device);
        Tensor rest = Tensor.Empty(output.Shape, device);
        ChannelNorm norm = arguments.Norm with { Gamma = factor.Storage, Beta = shift.Storage };
        backend.BatchNorm(arguments with { Norm = norm, Residual = null, Relu = false }, rest.Storage);
        backend.AddScaled(rest.Storage, gradients.Dx!.Value with { Accumulate = true }, output.Shape.Elements, 1);
        foreach (Tensor temporary in (Tensor[])[dgamma, dbeta, factor, shift, rest]) temporary.Release();
    }

    private static void RequireVariance(Shape shape, long count)
    {
        if (count == 1)
            throw new UsageException($"batch norm: {shape} has one value per channel, which has no variance.")
            {
                Field = "batch-size",
                Remedy = "Choose it so that no batch has a single image, the last of an epoch included, or train with "
                    + "larger images (`image-size`).",
            };
    }

    private static (int Batch, int Channels, int Pixels) ChannelSizes(Tensor x, string origin)
    {
        if (x.Shape.Rank < 2)
            throw new ShapeException($"{origin}: input must be [batch, channel, ...], got {x.Shape}.");
        return Split(x.Shape, 1);
    }
}
