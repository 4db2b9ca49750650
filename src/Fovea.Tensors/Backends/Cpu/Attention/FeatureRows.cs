using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Random features of one head of one sequence, written where they belong in <c>[batch, token, head,
/// feature]</c>.</summary>
internal readonly unsafe struct FeatureRows<V>
    where V : struct, ISimd<V>
{
    private const float Log2E = 1.44269504f;

    private readonly RandomFeaturesArguments _a;
    private readonly int _batch, _head;
    private readonly HeadRows<V> _x;
    private readonly float* _features;
    private readonly float _factor;

    /// <param name="arguments">Inputs and sizes.</param>
    /// <param name="features">All features, written or read.</param>
    /// <param name="index">Which head of which sequence.</param>
    internal FeatureRows(in RandomFeaturesArguments arguments, float* features, int index)
    {
        _a = arguments;
        (_batch, _head) = (index / arguments.Heads, index % arguments.Heads);
        _x = new(arguments.X, arguments.Tokens, arguments.HeadDim, _batch, _head);
        _features = features;
        _factor = 1 / MathF.Sqrt(arguments.Features);
    }

    private nint Stride => (nint)_a.Heads * _a.Features;

    private nint Offset => ((nint)_batch * _a.Tokens * _a.Heads + _head) * _a.Features;

    /// <summary>
    /// Features of up to <paramref name="limit"/> tokens; with a shared maximum their projections only, to be finished
    /// by <see cref="Finish"/>.
    /// </summary>
    /// <param name="panels">Pᵀ times the scale, packed.</param>
    /// <param name="first">First token.</param>
    /// <param name="limit">At most that many.</param>
    /// <returns>With a shared maximum: the largest projection.</returns>
    internal float Project(float* panels, int first, int limit)
    {
        int count = Math.Min(limit, _a.Tokens - first);
        float* rows = _features + Offset + first * Stride;
        Block<V>.Multiply(_x.Row(first), _x.Stride, 1, count, panels, _a.Features, _a.HeadDim, new((nint)rows, Stride));
        float largest = float.NegativeInfinity;
        for (int i = 0; i < count; i++, rows += Stride)
        {
            if (_a.Kernel == FeatureKernel.Relu) Relu(rows);
            else if (_a.SharedMaximum) largest = MathF.Max(largest, RowKernels<V>.Max(rows, _a.Features));
            else Exponentiate(rows, RowKernels<V>.Max(rows, _a.Features) + HalfSquare(_x.Row(first + i)));
        }

        return largest;
    }

    /// <summary>Projections of up to <paramref name="limit"/> tokens become features.</summary>
    internal void Finish(float largest, int first, int limit)
    {
        float* rows = _features + Offset + first * Stride;
        int end = Math.Min(first + limit, _a.Tokens);
        for (int token = first; token < end; token++, rows += Stride)
            Exponentiate(rows, largest + HalfSquare(_x.Row(token)));
    }

    /// <summary>dx of up to <paramref name="limit"/> tokens: s (Pᵀ dt − (Σ dt) s x); the formula is with the reference
    /// backend.</summary>
    /// <param name="panels">P times the scale, packed.</param>
    /// <param name="gradients">Gradients of the features, laid out as they are.</param>
    /// <param name="dx">Where it goes.</param>
    /// <param name="first">First token.</param>
    /// <param name="limit">At most that many.</param>
    internal void Gradient(float* panels, float* gradients, in HeadGradient dx, int first, int limit)
    {
        int count = Math.Min(limit, _a.Tokens - first), padded = Panels<V>.Padded(_a.Features);
        using Scratch scratch = Scratch.Begin();
        float* exponents = scratch.Floats(limit * padded + limit), sums = exponents + limit * padded;
        for (int i = 0; i < count; i++)
        {
            nint at = Offset + (first + i) * Stride;
            sums[i] = Differentiate(_features + at, gradients + at, exponents + i * padded);
        }

        HeadRows<V> to = new(dx.View, _a.Tokens, _a.HeadDim, _batch, _head);
        nint start = (nint)to.Row(first);
        Block<V>.Multiply(exponents, padded, 1, count, panels, _a.HeadDim, _a.Features,
            new(start, to.Stride, dx.Accumulate ? start : 0, to.Stride));
        if (_a.Kernel == FeatureKernel.Relu) return;
        for (int i = 0; i < count; i++) AddScaled(_x.Row(first + i), -_a.Scale * _a.Scale * sums[i], to.Row(first + i));
    }

    /// <summary>|s x|² / 2.</summary>
    private float HalfSquare(float* x)
    {
        V sum = V.Zero;
        for (int e = 0; e < _a.HeadDim; e += V.Count)
        {
            V value = V.LoadPartial(x + e, Math.Min(V.Count, _a.HeadDim - e));
            sum = V.Fma(value, value, sum);
        }

        return 0.5f * _a.Scale * _a.Scale * V.Sum(sum);
    }

    /// <summary>relu(m^(−1/2) t) + ε.</summary>
    private void Relu(float* row)
    {
        V factor = V.Broadcast(_factor), stabilizer = V.Broadcast(_a.Stabilizer);
        for (int e = 0; e < _a.Features; e += V.Count)
        {
            int lanes = Math.Min(V.Count, _a.Features - e);
            V.StorePartial(row + e, V.Max(V.Zero, V.LoadPartial(row + e, lanes) * factor) + stabilizer, lanes);
        }
    }

    /// <summary>m^(−1/2) (exp(t − shift) + ε).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Exponentiate(float* row, float shift)
    {
        V largest = V.Broadcast(shift), unit = V.Broadcast(Log2E), factor = V.Broadcast(_factor),
            stabilizer = V.Broadcast(_a.Stabilizer);
        for (int e = 0; e < _a.Features; e += V.Count)
        {
            int lanes = Math.Min(V.Count, _a.Features - e);
            V power = VectorMath<V>.Exp2((V.LoadPartial(row + e, lanes) - largest) * unit);
            V.StorePartial(row + e, (power + stabilizer) * factor, lanes);
        }
    }

    /// <summary>Gradients dt of one token's exponents, padded with zeros; returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Differentiate(float* features, float* gradients, float* exponents)
    {
        bool relu = _a.Kernel == FeatureKernel.Relu;
        V factor = V.Broadcast(_factor), stabilizer = V.Broadcast(_a.Stabilizer),
            floor = V.Broadcast(_a.Stabilizer * _factor), sum = V.Zero;
        for (int e = 0; e < _a.Features; e += V.Count)
        {
            int lanes = Math.Min(V.Count, _a.Features - e);
            V feature = V.LoadPartial(features + e, lanes), gradient = V.LoadPartial(gradients + e, lanes);
            V slope = relu ? V.SelectGreaterOrEqual(stabilizer, feature, V.Zero, factor)
                : V.Max(V.Zero, feature - floor);
            V exponent = slope * gradient;
            V.Store(exponents + e, exponent);
            sum += exponent;
        }

        return V.Sum(sum);
    }

    private void AddScaled(float* x, float factor, float* y)
    {
        V scale = V.Broadcast(factor);
        for (int e = 0; e < _a.HeadDim; e += V.Count)
        {
            int lanes = Math.Min(V.Count, _a.HeadDim - e);
            V.StorePartial(y + e, V.Fma(V.LoadPartial(x + e, lanes), scale, V.LoadPartial(y + e, lanes)), lanes);
        }
    }
}
