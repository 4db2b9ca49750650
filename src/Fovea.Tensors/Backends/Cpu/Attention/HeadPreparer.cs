using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Norms and rotates the queries and keys of a token while they are in cache. Rotations round products and
/// sums one by one, as the composed operators do, so that both give the same bits.</summary>
/// <param name="a">Sizes and inputs.</param>
/// <param name="cosines">Cosines; null: nothing is rotated.</param>
/// <param name="sines">Sines.</param>
internal readonly unsafe struct HeadPreparer<V>(in HeadPreparation a, float* cosines, float* sines)
    where V : struct, ISimd<V>
{
    private readonly int _tokens = a.Tokens, _heads = a.Heads, _headDim = a.HeadDim, _angleHeads = a.AngleHeads;
    private readonly float* _cosines = cosines, _sines = sines;

    private int Width => _heads * _headDim;

    /// <summary>Queries or keys of one token.</summary>
    /// <param name="row">Token, over all sequences.</param>
    /// <param name="x">Its vectors.</param>
    /// <param name="norm">Their norm.</param>
    /// <param name="y">Receives them normed and rotated.</param>
    internal void Forward(int row, float* x, in HeadNormPointers norm, float* y)
    {
        if (norm.Gamma == null) new ReadOnlySpan<float>(x, Width).CopyTo(new Span<float>(y, Width));
        else
            RowKernels<V>.Norm(x, norm.Gamma, norm.Beta, y, norm.MeanFrom(row, _heads), norm.RstdFrom(row, _heads),
                _heads, _headDim, norm.Epsilon);
        if (_cosines != null) Turn(row, y, y, 1);
    }

    /// <summary>Gradients of the same.</summary>
    /// <param name="row">Token, over all sequences.</param>
    /// <param name="x">Its vectors.</param>
    /// <param name="norm">Their norm.</param>
    /// <param name="dy">Gradient of what <see cref="Forward"/> gave.</param>
    /// <param name="dx">Receives that of the vectors; null: nobody wants it.</param>
    /// <param name="accumulate">Add to what is there.</param>
    /// <param name="sums">Added to: gradients of scale and shift; null: nobody wants them.</param>
    /// <param name="work">Elements of a token.</param>
    internal void Backward(int row, float* x, in HeadNormPointers norm, float* dy, float* dx, bool accumulate,
        float* sums, float* work)
    {
        float* d = dy;
        if (_cosines != null) Turn(row, dy, d = work, -1);
        if (norm.Gamma != null)
            RowKernels<V>.LayerNormBackward(x, norm.Gamma, norm.MeanFrom(row, _heads), norm.RstdFrom(row, _heads), d,
                dx, accumulate, sums, sums == null ? null : sums + _headDim, _heads, _headDim);
        else if (dx != null) Put(d, dx, Width, accumulate);
    }

    /// <summary>y (+)= x.</summary>
    internal static void Put(float* x, float* y, int count, bool accumulate)
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            V value = V.LoadPartial(x + i, lanes);
            V.StorePartial(y + i, accumulate ? V.LoadPartial(y + i, lanes) + value : value, lanes);
        }
    }

    /// <summary>All heads of a token turned, or turned back where the direction is −1; in place too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Turn(int row, float* x, float* y, float direction)
    {
        int half = _headDim / 2;
        nint offset = (nint)(row % _tokens) * _angleHeads * half;
        float* cos = _cosines + offset, sin = _sines + offset;
        V sign = V.Broadcast(direction);
        for (int head = 0; head < _heads; head++, x += _headDim, y += _headDim)
        {
            for (int i = 0; i < half; i += V.Count)
            {
                int lanes = Math.Min(V.Count, half - i);
                V a = V.LoadPartial(x + i, lanes), b = V.LoadPartial(x + half + i, lanes),
                    c = V.LoadPartial(cos + i, lanes), s = sign * V.LoadPartial(sin + i, lanes);
                V.StorePartial(y + i, a * c - b * s, lanes);
                V.StorePartial(y + half + i, b * c + a * s, lanes);
            }

            if (_angleHeads == 1) continue;
            cos += half;
            sin += half;
        }
    }
}

/// <summary>Pointers to the parts of a norm of heads; without a scale there is none.</summary>
internal readonly unsafe struct HeadNormPointers(float* gamma, float* beta, float* mean, float* rstd, float epsilon)
{
    internal readonly float* Gamma = gamma, Beta = beta;
    internal readonly float Epsilon = epsilon;
    private readonly float* _mean = mean, _rstd = rstd;

    internal float* MeanFrom(int row, int heads) => _mean == null ? null : _mean + (nint)row * heads;

    internal float* RstdFrom(int row, int heads) => _rstd + (nint)row * heads;
}
