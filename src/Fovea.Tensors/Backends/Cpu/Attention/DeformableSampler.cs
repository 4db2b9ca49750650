using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Bilinear samples of the values of one sequence. Scalar arithmetic finds the corners around each location and leaves
/// out those outside the grid; vectors then run over the elements of a head, so nothing is ever read that is not a
/// value.
/// </summary>
internal readonly unsafe struct DeformableSampler<V>
    where V : struct, ISimd<V>
{

    private readonly DeformableArguments _a;
    private readonly float* _values, _locations, _weights;
    private readonly int _batch, _stride;

    /// <param name="arguments">Sizes.</param>
    /// <param name="values">First value of the first sequence.</param>
    /// <param name="stride">Elements from one token's values to the next one's.</param>
    /// <param name="locations">Of all sequences.</param>
    /// <param name="weights">Of all sequences.</param>
    /// <param name="batch">Which sequence.</param>
    internal DeformableSampler(in DeformableArguments arguments, float* values, int stride, float* locations,
        float* weights, int batch)
    {
        (_a, _batch, _stride) = (arguments, batch, stride);
        _values = values + (nint)batch * arguments.Tokens * stride;
        _locations = locations;
        _weights = weights;
    }

    /// <summary>Results of <paramref name="count"/> queries from <paramref name="first"/>, all heads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Forward(float* y, int first, int count)
    {
        using Scratch scratch = Scratch.Begin();
        Corner* corners = (Corner*)scratch.Floats(4 * _a.Samples * sizeof(Corner) / sizeof(float));
        for (int query = first; query < first + count; query++)
            for (int head = 0; head < _a.Heads; head++)
            {
                nint row = Row(query, head);
                Mix(corners, Collect(row * _a.Samples, corners), _values + head * _a.Width, y + row * _a.Width);
            }
    }

    /// <summary>Gradients of one head. Queries follow each other, because they may add to the same value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Backward(int head, float* dy, float* dvalues, int dstride, float* dlocations, float* dweights,
        in DeformableGradients gradients)
    {
        Corner* corners = stackalloc Corner[4];
        float* values = _values + head * _a.Width;
        if (dvalues != null) dvalues += (nint)_batch * _a.Tokens * dstride + head * _a.Width;
        if (gradients.Values is { Accumulate: false }) Clear(dvalues, dstride);
        for (int query = 0; query < _a.Queries; query++)
        {
            nint row = Row(query, head), sample = row * _a.Samples;
            int start = _a.Prefix;
            foreach (GridLevel level in _a.Levels)
            {
                for (int point = 0; point < _a.Points; point++, sample++)
                {
                    int count = Surround(level, start, _locations + 2 * sample, corners);
                    float weight = _weights[sample], dweight = 0, dx = 0, dline = 0;
                    for (Corner* corner = corners; corner < corners + count; corner++)
                    {
                        nint token = corner->Token;
                        float* target = dvalues == null ? null : dvalues + token * dstride;
                        float dot = DotAndAdd(dy + row * _a.Width, values + token * _stride, target,
                            weight * corner->Share);
                        dweight += corner->Share * dot;
                        dx += corner->SlopeX * dot;
                        dline += corner->SlopeY * dot;
                    }

                    if (dweights != null) Put(dweights + sample, dweight, gradients.Weights is { Accumulate: true });
                    if (dlocations == null) continue;
                    Put(dlocations + 2 * sample, weight * dx, gradients.Locations is { Accumulate: true });
                    Put(dlocations + 2 * sample + 1, weight * dline, gradients.Locations is { Accumulate: true });
                }

                start += level.Count;
            }
        }
    }

    /// <summary>A value that a sample reads: its share of the sample, and the share's derivatives by the
    /// location.</summary>
    private readonly record struct Corner(int Token, float Share, float SlopeX, float SlopeY);

    private nint Row(int query, int head) => ((nint)_batch * _a.Queries + query) * _a.Heads + head;

    /// <summary>The corners of all samples of one query and head, with the samples' weights in their shares.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Collect(nint sample, Corner* corners)
    {
        Corner* end = corners;
        int start = _a.Prefix;
        foreach (GridLevel level in _a.Levels)
        {
            for (int point = 0; point < _a.Points; point++, sample++)
            {
                Corner* last = end + Surround(level, start, _locations + 2 * sample, end);
                for (; end < last; end++) *end = new(end->Token, end->Share * _weights[sample], 0, 0);
            }

            start += level.Count;
        }

        return (int)(end - corners);
    }

    /// <summary>The positions around a location, those outside the grid left out; see
    /// <see cref="Backend.DeformableSample"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Surround(GridLevel level, int start, float* location, Corner* corners)
    {
        float rows = level.Rows, columns = level.Columns, x = location[0] * columns - 0.5f,
            y = location[1] * rows - 0.5f;
        if (!(x > -1 && x < columns && y > -1 && y < rows))   // also for NaN; the conversions below are safe behind it
        {
            if (!float.IsNaN(x) && !float.IsNaN(y)) return 0;
            *corners = new(start, float.NaN, float.NaN, float.NaN);
            return 1;
        }

        float left = MathF.Floor(x), top = MathF.Floor(y), toRight = x - left, toLeft = 1 - toRight, toBottom = y - top,
            toTop = 1 - toBottom;
        int column = (int)left, row = (int)top, token = start + row * level.Columns + column;
        bool hasLeft = column >= 0, hasRight = column + 1 < level.Columns;
        Corner* next = corners;
        if (row >= 0)
        {
            if (hasLeft) *next++ = new(token, toLeft * toTop, -columns * toTop, -rows * toLeft);
            if (hasRight) *next++ = new(token + 1, toRight * toTop, columns * toTop, -rows * toRight);
        }

        if (row + 1 < level.Rows)
        {
            if (hasLeft) *next++ = new(token + level.Columns, toLeft * toBottom, -columns * toBottom, rows * toLeft);
            if (hasRight)
                *next++ = new(token + level.Columns + 1, toRight * toBottom, columns * toBottom, rows * toRight);
        }

        return (int)(next - corners);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mix(Corner* corners, int count, float* values, float* y)
    {
        for (int e = 0; e < _a.Width; e += V.Count)
        {
            int lanes = Math.Min(V.Count, _a.Width - e);
            V sum = V.Zero;
            if (lanes == V.Count)
                for (int i = 0; i < count; i++) sum = V.Fma(V.Broadcast(corners[i].Share),
                    V.Load(values + (nint)corners[i].Token * _stride + e), sum);
            else
                for (int i = 0; i < count; i++)
                    sum = V.Fma(V.Broadcast(corners[i].Share),
                        V.LoadPartial(values + (nint)corners[i].Token * _stride + e, lanes), sum);
            V.StorePartial(y + e, sum, lanes);
        }
    }

    /// <summary>dy · value, and dvalue += factor · dy unless there is no dvalue.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float DotAndAdd(float* dy, float* value, float* dvalue, float factor)
    {
        V sum = V.Zero, scale = V.Broadcast(factor);
        int e = 0;
        for (; e + V.Count <= _a.Width; e += V.Count)
        {
            V gradient = V.Load(dy + e);
            sum = V.Fma(gradient, V.Load(value + e), sum);
            if (dvalue != null) V.Store(dvalue + e, V.Fma(scale, gradient, V.Load(dvalue + e)));
        }

        int left = _a.Width - e;
        if (left == 0) return V.Sum(sum);
        V last = V.LoadPartial(dy + e, left);
        if (dvalue != null) V.StorePartial(dvalue + e, V.Fma(scale, last, V.LoadPartial(dvalue + e, left)), left);
        return V.Sum(V.Fma(last, V.LoadPartial(value + e, left), sum));
    }

    private void Clear(float* dvalues, int dstride)
    {
        for (nint token = 0; token < _a.Tokens; token++) new Span<float>(dvalues + token * dstride, _a.Width).Clear();
    }

    private static void Put(float* destination, float value, bool accumulate) => *destination = accumulate
        ? *destination + value : value;
}
