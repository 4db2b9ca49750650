using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>
/// Convolution without bias whose weights have mean 0 and variance 1 in every output channel when they are used,
/// parameter <c>weight [out, in, k, k]</c> (Qiao et al. 2019, "Weight standardization", arXiv:1903.10520). Zeros are
/// added as TensorFlow's SAME does, so that ⌈size / stride⌉ rows come out: where their number is odd, the one more lies
/// below and to the right.
/// </summary>
public sealed class StandardizedConv2d : Module
{
    private const float Epsilon = 1e-8f;

    private readonly int _stride;

    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="kernel">Kernel rows and columns, pixels.</param>
    /// <param name="stride">Step between outputs, pixels.</param>
    public StandardizedConv2d(int inputs, int outputs, int kernel, int stride = 1)
    {
        _stride = stride;
        Weight = Register(new Parameter("weight", [outputs, inputs, kernel, kernel], Init.KaimingNormal(fanOut: true)));
    }

    /// <summary><c>[out, in, k, k]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary><c>[batch, in, height, width] → [batch, out, ⌈height / stride⌉, ⌈width / stride⌉]</c>.</summary>
    public Tensor Forward(Tensor x)
    {
        Shape shape = Weight.Shape;
        Tensor weight = Standardize(Weight.Value.Reshape(shape[0], shape.Elements / shape[0]), Epsilon)
            .Reshape([.. shape]);
        (int down, int right) = (Missing(x.Shape[2]), Missing(x.Shape[3]));
        int around = Math.Min(down, right) / 2;
        Tensor padded = Padded(Padded(x, 2, down, around), 3, right, around);
        return Ops.Conv2d(padded, weight, null, _stride, around);
    }

    /// <summary>Multiply-adds for one image.</summary>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    public double Macs(int height, int width) => (double)Weight.Shape.Elements * Positions(height) * Positions(width);

    /// <summary>Rows that come of so many, or columns.</summary>
    public int Positions(int size) => (size + _stride - 1) / _stride;

    /// <summary>(x − mean) / √(variance + ε) of each row.</summary>
    internal static Tensor Standardize(Tensor rows, float epsilon)
    {
        int size = rows.Shape[1];
        float[] ones = new float[size];
        Array.Fill(ones, 1);
        return Ops.LayerNorm(rows, Tensor.From(ones, [size], rows.Device), Tensor.Zeros([size], rows.Device), epsilon);
    }

    private int Missing(int size) => Math.Max(0, (Positions(size) - 1) * _stride + Weight.Shape[^1] - size);

    /// <summary>Zeros along an axis, beyond those that the convolution adds on all sides.</summary>
    private static Tensor Padded(Tensor x, int axis, int missing, int around)
    {
        (int before, int after) = (missing / 2 - around, missing - missing / 2 - around);
        List<Tensor> parts = [x];
        if (before > 0) parts.Insert(0, Zeros(before));
        if (after > 0) parts.Add(Zeros(after));
        return parts.Count == 1 ? x : Ops.Concat(axis, [.. parts]);

        Tensor Zeros(int count)
        {
            int[] sizes = [.. x.Shape];
            sizes[axis] = count;
            return Tensor.Zeros(Shape.Create(sizes), x.Device);
        }
    }
}
