using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>Which convolutions go through <see cref="IWinogradTile{V}"/>, and what its tiles share.</summary>
internal static unsafe class Winograd<V>
    where V : struct, ISimd<V>
{
    /// <summary>Planes, one behind the other, that are asked for before they are read or written.</summary>
    internal const int PlanesAhead = 4;

    /// <summary>Elements of a line of the cache.</summary>
    internal const int Line = 16;

    private const int GroupsAhead = 8, FewestChannels = 16, FewestTiles = 64;

    /// <summary>Results along a side of the tiles that pay for the transforms of pixels and of weights: 4, 2, or 0
    /// where none do.</summary>
    /// <param name="a">Sizes.</param>
    /// <param name="from">Channels that are summed over.</param>
    /// <param name="to">Channels of sums.</param>
    internal static int Side(in Conv2dArguments a, int from, int to)
    {
        if (a is not { KernelHeight: 3, KernelWidth: 3, Stride: 1, Dilation: 1, Groups: 1, Padding: <= 2 }
            || Math.Min(from, to) < FewestChannels)
            return 0;
        // Products of an image by the large tiles and by the small ones.
        int large = Tiles(a, 4), small = Tiles(a, 2);
        bool saves = large * LargeTile<V>.Products <= 0.8 * small * SmallTile<V>.Products;
        // What must not depend on the batch chooses as for a large one.
        if (BatchInvariance.IsAsked) return saves ? 4 : 2;
        return saves && (long)a.Batch * large >= FewestTiles ? 4 : (long)a.Batch * small >= FewestTiles ? 2 : 0;
    }

    /// <summary>Elements of a row of scratch memory: a vector more than there are tiles.</summary>
    internal static int Row(int tiles) => (tiles + 2 * V.Count - 1) / V.Count * V.Count;

    /// <summary>Elements of some kernels, at most as many as a vector holds: <c>[lanes, 9]</c> → <c>[9, lanes of a
    /// vector]</c>.</summary>
    /// <param name="weights">The first kernel.</param>
    /// <param name="next">Elements from one kernel to the next.</param>
    /// <param name="turned">Kernels are turned by half a circle.</param>
    /// <param name="lanes">How many.</param>
    /// <param name="taps">Where they go.</param>
    internal static void Gather(float* weights, nint next, bool turned, int lanes, float* taps)
    {
        // Turned ones lie far apart: each line holds those of the next rows of the result too.
        nint ahead = (turned ? 1 : GroupsAhead) * V.Count * next;
        for (int lane = 0; lane < lanes; lane++) V.Prefetch(weights + lane * next + ahead);
        LaneTranspose<V>.In(weights, next, lanes, V.Count, 9, turned ? taps + 8 * V.Count : taps,
            turned ? -V.Count : V.Count);
    }

    /// <summary>Asks for neighbouring rows of results that will be written soon.</summary>
    internal static void Ask(float* results, int width, int rows, int count)
    {
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < count; i += Line) V.Prefetch(results + row * width + i);
    }

    private static int Tiles(in Conv2dArguments a, int side) =>
        (a.OutHeight + side - 1) / side * ((a.OutWidth + side - 1) / side);
}
