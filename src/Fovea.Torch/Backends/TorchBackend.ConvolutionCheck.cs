using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    private const double Allowed = 1e-3;   // sums of some hundred products near 1, in single precision

    // On some virtual processors libtorch 2.10's convolutions read memory that nobody wrote: one wrong gradient in a
    // thousand, or NaN. In double precision it takes another way, which is right. Repeated, because memory that was
    // never used holds zeros, which hide it.
    private const int TriedTimes = 3;

    private static readonly Conv2dArguments[] Tried =
    [
        new(2, 3, 9, 10, 5, 3, 3, 1, 1), new(1, 3, 17, 15, 6, 7, 7, 2, 3), new(2, 8, 7, 7, 16, 3, 3, 2, 1),
        new(1, 4, 9, 10, 6, 3, 3, 1, 2, 2),
    ];

    private readonly Lazy<bool> _convolvesInDouble;

    /// <summary>Convolutions are computed in double precision: those in single precision are wrong here.</summary>
    internal bool ConvolvesInDouble => _convolvesInDouble.Value;

    private bool IsConvolutionWrong() =>
        _isHost && Enumerable.Range(0, TriedTimes).Any(_ => Tried.Any(a =>
            Differ(Convolved(a, Torch.Float64), Convolved(a, Torch.Float32))));

    /// <summary>Whether two results are further apart than rounding; NaN is.</summary>
    internal static bool Differ(float[] exact, float[] found) =>
        exact.Zip(found).Any(pair => !(Math.Abs(pair.First - pair.Second) <= Allowed));

    /// <summary>A convolution's result and both gradients.</summary>
    private float[] Convolved(Conv2dArguments a, int type)
    {
        int inputs = a.Batch * a.In * a.Height * a.Width, weights = a.Out * a.In * a.KernelHeight * a.KernelWidth,
            results = a.Batch * a.Out * a.OutHeight * a.OutWidth;
        using Aten aten = new(this);
        using TorchStorage x = Waves(inputs), w = Waves(weights), dy = Waves(results), y = new(this, results),
            dx = new(this, inputs), dw = new(this, weights);
        NativeTensor input = aten.As(aten.View(x, a.Batch, a.In, a.Height, a.Width), type),
            weight = aten.As(Weight(aten, a, w), type),
            slope = aten.As(aten.View(dy, a.Batch, a.Out, a.OutHeight, a.OutWidth), type);
        aten.Put(aten.As(aten.One("convolution", input, weight, Argument.None, Pair(a.Stride), Pair(a.Padding),
            Pair(a.Dilation), false, Pair(0), (long)a.Groups), Torch.Float32), y, results);
        (NativeTensor first, NativeTensor second, _) = aten.Three("convolution_backward", slope, input, weight,
            Argument.None, Pair(a.Stride), Pair(a.Padding), Pair(a.Dilation), false, Pair(0), (long)a.Groups,
            (bool[])[true, true, false]);
        aten.Put(aten.As(first, Torch.Float32), dx, inputs);
        aten.Put(aten.As(second, Torch.Float32), dw, weights);
        float[] all = new float[results + inputs + weights];
        Read(y, all.AsSpan(0, results));
        Read(dx, all.AsSpan(results, inputs));
        Read(dw, all.AsSpan(results + inputs, weights));
        return all;
    }

    private TorchStorage Waves(int count) => Constant([.. Enumerable.Range(0, count).Select(i => MathF.Sin(i + 1))]);
}
