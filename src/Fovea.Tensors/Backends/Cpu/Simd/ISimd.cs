namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>
/// A register of float lanes. Kernels are written once over this interface; the JIT compiles them for each width with
/// every call inlined, and folds what depends on <see cref="Count"/>.
/// </summary>
internal unsafe interface ISimd<TSelf>
    where TSelf : struct, ISimd<TSelf>
{
    /// <summary>Lanes.</summary>
    static abstract int Count { get; }

    /// <summary>Rows of a matrix product's register tile: as many as the registers hold beside two columns and two
    /// operands.</summary>
    static abstract int TileRows { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Load(float* source);

    /// <summary>The first <paramref name="count"/> lanes; the others are 0 and their memory is not touched.</summary>
    static abstract TSelf LoadPartial(float* source, int count);

    static abstract void Store(float* destination, TSelf value);

    /// <summary>Writes the first <paramref name="count"/> lanes only.</summary>
    static abstract void StorePartial(float* destination, TSelf value, int count);

    static abstract TSelf Broadcast(float value);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator -(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, TSelf right);

    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>a · b + c, rounded once.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    /// <summary>The same with one number for all lanes, read by the multiplication itself where that is
    /// faster.</summary>
    static abstract TSelf Fma(float* a, TSelf b, TSelf c);

    /// <summary>The larger; <paramref name="right"/> where either is NaN.</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>The smaller; <paramref name="right"/> where either is NaN.</summary>
    static abstract TSelf Min(TSelf left, TSelf right);

    static abstract TSelf Abs(TSelf value);

    static abstract TSelf Sqrt(TSelf value);

    /// <summary>To the nearest whole number, ties to even.</summary>
    static abstract TSelf Round(TSelf value);

    /// <summary>value · 2^exponent for a whole exponent in -126 to 127.</summary>
    static abstract TSelf ScaleByPowerOfTwo(TSelf value, TSelf exponent);

    /// <summary><see cref="VectorMath{V}.Exp2"/>, in one piece where kernels would otherwise grow beyond what the JIT
    /// inlines.</summary>
    static virtual TSelf Exp2(TSelf t) => VectorMath<TSelf>.Exp2(t);

    /// <summary>Splits a positive normal number into mantissa in [√½, √2) and a whole exponent.</summary>
    static abstract TSelf SplitExponent(TSelf value, out TSelf exponent);

    /// <summary><paramref name="whenTrue"/> where left ≥ right, else <paramref name="whenFalse"/> (also for
    /// NaN).</summary>
    static abstract TSelf SelectGreaterOrEqual(TSelf left, TSelf right, TSelf whenTrue, TSelf whenFalse);

    /// <summary>Asks for a cache line that will be used soon; a hint without effect on results.</summary>
    static abstract void Prefetch(float* address);

    /// <summary>Sum of the lanes.</summary>
    static abstract float Sum(TSelf value);

    /// <summary>Largest lane.</summary>
    static abstract float MaxAcross(TSelf value);

    /// <summary>The lanes with even numbers of two vectors one behind the other, and those with odd numbers.</summary>
    static abstract TSelf Split(TSelf low, TSelf high, out TSelf odd);

    /// <summary>The inverse of <see cref="Split"/>: even and odd lanes in turn.</summary>
    static abstract TSelf Join(TSelf even, TSelf odd, out TSelf high);

    /// <summary>Two numbers of bfloat16 in each lane: <paramref name="even"/>'s below, <paramref name="odd"/>'s above,
    /// rounded to nearest, ties to even; what is no normal number becomes 0 of the same sign.</summary>
    static abstract TSelf ToPairs(TSelf even, TSelf odd);

    /// <summary>The lower numbers of <see cref="ToPairs"/>.</summary>
    static abstract TSelf LowerOfPairs(TSelf pairs);

    /// <summary>The upper numbers of <see cref="ToPairs"/>.</summary>
    static abstract TSelf UpperOfPairs(TSelf pairs);

    /// <summary>sums + Σ a_i b_i in each lane over its four bytes, as 32-bit integers; a's bytes have no sign, b's
    /// have.</summary>
    static abstract TSelf AddBytes(TSelf a, TSelf b, TSelf sums);

    /// <summary>Sum of 32-bit integers.</summary>
    static abstract TSelf AddIntegers(TSelf left, TSelf right);

    /// <summary>32-bit integers as numbers.</summary>
    static abstract TSelf FromIntegers(TSelf integers);

    /// <summary>Numbers of -128 to 255, rounded to nearest, ties to even, as one byte each: <see cref="Count"/>
    /// bytes.</summary>
    static abstract void StoreBytes(byte* destination, TSelf numbers);

    /// <summary>The larger of <paramref name="largest"/>, which has no sign, and |<paramref name="value"/>|; infinity
    /// and NaN are larger than all else and stay.</summary>
    static abstract TSelf MaxMagnitude(TSelf largest, TSelf value);
}
