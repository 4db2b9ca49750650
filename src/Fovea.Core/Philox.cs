using System.Runtime.CompilerServices;

namespace Fovea.Core;

/// <summary>
/// Counter-based random numbers: Philox 4x32 with 10 rounds. Value number <c>index</c> of stream <c>stream</c> under
/// <c>seed</c> is a pure function of the three, so draws do not depend on order, worker count or what was drawn before.
/// </summary>
/// <remarks>Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3.</remarks>
public readonly struct Philox(ulong seed, ulong stream)
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The key of all streams.</summary>
    public ulong Seed => seed;

    /// <summary>The upper half of the counter: independent sequences under one seed.</summary>
    public ulong Stream => stream;

    /// <summary>Four random words: block number <paramref name="block"/> of the stream.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (uint X, uint Y, uint Z, uint W) Block(ulong block)
    {
        uint x = (uint)block, y = (uint)(block >> 32), z = (uint)stream, w = (uint)(stream >> 32);
        uint key0 = (uint)seed, key1 = (uint)(seed >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * x, product1 = (ulong)Multiplier1 * z;
            x = (uint)(product1 >> 32) ^ y ^ key0;
            y = (uint)product1;
            z = (uint)(product0 >> 32) ^ w ^ key1;
            w = (uint)product0;
            key0 += Weyl0;
            key1 += Weyl1;
        }

        return (x, y, z, w);
    }

    /// <summary>Random word number <paramref name="index"/>.</summary>
    public uint Word(ulong index)
    {
        (uint x, uint y, uint z, uint w) = Block(index >> 2);
        return (index & 3) switch { 0 => x, 1 => y, 2 => z, _ => w };
    }

    /// <summary>Number <paramref name="index"/>, uniform in [0, 1) in steps of 2⁻²⁴.</summary>
    public float Uniform(ulong index) => (Word(index) >> 8) * (1f / (1 << 24));

    /// <summary>Number <paramref name="index"/>, uniform in [<paramref name="low"/>,
    /// <paramref name="high"/>).</summary>
    public float Uniform(ulong index, float low, float high)
    {
        float value = low + (high - low) * Uniform(index);
        return value < high ? value : MathF.Max(low, MathF.BitDecrement(high));   // the sum may have been rounded up
    }

    /// <summary>Number <paramref name="index"/>, uniform in 0 .. <paramref name="count"/>-1 (by multiplication; bias
    /// below count·2⁻³²).</summary>
    public int Below(ulong index, int count) => (int)((Word(index) * (ulong)(uint)count) >> 32);

    /// <summary>Number <paramref name="index"/>, standard normal (Box-Muller, in double).</summary>
    public double Normal(ulong index)
    {
        (uint x, uint y, uint z, uint w) = Block(index >> 1);
        (uint first, uint second) = (index & 1) == 0 ? (x, y) : (z, w);
        double radius = Math.Sqrt(-2 * Math.Log((first + 0.5) * (1.0 / 4294967296.0)));
        return radius * Math.Cos(2 * Math.PI * second * (1.0 / 4294967296.0));
    }

    /// <summary>The order 0 .. <paramref name="count"/>-1, shuffled (Fisher-Yates).</summary>
    public int[] Permutation(int count)
    {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) order[i] = i;
        for (int i = count - 1; i > 0; i--)
        {
            int other = Below((ulong)i, i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    /// <summary>A stream of its own for a purpose and up to two numbers, e.g. <c>Philox.For(seed, "augment", epoch,
    /// index)</c>.</summary>
    public static Philox For(ulong seed, string purpose, ulong a = 0, ulong b = 0)
    {
        ulong hash = 14695981039346656037UL;   // FNV-1a over the purpose, then the two numbers mixed in
        foreach (char letter in purpose) hash = (hash ^ letter) * 1099511628211UL;
        hash = Mix(hash ^ Mix(a + 0x9E3779B97F4A7C15UL));
        return new Philox(seed, Mix(hash + Mix(b + 0xD1B54A32D192ED03UL)));
    }

    /// <summary>The finaliser of SplitMix64: a bijection that spreads every bit.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
