
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>2-D convolution (cross-correlation, as everywhere in the field).</summary>
    /// <param name="x"><c>[batch, in, height, width]</c>.</param>
    /// <param name="weight"><c>[out, in/groups, kernelHeight, kernelWidth]</c>.</param>
    /// <param name="bias"><c>[out]</c> or null.</param>
    /// <param name="stride">Step between outputs.</param>
    /// <param name="padding">Zeros on all four sides.</param>
    /// <param name="dilation">Distance between kernel elements.</param>
    /// <param name="groups">Channel groups that do not mix; divides in and out.</param>
    /// <returns><c>[batch, out, oh, ow]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit, or the kernel is larger than the padded image.</exception>
    public static Tensor Conv2d(Tensor x, Tensor weight, Tensor? bias = null, int stride = 1, int padding = 0,
        int dilation = 1, int groups = 1)
    {
        Conv2dArguments arguments = ConvolutionSizes(x, weight, bias, stride, padding, dilation, groups,
            nameof(Conv2d));
        Shape shape = [x.Shape[0], weight.Shape[0], arguments.OutHeight, arguments.OutWidth];
        Tensor y = Result(shape, [x, weight, bias]);
        Backend backend = x.Device.Backend;
        backend.Conv2d(arguments, x.Storage, weight.Storage, new(bias?.Storage), y.Storage);
        return Record(y, [x, weight, bias], output =>
        {
            Storage dy = GradientOf(output);
            if (weight.RequiresGradient)
                backend.Conv2dBackwardWeight(arguments, x.Storage, dy, weight.GradientTarget());
            if (bias is { RequiresGradient: true })
                backend.SumTo(dy, shape, bias.GradientTarget(), [1, weight.Shape[0], 1, 1], 1);
            if (x.RequiresGradient) backend.Conv2dBackwardInput(arguments, dy, weight.Storage, x.GradientTarget());
        });
    }

    /// <summary>relu?(norm(conv(x)) + residual) in one pass, for evaluation: <see cref="Conv2d"/>,
    /// <see cref="FixedBatchNorm"/>. Not differentiated.</summary>
    /// <param name="x"><c>[batch, in, height, width]</c>.</param>
    /// <param name="weight"><c>[out, in/groups, kernelHeight, kernelWidth]</c>.</param>
    /// <param name="bias">Of the convolution, <c>[out]</c> or null.</param>
    /// <param name="gamma">The norm's scale <c>[out]</c>, or null for 1.</param>
    /// <param name="beta">The norm's shift <c>[out]</c>, or null for 0.</param>
    /// <param name="mean">The norm's mean <c>[out]</c>.</param>
    /// <param name="variance">The norm's variance <c>[out]</c>.</param>
    /// <param name="epsilon">The norm's ε.</param>
    /// <param name="residual">Added to the result, in its shape, or null.</param>
    /// <param name="relu">max(…, 0) at the end.</param>
    /// <param name="stride">Step between outputs.</param>
    /// <param name="padding">Zeros on all four sides.</param>
    /// <param name="dilation">Distance between kernel elements.</param>
    /// <param name="groups">Channel groups that do not mix; divides in and out.</param>
    /// <returns><c>[batch, out, oh, ow]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit, or the kernel is larger than the padded image.</exception>
    /// <exception cref="InvalidOperationException">A tape records.</exception>
    public static Tensor NormedConv2d(
        Tensor x, Tensor weight, Tensor? bias, Tensor? gamma, Tensor? beta, Tensor mean, Tensor variance,
        float epsilon = 1e-5f,
        Tensor? residual = null, bool relu = false, int stride = 1, int padding = 0, int dilation = 1, int groups = 1)
    {
        if (Tape.Current is not null)
            throw new InvalidOperationException(
                "NormedConv2d: has no gradient; while a tape records use Conv2d and FixedBatchNorm.");
        Conv2dArguments arguments = ConvolutionSizes(x, weight, bias, stride, padding, dilation, groups,
            nameof(NormedConv2d));
        foreach ((Tensor? tensor, string name) in ((Tensor?, string)[])[(gamma, "gamma"), (beta, "beta"),
            (mean, "mean"), (variance, "variance")])
            RequireShape(tensor, [arguments.Out], name, nameof(NormedConv2d));
        Shape shape = [arguments.Batch, arguments.Out, arguments.OutHeight, arguments.OutWidth];
        RequireShape(residual, shape, "residual", nameof(NormedConv2d));
        Tensor y = Result(shape, [x, weight, bias, gamma, beta, mean, variance, residual]);
        ChannelNorm norm = new(mean.Storage, variance.Storage, gamma?.Storage, beta?.Storage, epsilon);
        x.Device.Backend.Conv2d(arguments, x.Storage, weight.Storage, new(bias?.Storage, norm, residual?.Storage, relu),
            y.Storage);
        return y;
    }

    private static Conv2dArguments ConvolutionSizes(Tensor x, Tensor weight, Tensor? bias, int stride, int padding,
        int dilation, int groups, string origin)
    {
        RequireRank(x, 4, "input", "[batch, in, height, width]", origin);
        RequireRank(weight, 4, "weight", "[out, in/groups, kernelHeight, kernelWidth]", origin);
        if (stride < 1 || padding < 0 || dilation < 1 || groups < 1)
            throw new ShapeException(
                $"{origin}: stride {stride}, dilation {dilation} and groups {groups} must be at least 1, padding "
                    + $"{padding} at least 0.");
        if (x.Shape[1] != weight.Shape[1] * groups || weight.Shape[0] % groups != 0)
            throw new ShapeException(
                $"{origin}: input {x.Shape} and weight {weight.Shape} do not fit in {groups} group(s).");
        RequireShape(bias, [weight.Shape[0]], "bias", origin);
        Conv2dArguments arguments = new(
            x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], weight.Shape[0], weight.Shape[2], weight.Shape[3], stride,
            padding, dilation, groups);
        if (arguments.OutHeight < 1 || arguments.OutWidth < 1)
            throw new ShapeException(
                $"{origin}: the kernel of {weight.Shape} is larger than the padded image {x.Shape}.");
        return arguments;
    }
}
