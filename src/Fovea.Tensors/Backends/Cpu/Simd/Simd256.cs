using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>AVX2 with FMA: 8 lanes in 16 registers.</summary>
internal readonly unsafe struct Simd256 : ISimd<Simd256>
{
    private readonly Vector256<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Simd256(Vector256<float> value) => _value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    public static int TileRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 6;
    }

    public static Simd256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 LoadPartial(float* source, int count) => new(Avx.MaskLoad(source, Mask(count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Simd256 value) => value._value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* destination, Simd256 value, int count) =>
        Avx.MaskStore(destination, Mask(count), value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator +(Simd256 left, Simd256 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator -(Simd256 left, Simd256 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator *(Simd256 left, Simd256 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 operator /(Simd256 left, Simd256 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Fma(Simd256 a, Simd256 b, Simd256 c) =>
        new(Vector256.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Fma(float* a, Simd256 b, Simd256 c) => Fma(Broadcast(*a), b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Max(Simd256 left, Simd256 right) => new(Avx.Max(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Min(Simd256 left, Simd256 right) => new(Avx.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Abs(Simd256 value) => new(Vector256.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Sqrt(Simd256 value) => new(Vector256.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Round(Simd256 value) => new(Vector256.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 ScaleByPowerOfTwo(Simd256 value, Simd256 exponent) =>
        new(value._value * ((Vector256.ConvertToInt32(exponent._value) + Vector256.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 SplitExponent(Simd256 value, out Simd256 exponent)
    {
        // Bits relative to √½: the carry into the exponent field tells on which side of it the mantissa lies.
        Vector256<int> offset = value._value.AsInt32() - Vector256.Create(0x3F3504F3);
        exponent = new(Vector256.ConvertToSingle(offset >> 23));
        return new(((offset & Vector256.Create(0x007FFFFF)) + Vector256.Create(0x3F3504F3)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 SelectGreaterOrEqual(Simd256 left, Simd256 right, Simd256 whenTrue, Simd256 whenFalse) =>
        new(Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(left._value, right._value), whenTrue._value,
            whenFalse._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd256 value) => Vector256.Sum(value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Simd256 value)
    {
        Vector128<float> v = Sse.Max(value._value.GetLower(), value._value.GetUpper());
        v = Vector128.MaxNative(v, Vector128.Shuffle(v, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(v, Vector128.Shuffle(v, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    /// <summary>All bits set in the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mask(int count) =>
        Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Split(Simd256 low, Simd256 high, out Simd256 odd)
    {
        odd = new(Avx2.Permute4x64(Avx.Shuffle(low._value, high._value, 0b11_01_11_01).AsDouble(), 0b11_01_10_00)
            .AsSingle());
        return new(Avx2.Permute4x64(Avx.Shuffle(low._value, high._value, 0b10_00_10_00).AsDouble(), 0b11_01_10_00)
            .AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 Join(Simd256 even, Simd256 odd, out Simd256 high)
    {
        Vector256<float> lower = Avx.UnpackLow(even._value, odd._value),
            upper = Avx.UnpackHigh(even._value, odd._value);
        high = new(Avx.Permute2x128(lower, upper, 0x31));
        return new(Avx.Permute2x128(lower, upper, 0x20));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 ToPairs(Simd256 even, Simd256 odd) => new(
        ((Rounded(even._value) >>> 16) | (Rounded(odd._value) & Vector256.Create(0xFFFF0000))).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 LowerOfPairs(Simd256 pairs) => new((pairs._value.AsUInt32() << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 UpperOfPairs(Simd256 pairs) =>
        new((pairs._value.AsUInt32() & Vector256.Create(0xFFFF0000)).AsSingle());

    /// <summary>Bits whose upper half is the nearest bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rounded(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32(), one = Vector256<uint>.One;
        Vector256<uint> rounded = bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & one);
        Vector256<uint> small = Vector256.Equals(bits & Vector256.Create(0x7F800000u), Vector256<uint>.Zero);
        rounded = Vector256.ConditionalSelect(small, bits & Vector256.Create(0x80000000u), rounded);
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded,
            bits | Vector256.Create(0x00400000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 AddBytes(Simd256 a, Simd256 b, Simd256 sums)
    {
        if (AvxVnni.IsSupported)
            return new(AvxVnni.MultiplyWideningAndAdd(sums._value.AsInt32(), a._value.AsByte(), b._value.AsSByte())
                .AsSingle());
        Vector256<short> evenA = (a._value.AsUInt16() & Vector256.Create((ushort)0xFF)).AsInt16(),
            oddA = (a._value.AsUInt16() >>> 8).AsInt16(), evenB = b._value.AsInt16() << 8 >> 8,
            oddB = b._value.AsInt16() >> 8;
        return new((sums._value.AsInt32() + Avx2.MultiplyAddAdjacent(evenA, evenB)
            + Avx2.MultiplyAddAdjacent(oddA, oddB)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 AddIntegers(Simd256 left, Simd256 right) =>
        new((left._value.AsInt32() + right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 FromIntegers(Simd256 integers) =>
        new(Vector256.ConvertToSingle(integers._value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(byte* destination, Simd256 numbers)
    {
        Vector256<int> whole = Avx.ConvertToVector256Int32(numbers._value);
        Vector128<short> halves = Vector128.Narrow(whole.GetLower(), whole.GetUpper());
        *(ulong*)destination = Vector128.Narrow(halves, halves).AsUInt64().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 MaxMagnitude(Simd256 largest, Simd256 value) => new(Vector256.Max(
        largest._value.AsInt32(), value._value.AsInt32() & Vector256.Create(0x7FFFFFFF)).AsSingle());
}
