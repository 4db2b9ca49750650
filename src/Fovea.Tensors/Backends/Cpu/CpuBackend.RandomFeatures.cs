using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    /// <summary>Tokens of a part: features of that many stay in the second-level cache.</summary>
    private const int FeatureTokens = 128;

    public override void RandomFeatures(in RandomFeaturesArguments arguments, Storage features)
    {
        RandomFeaturesArguments a = arguments;
        int parts = Parts(a.Tokens, FeatureTokens), heads = a.Batch * a.Heads;
        CpuStorage packed = Borrow((long)a.HeadDim * Panels<V>.Padded(a.Features)), maxima = Borrow(heads * parts);
        float* panels = packed.Pointer, largest = maxima.Pointer, to = Floats(features),
            projection = Floats(a.Projection);
        MatMulArguments product = new(a.Projection, a.Projection, new(a.Projection), 1, 0, a.Features, a.HeadDim,
            TransposeB: true, Scale: a.Scale);
        _pool.Run(Panels<V>.Count(a.Features), p => PackScaled(projection, product, p * Panels<V>.Width, panels));
        _pool.Run(heads * parts, part => largest[part] =
            new FeatureRows<V>(a, to, part / parts).Project(panels, part % parts * FeatureTokens, FeatureTokens));
        if (a.Kernel == FeatureKernel.Softmax && a.SharedMaximum)
        {
            _pool.Run(heads * parts, part =>
            {
                float shared = float.NegativeInfinity;
                for (int other = part / parts * parts; other < (part / parts + 1) * parts; other++)
                    shared = MathF.Max(shared, largest[other]);
                new FeatureRows<V>(a, to, part / parts).Finish(shared, part % parts * FeatureTokens, FeatureTokens);
            });
        }

        _buffers.Return(packed);
        _buffers.Return(maxima);
    }

    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx)
    {
        RandomFeaturesArguments a = arguments;
        HeadGradient to = dx;
        int parts = Parts(a.Tokens, FeatureTokens), heads = a.Batch * a.Heads;
        CpuStorage packed = Borrow((long)a.Features * Panels<V>.Padded(a.HeadDim));
        float* panels = packed.Pointer, values = Floats(features), gradients = Floats(dfeatures),
            projection = Floats(a.Projection);
        MatMulArguments product = new(a.Projection, a.Projection, new(a.Projection), 1, 0, a.HeadDim, a.Features,
            Scale: a.Scale);
        _pool.Run(Panels<V>.Count(a.HeadDim), p => PackScaled(projection, product, p * Panels<V>.Width, panels));
        _pool.Run(heads * parts, part => new FeatureRows<V>(a, values, part / parts).Gradient(
            panels, gradients, to, part % parts * FeatureTokens, FeatureTokens));
        _buffers.Return(packed);
    }
}
