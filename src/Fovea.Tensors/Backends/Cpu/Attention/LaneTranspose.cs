using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Turns rows of elements into rows of lanes and back: <c>[token, element] ↔ [element, token]</c>. A square of as many
/// rows as a register has lanes is transposed by interleaving, which rotates the bits of an element's place: after
/// log₂(lanes) rounds row and lane have changed places.
/// </summary>
internal static unsafe class LaneTranspose<V>
    where V : struct, ISimd<V>
{
    /// <summary>Floats of working memory.</summary>
    internal static int Work => 2 * V.Count * V.Count;

    /// <summary>to[element · stride + token] = from[token · fromStride + element], 0 for tokens from <paramref
    /// name="tokens"/> on.</summary>
    /// <param name="from">First element of the first token.</param>
    /// <param name="fromStride">Elements from one token to the next.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="padded">Tokens with those that are set to 0, a whole number of registers.</param>
    /// <param name="width">Elements of a token.</param>
    /// <param name="to">Result.</param>
    /// <param name="stride">Floats from one element's row to the next.</param>
    /// <param name="work">Working memory.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void In(float* from, nint fromStride, int tokens, int padded, int width, float* to, nint stride,
        float* work)
    {
        int lanes = V.Count;
        for (int token = 0; token < padded; token += lanes)
            for (int e = 0; e < width; e += lanes)
            {
                int count = Math.Min(lanes, width - e);
                for (int i = 0; i < lanes; i++)
                {
                    float* row = from + (token + i) * fromStride + e;
                    V.Store(work + i * lanes, token + i >= tokens ? V.Zero
                        : count == lanes ? V.Load(row) : V.LoadPartial(row, count));
                }

                float* turned = Turn(work);
                for (int i = 0; i < count; i++) V.Store(to + (e + i) * stride + token, V.Load(turned + i * lanes));
            }
    }

    /// <summary>to[token · toStride + element] (+)= from[element · stride + token].</summary>
    /// <param name="from">Rows of lanes, whole registers.</param>
    /// <param name="stride">Floats from one element's row to the next.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="width">Elements of a token.</param>
    /// <param name="to">First element of the first token.</param>
    /// <param name="toStride">Elements from one token to the next.</param>
    /// <param name="accumulate">Add to what is there.</param>
    /// <param name="work">Working memory.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Out(float* from, nint stride, int tokens, int width, float* to, nint toStride,
        bool accumulate, float* work)
    {
        int lanes = V.Count;
        for (int token = 0; token < tokens; token += lanes)
            for (int e = 0; e < width; e += lanes)
            {
                int count = Math.Min(lanes, width - e), here = Math.Min(lanes, tokens - token);
                for (int i = 0; i < lanes; i++)
                    V.Store(work + i * lanes, i < count ? V.Load(from + (e + i) * stride + token) : V.Zero);
                float* turned = Turn(work);
                for (int i = 0; i < here; i++)
                {
                    float* row = to + (token + i) * toStride + e;
                    V value = V.Load(turned + i * lanes);
                    if (count == lanes) V.Store(row, accumulate ? V.Load(row) + value : value);
                    else V.StorePartial(row, accumulate ? V.LoadPartial(row, count) + value : value, count);
                }
            }
    }

    /// <summary>Transposes the square at the beginning of the working memory; says where the result lies in
    /// it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Turn(float* work)
    {
        int lanes = V.Count, half = lanes / 2;
        float* from = work, to = work + lanes * lanes;
        for (int round = lanes; round > 1; round /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                V low = V.Join(V.Load(from + i * lanes), V.Load(from + (i + half) * lanes), out V high);
                V.Store(to + 2 * i * lanes, low);
                V.Store(to + (2 * i + 1) * lanes, high);
            }

            float* next = from;
            from = to;
            to = next;
        }

        return from;
    }
}
