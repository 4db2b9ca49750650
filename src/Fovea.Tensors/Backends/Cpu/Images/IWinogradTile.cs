using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>
/// F(m x m, 3 x 3) of Lavin and Gray 2016 (arXiv:1509.09308), section 4.1: a tile of m x m results needs (m + 2)²
/// pixels and, in the transformed domain, as many products instead of 9 m²: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Summed over
/// channels each of the products is one of matrices. Vectors run over neighbouring tiles.
/// </summary>
internal unsafe interface IWinogradTile<V>
    where V : struct, ISimd<V>
{
    /// <summary>Results along a side of a tile, m.</summary>
    static abstract int Side { get; }

    /// <summary>Products of a tile, (m + 2)².</summary>
    static abstract int Products { get; }

    /// <summary>Elements of scratch memory for <see cref="Pixels"/> and <see cref="Slopes"/> of so many
    /// tiles.</summary>
    static abstract int Scratch(int tiles);

    /// <summary>G g Gᵀ of some kernels: <c>weights [count, 9]</c> → <c>to [products, count]</c>, planes a step
    /// apart.</summary>
    /// <param name="weights">The first kernel.</param>
    /// <param name="next">Elements from one kernel to the next.</param>
    /// <param name="turned">Kernels are turned by half a circle, as for the gradient of pixels.</param>
    /// <param name="count">How many kernels.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    static abstract void Weights(float* weights, nint next, bool turned, int count, float* to, nint step);

    /// <summary>Bᵀ d B of tiles of one channel, into planes a step apart.</summary>
    /// <param name="source">The channel's pixels in the first image.</param>
    /// <param name="image">Elements from one image to the next.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of them.</param>
    /// <param name="padding">Zeros around them.</param>
    /// <param name="runs">The tiles.</param>
    /// <param name="tiles">How many there are.</param>
    /// <param name="columns">How many are written; what stands in those beyond the tiles means nothing.</param>
    /// <param name="scratch">Memory of <see cref="Scratch"/>.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="ahead">Elements from the pixels to some that will be read soon, which are asked for; 0: none
    /// are.</param>
    static abstract void Pixels(float* source, nint image, int height, int width, int padding,
        ReadOnlySpan<TileRun> runs, int tiles, int columns, float* scratch, float* to, nint step, nint ahead);

    /// <summary>Aᵀ m A of some tiles of one channel: m lines of m · tiles results. May write m vectors beyond
    /// them.</summary>
    /// <param name="products">The first plane of them.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="lines">The first line.</param>
    /// <param name="line">Elements from one line to the next.</param>
    static abstract void Results(float* products, nint step, int tiles, float* lines, int line);

    /// <summary>A dy Aᵀ of tiles of one channel, into planes a step apart: the gradient of the products.</summary>
    /// <param name="slopes">The channel's slopes in the first image.</param>
    /// <param name="image">Elements from one image to the next.</param>
    /// <param name="height">Rows of slopes.</param>
    /// <param name="width">Columns of them.</param>
    /// <param name="runs">The tiles.</param>
    /// <param name="tiles">How many there are.</param>
    /// <param name="scratch">Memory of <see cref="Scratch"/>.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="ahead">Elements to slopes that will be read soon.</param>
    static abstract void Slopes(float* slopes, nint image, int height, int width, ReadOnlySpan<TileRun> runs, int tiles,
        float* scratch, float* to, nint step, nint ahead);

    /// <summary>Gᵀ m G: from sums <c>[products, count]</c>, planes a step apart, to kernels <c>[9,
    /// count]</c>.</summary>
    /// <param name="sums">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="count">How many kernels.</param>
    /// <param name="to">The first element of the first kernel.</param>
    /// <param name="toStep">Elements from one element of a kernel to the next.</param>
    static abstract void Kernels(float* sums, nint step, int count, float* to, nint toStep);
}
