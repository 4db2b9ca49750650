using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>
/// F(m x m, 3 x 3) of Lavin and Gray 2016 (arXiv:1509.09308), section 4.1: a tile of m x m results needs (m + 2)² pixels
/// and, in the transformed domain, as many products instead of 9 m²: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Summed over channels
/// each of the products is one of matrices. Vectors run over neighbouring tiles of a row.
/// </summary>
internal unsafe interface IWinogradTile<V>
    where V : struct, ISimd<V>
{
    /// <summary>Results along a side of a tile, m.</summary>
    static abstract int Side { get; }

    /// <summary>Products of a tile, (m + 2)².</summary>
    static abstract int Products { get; }

    /// <summary>Elements of scratch memory for <see cref="Pixels"/> of so many tiles.</summary>
    static abstract int Scratch(int tiles);

    /// <summary>Elements of scratch memory for <see cref="Slopes"/> of so many tiles.</summary>
    static abstract int SlopeScratch(int tiles);

    /// <summary>G g Gᵀ of some kernels: <c>weights [count, 9]</c> → <c>to [products, count]</c>, planes a step
    /// apart.</summary>
    /// <param name="weights">The first kernel.</param>
    /// <param name="next">Elements from one kernel to the next.</param>
    /// <param name="turned">Kernels are turned by half a circle, as for the gradient of pixels.</param>
    /// <param name="count">How many kernels.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    static abstract void Weights(float* weights, nint next, bool turned, int count, float* to, nint step);

    /// <summary>Takes pixels of some neighbouring tiles of one channel apart, the first at (<paramref name="y"/>,
    /// <paramref name="x"/>). Writes some vectors beyond the tiles, where the next ones follow.</summary>
    /// <param name="plane">The channel's pixels; 0 outside.</param>
    /// <param name="height">Rows of them.</param>
    /// <param name="width">Columns of them.</param>
    /// <param name="y">Row of the first tile's first pixel.</param>
    /// <param name="x">Its column.</param>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="to">Scratch memory for as many tiles as are transformed together.</param>
    /// <param name="offset">Tiles before these in it.</param>
    /// <param name="together">All that it is for.</param>
    /// <param name="ahead">Elements from the plane to one that will be read soon, which is asked for; 0: none
    /// is.</param>
    static abstract void Spread(float* plane, int height, int width, int y, int x, int tiles, float* to, int offset,
        int together, nint ahead);

    /// <summary>Bᵀ d B of tiles whose pixels are apart, into planes a step apart.</summary>
    /// <param name="apart">What <see cref="Spread"/> wrote.</param>
    /// <param name="together">Tiles that it is for.</param>
    /// <param name="tiles">How many of them.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    static abstract void Pixels(float* apart, int together, int tiles, float* to, nint step);

    /// <summary>Aᵀ m A of some tiles of one channel: m lines of m · tiles results. May write m vectors beyond
    /// them.</summary>
    /// <param name="products">The first plane of them.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="lines">The first line.</param>
    /// <param name="line">Elements from one line to the next.</param>
    static abstract void Results(float* products, nint step, int tiles, float* lines, int line);

    /// <summary>A dy Aᵀ of some neighbouring tiles of one channel, into planes a step apart: the gradient of the
    /// products.</summary>
    /// <param name="slopes">The tiles' first slope.</param>
    /// <param name="width">Elements from one row to the next.</param>
    /// <param name="rows">Rows of slopes; 0 below them.</param>
    /// <param name="count">Slopes in each; 0 beyond them.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="scratch">Memory of <see cref="SlopeScratch"/>.</param>
    /// <param name="ahead">Elements to slopes that will be read soon.</param>
    static abstract void Slopes(float* slopes, int width, int rows, int count, float* to, nint step, float* scratch,
        nint ahead);

    /// <summary>Gᵀ m G: from sums <c>[products, count]</c>, planes a step apart, to kernels <c>[9, count]</c>.</summary>
    /// <param name="sums">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="count">How many kernels.</param>
    /// <param name="to">The first element of the first kernel.</param>
    /// <param name="toStep">Elements from one element of a kernel to the next.</param>
    static abstract void Kernels(float* sums, nint step, int count, float* to, nint toStep);
}
