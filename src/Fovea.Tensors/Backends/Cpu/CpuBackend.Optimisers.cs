using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override double SumOfSquares(Storage x, int count)
    {
        float* data = Floats(x);
        double[] sums = new double[Parts(count, ElementsPerPart)];
        ForElements(count, (start, length) => sums[start / ElementsPerPart] = OptimiserKernels<V>.SumOfSquares(data + start, length));
        double total = 0;
        foreach (double sum in sums) total += sum;
        return total;
    }

    public override void Sgd(in SgdArguments arguments, Storage parameter, Storage gradient, Storage? momentum, int count)
    {
        SgdArguments a = arguments;
        float* p = Floats(parameter), g = Floats(gradient), m = Floats(momentum);
        ForElements(count, (start, length) => OptimiserKernels<V>.Sgd(a, p + start, g + start, m == null ? null : m + start, length));
    }

    public override void Adam(in AdamArguments arguments, Storage parameter, Storage gradient, Storage mean, Storage variance, Storage? maximum, int count)
    {
        AdamArguments a = arguments;
        float* p = Floats(parameter), g = Floats(gradient), m = Floats(mean), v = Floats(variance), x = Floats(maximum);
        ForElements(count, (start, length) =>
            OptimiserKernels<V>.Adam(a, p + start, g + start, m + start, v + start, x == null ? null : x + start, length));
    }

    public override void Lerp(Storage x, Storage y, int count, float weight)
    {
        float* xData = Floats(x), yData = Floats(y);
        ForElements(count, (start, length) => OptimiserKernels<V>.Lerp(xData + start, yData + start, length, weight));
    }
}
