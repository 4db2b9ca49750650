using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Products of <see cref="NeighborhoodHead{V}"/> for the queries of a register, and for those of three rows at
/// once. Elements of a plane follow each other register by register, those of a row of queries lie a stride apart. Each
/// sum has its terms in the same order in both, so that both give the same bits.</summary>
internal static unsafe class WindowKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>to[key] = Σ_e x_e · plane_key,e.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Dots(float* x, float** planes, nint tile, int count, int width, nint stride, float* to)
    {
        int key = 0;
        for (; key + 4 <= count; key += 4)
        {
            float* a = planes[key] + tile, b = planes[key + 1] + tile, c = planes[key + 2] + tile,
                d = planes[key + 3] + tile, from = x;
            V sumA = V.Zero, sumB = V.Zero, sumC = V.Zero, sumD = V.Zero;
            for (int e = 0; e < width; e++)
            {
                V value = V.Load(from);
                sumA = V.Fma(value, V.Load(a), sumA);
                sumB = V.Fma(value, V.Load(b), sumB);
                sumC = V.Fma(value, V.Load(c), sumC);
                sumD = V.Fma(value, V.Load(d), sumD);
                from += stride;
                a += V.Count;
                b += V.Count;
                c += V.Count;
                d += V.Count;
            }

            V.Store(to + key * V.Count, sumA);
            V.Store(to + (key + 1) * V.Count, sumB);
            V.Store(to + (key + 2) * V.Count, sumC);
            V.Store(to + (key + 3) * V.Count, sumD);
        }

        for (; key < count; key++)
        {
            float* plane = planes[key] + tile;
            V sum = V.Zero;
            for (int e = 0; e < width; e++) sum = V.Fma(V.Load(x + e * stride), V.Load(plane + e * V.Count), sum);
            V.Store(to + key * V.Count, sum);
        }
    }

    /// <summary><see cref="Dots"/> for three rows of queries, <paramref name="row"/> floats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Dots3(float* x, nint row, float** planes, nint tile, int count, int width, nint stride,
        float* to, float* second, float* third)
    {
        nint end = width * V.Count;
        int key = 0;
        for (; key + 7 <= count; key += 7)
        {
            float* p0 = planes[key] + tile, p1 = planes[key + 1] + tile, p2 = planes[key + 2] + tile,
                p3 = planes[key + 3] + tile, p4 = planes[key + 4] + tile, p5 = planes[key + 5] + tile,
                p6 = planes[key + 6] + tile;
            V a0 = V.Zero, a1 = V.Zero, a2 = V.Zero, a3 = V.Zero, a4 = V.Zero, a5 = V.Zero, a6 = V.Zero;
            V b0 = V.Zero, b1 = V.Zero, b2 = V.Zero, b3 = V.Zero, b4 = V.Zero, b5 = V.Zero, b6 = V.Zero;
            V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero, c6 = V.Zero;
            float* from = x;
            for (nint at = 0; at < end; at += V.Count, from += stride)
            {
                V u = V.Load(from), v = V.Load(from + row), w = V.Load(from + 2 * row), plane;
                plane = V.Load(p0 + at);
                a0 = V.Fma(u, plane, a0);
                b0 = V.Fma(v, plane, b0);
                c0 = V.Fma(w, plane, c0);
                plane = V.Load(p1 + at);
                a1 = V.Fma(u, plane, a1);
                b1 = V.Fma(v, plane, b1);
                c1 = V.Fma(w, plane, c1);
                plane = V.Load(p2 + at);
                a2 = V.Fma(u, plane, a2);
                b2 = V.Fma(v, plane, b2);
                c2 = V.Fma(w, plane, c2);
                plane = V.Load(p3 + at);
                a3 = V.Fma(u, plane, a3);
                b3 = V.Fma(v, plane, b3);
                c3 = V.Fma(w, plane, c3);
                plane = V.Load(p4 + at);
                a4 = V.Fma(u, plane, a4);
                b4 = V.Fma(v, plane, b4);
                c4 = V.Fma(w, plane, c4);
                plane = V.Load(p5 + at);
                a5 = V.Fma(u, plane, a5);
                b5 = V.Fma(v, plane, b5);
                c5 = V.Fma(w, plane, c5);
                plane = V.Load(p6 + at);
                a6 = V.Fma(u, plane, a6);
                b6 = V.Fma(v, plane, b6);
                c6 = V.Fma(w, plane, c6);
            }

            V.Store(to + key * V.Count, a0);
            V.Store(to + (key + 1) * V.Count, a1);
            V.Store(to + (key + 2) * V.Count, a2);
            V.Store(to + (key + 3) * V.Count, a3);
            V.Store(to + (key + 4) * V.Count, a4);
            V.Store(to + (key + 5) * V.Count, a5);
            V.Store(to + (key + 6) * V.Count, a6);
            V.Store(second + key * V.Count, b0);
            V.Store(second + (key + 1) * V.Count, b1);
            V.Store(second + (key + 2) * V.Count, b2);
            V.Store(second + (key + 3) * V.Count, b3);
            V.Store(second + (key + 4) * V.Count, b4);
            V.Store(second + (key + 5) * V.Count, b5);
            V.Store(second + (key + 6) * V.Count, b6);
            V.Store(third + key * V.Count, c0);
            V.Store(third + (key + 1) * V.Count, c1);
            V.Store(third + (key + 2) * V.Count, c2);
            V.Store(third + (key + 3) * V.Count, c3);
            V.Store(third + (key + 4) * V.Count, c4);
            V.Store(third + (key + 5) * V.Count, c5);
            V.Store(third + (key + 6) * V.Count, c6);
        }

        for (; key < count; key++)
        {
            float* p = planes[key] + tile;
            float* from = x;
            V a = V.Zero, b = V.Zero, c = V.Zero;
            for (nint at = 0; at < end; at += V.Count, from += stride)
            {
                V plane = V.Load(p + at);
                a = V.Fma(V.Load(from), plane, a);
                b = V.Fma(V.Load(from + row), plane, b);
                c = V.Fma(V.Load(from + 2 * row), plane, c);
            }

            V.Store(to + key * V.Count, a);
            V.Store(second + key * V.Count, b);
            V.Store(third + key * V.Count, c);
        }
    }

    /// <summary>to_e += Σ_key weight_key · plane_key,e.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Mix(float* weights, float** planes, nint tile, int count, int width, nint stride, float* to)
    {
        int e = 0;
        for (; e + 4 <= width; e += 4)
        {
            nint offset = tile + e * V.Count;
            float* y = to + e * stride;
            V a = V.Load(y), b = V.Load(y + stride), c = V.Load(y + 2 * stride), d = V.Load(y + 3 * stride);
            for (int key = 0; key < count; key++)
            {
                V weight = V.Load(weights + key * V.Count);
                float* plane = planes[key] + offset;
                a = V.Fma(weight, V.Load(plane), a);
                b = V.Fma(weight, V.Load(plane + V.Count), b);
                c = V.Fma(weight, V.Load(plane + 2 * V.Count), c);
                d = V.Fma(weight, V.Load(plane + 3 * V.Count), d);
            }

            V.Store(y, a);
            V.Store(y + stride, b);
            V.Store(y + 2 * stride, c);
            V.Store(y + 3 * stride, d);
        }

        for (; e < width; e++)
        {
            V sum = V.Load(to + e * stride);
            for (int key = 0; key < count; key++)
                sum = V.Fma(V.Load(weights + key * V.Count), V.Load(planes[key] + tile + e * V.Count), sum);
            V.Store(to + e * stride, sum);
        }
    }

    /// <summary><see cref="Mix"/> for three rows of queries, <paramref name="row"/> floats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Mix3(float* weights, float* second, float* third, float** planes, nint tile, int count,
        int width, nint stride, float* to, nint row)
    {
        int e = 0;
        for (; e + 8 <= width; e += 8)
        {
            nint offset = tile + e * V.Count;
            float* x = to + e * stride, y = x + row, z = y + row;
            V a0 = V.Load(x), a1 = V.Load(x + stride), a2 = V.Load(x + 2 * stride),
                a3 = V.Load(x + 3 * stride), a4 = V.Load(x + 4 * stride), a5 = V.Load(x + 5 * stride),
                a6 = V.Load(x + 6 * stride), a7 = V.Load(x + 7 * stride);
            V b0 = V.Load(y), b1 = V.Load(y + stride), b2 = V.Load(y + 2 * stride),
                b3 = V.Load(y + 3 * stride), b4 = V.Load(y + 4 * stride), b5 = V.Load(y + 5 * stride),
                b6 = V.Load(y + 6 * stride), b7 = V.Load(y + 7 * stride);
            V c0 = V.Load(z), c1 = V.Load(z + stride), c2 = V.Load(z + 2 * stride),
                c3 = V.Load(z + 3 * stride), c4 = V.Load(z + 4 * stride), c5 = V.Load(z + 5 * stride),
                c6 = V.Load(z + 6 * stride), c7 = V.Load(z + 7 * stride);
            for (int key = 0; key < count; key++)
            {
                V u = V.Load(weights + key * V.Count), v = V.Load(second + key * V.Count),
                    w = V.Load(third + key * V.Count), value;
                float* plane = planes[key] + offset;
                value = V.Load(plane);
                a0 = V.Fma(u, value, a0);
                b0 = V.Fma(v, value, b0);
                c0 = V.Fma(w, value, c0);
                plane += V.Count;
                value = V.Load(plane);
                a1 = V.Fma(u, value, a1);
                b1 = V.Fma(v, value, b1);
                c1 = V.Fma(w, value, c1);
                plane += V.Count;
                value = V.Load(plane);
                a2 = V.Fma(u, value, a2);
                b2 = V.Fma(v, value, b2);
                c2 = V.Fma(w, value, c2);
                plane += V.Count;
                value = V.Load(plane);
                a3 = V.Fma(u, value, a3);
                b3 = V.Fma(v, value, b3);
                c3 = V.Fma(w, value, c3);
                plane += V.Count;
                value = V.Load(plane);
                a4 = V.Fma(u, value, a4);
                b4 = V.Fma(v, value, b4);
                c4 = V.Fma(w, value, c4);
                plane += V.Count;
                value = V.Load(plane);
                a5 = V.Fma(u, value, a5);
                b5 = V.Fma(v, value, b5);
                c5 = V.Fma(w, value, c5);
                plane += V.Count;
                value = V.Load(plane);
                a6 = V.Fma(u, value, a6);
                b6 = V.Fma(v, value, b6);
                c6 = V.Fma(w, value, c6);
                plane += V.Count;
                value = V.Load(plane);
                a7 = V.Fma(u, value, a7);
                b7 = V.Fma(v, value, b7);
                c7 = V.Fma(w, value, c7);
            }

            V.Store(x, a0);
            V.Store(x + stride, a1);
            V.Store(x + 2 * stride, a2);
            V.Store(x + 3 * stride, a3);
            V.Store(x + 4 * stride, a4);
            V.Store(x + 5 * stride, a5);
            V.Store(x + 6 * stride, a6);
            V.Store(x + 7 * stride, a7);
            V.Store(y, b0);
            V.Store(y + stride, b1);
            V.Store(y + 2 * stride, b2);
            V.Store(y + 3 * stride, b3);
            V.Store(y + 4 * stride, b4);
            V.Store(y + 5 * stride, b5);
            V.Store(y + 6 * stride, b6);
            V.Store(y + 7 * stride, b7);
            V.Store(z, c0);
            V.Store(z + stride, c1);
            V.Store(z + 2 * stride, c2);
            V.Store(z + 3 * stride, c3);
            V.Store(z + 4 * stride, c4);
            V.Store(z + 5 * stride, c5);
            V.Store(z + 6 * stride, c6);
            V.Store(z + 7 * stride, c7);
        }

        for (; e < width; e++)
        {
            float* x = to + e * stride, y = x + row, z = y + row;
            V a = V.Load(x), b = V.Load(y), c = V.Load(z);
            for (int key = 0; key < count; key++)
            {
                V value = V.Load(planes[key] + tile + e * V.Count);
                a = V.Fma(V.Load(weights + key * V.Count), value, a);
                b = V.Fma(V.Load(second + key * V.Count), value, b);
                c = V.Fma(V.Load(third + key * V.Count), value, c);
            }

            V.Store(x, a);
            V.Store(y, b);
            V.Store(z, c);
        }
    }

    /// <summary>plane_key,e += weight_key · x_e.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddProducts(float* weights, float* x, float** planes, nint tile, int count, int width,
        nint stride)
    {
        for (int key = 0; key < count; key++)
        {
            V weight = V.Load(weights + key * V.Count);
            float* plane = planes[key] + tile, from = x;
            for (int e = 0; e < width; e++)
            {
                V.Store(plane, V.Fma(weight, V.Load(from), V.Load(plane)));
                plane += V.Count;
                from += stride;
            }
        }
    }

    /// <summary><see cref="AddProducts"/> for three rows of queries, <paramref name="row"/> floats apart: row by row,
    /// so that each sum has its terms in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddProducts3(float* weights, float* second, float* third, float* x, nint row, float** planes,
        nint tile, int count, int width, nint stride)
    {
        int e = 0;
        for (; e + 8 <= width; e += 8)
        {
            nint offset = tile + e * V.Count;
            float* p = x + e * stride, q = p + row, r = q + row;
            V a0 = V.Load(p), a1 = V.Load(p + stride), a2 = V.Load(p + 2 * stride),
                a3 = V.Load(p + 3 * stride), a4 = V.Load(p + 4 * stride), a5 = V.Load(p + 5 * stride),
                a6 = V.Load(p + 6 * stride), a7 = V.Load(p + 7 * stride);
            V b0 = V.Load(q), b1 = V.Load(q + stride), b2 = V.Load(q + 2 * stride),
                b3 = V.Load(q + 3 * stride), b4 = V.Load(q + 4 * stride), b5 = V.Load(q + 5 * stride),
                b6 = V.Load(q + 6 * stride), b7 = V.Load(q + 7 * stride);
            V c0 = V.Load(r), c1 = V.Load(r + stride), c2 = V.Load(r + 2 * stride),
                c3 = V.Load(r + 3 * stride), c4 = V.Load(r + 4 * stride), c5 = V.Load(r + 5 * stride),
                c6 = V.Load(r + 6 * stride), c7 = V.Load(r + 7 * stride);
            for (int key = 0; key < count; key++)
            {
                V u = V.Load(weights + key * V.Count), v = V.Load(second + key * V.Count),
                    w = V.Load(third + key * V.Count);
                float* plane = planes[key] + offset;
                V.Store(plane, V.Fma(w, c0, V.Fma(v, b0, V.Fma(u, a0, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c1, V.Fma(v, b1, V.Fma(u, a1, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c2, V.Fma(v, b2, V.Fma(u, a2, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c3, V.Fma(v, b3, V.Fma(u, a3, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c4, V.Fma(v, b4, V.Fma(u, a4, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c5, V.Fma(v, b5, V.Fma(u, a5, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c6, V.Fma(v, b6, V.Fma(u, a6, V.Load(plane)))));
                plane += V.Count;
                V.Store(plane, V.Fma(w, c7, V.Fma(v, b7, V.Fma(u, a7, V.Load(plane)))));
            }
        }

        for (; e < width; e++)
        {
            float* p = x + e * stride;
            V a = V.Load(p), b = V.Load(p + row), c = V.Load(p + 2 * row);
            for (int key = 0; key < count; key++)
            {
                float* plane = planes[key] + tile + e * V.Count;
                V sum = V.Fma(V.Load(weights + key * V.Count), a, V.Load(plane));
                sum = V.Fma(V.Load(second + key * V.Count), b, sum);
                V.Store(plane, V.Fma(V.Load(third + key * V.Count), c, sum));
            }
        }
    }
}
