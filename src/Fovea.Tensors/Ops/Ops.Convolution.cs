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
    public static Tensor Conv2d(Tensor x, Tensor weight, Tensor? bias = null, int stride = 1, int padding = 0, int dilation = 1, int groups = 1)
    {
        RequireRank(x, 4, "input", "[batch, in, height, width]", nameof(Conv2d));
        RequireRank(weight, 4, "weight", "[out, in/groups, kernelHeight, kernelWidth]", nameof(Conv2d));
        if (stride < 1 || padding < 0 || dilation < 1 || groups < 1)
            throw new ShapeException($"Conv2d: stride {stride}, dilation {dilation} and groups {groups} must be at least 1, padding {padding} at least 0.");
        if (x.Shape[1] != weight.Shape[1] * groups || weight.Shape[0] % groups != 0)
            throw new ShapeException($"Conv2d: input {x.Shape} and weight {weight.Shape} do not fit in {groups} group(s).");
        RequireShape(bias, [weight.Shape[0]], "bias", nameof(Conv2d));
        Conv2dArguments arguments = new(
            x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], weight.Shape[0], weight.Shape[2], weight.Shape[3], stride, padding, dilation, groups);
        if (arguments.OutHeight < 1 || arguments.OutWidth < 1)
            throw new ShapeException($"Conv2d: the kernel of {weight.Shape} is larger than the padded image {x.Shape}.");

        Shape shape = [x.Shape[0], weight.Shape[0], arguments.OutHeight, arguments.OutWidth];
        Tensor y = Result(shape, [x, weight, bias]);
        Backend backend = x.Device.Backend;
        backend.Conv2d(arguments, x.Storage, weight.Storage, bias?.Storage, y.Storage);
        return Record(y, [x, weight, bias], output =>
        {
            Storage dy = GradientOf(output);
            if (weight.RequiresGradient) backend.Conv2dBackwardWeight(arguments, x.Storage, dy, weight.GradientStorage(out bool add), add);
            if (bias is { RequiresGradient: true }) backend.SumTo(dy, shape, bias.GradientStorage(out bool add), [1, weight.Shape[0], 1, 1], 1, add);
            if (x.RequiresGradient) backend.Conv2dBackwardInput(arguments, dy, weight.Storage, x.GradientStorage(out bool add), add);
        });
    }
}
