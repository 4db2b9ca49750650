using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>AVX-512: 16 lanes in 32 registers.</summary>
internal readonly unsafe struct Simd512 : ISimd<Simd512>
{
    private readonly Vector512<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Simd512(Vector512<float> value) => _value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    public static int TileRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 12;
    }

    public static Simd512 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 LoadPartial(float* source, int count) =>
        new(Avx512F.MaskLoad(source, Mask(count), Vector512<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Simd512 value) => value._value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* destination, Simd512 value, int count) =>
        Avx512F.MaskStore(destination, Mask(count), value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator +(Simd512 left, Simd512 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator -(Simd512 left, Simd512 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator *(Simd512 left, Simd512 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 operator /(Simd512 left, Simd512 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Fma(Simd512 a, Simd512 b, Simd512 c) =>
        new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Fma(float* a, Simd512 b, Simd512 c) =>
        new(Avx512F.FusedMultiplyAdd(b._value, Vector512.Create(*a), c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Max(Simd512 left, Simd512 right) => new(Avx512F.Max(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Min(Simd512 left, Simd512 right) => new(Avx512F.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Abs(Simd512 value) => new(Vector512.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Sqrt(Simd512 value) => new(Vector512.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Round(Simd512 value) => new(Vector512.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 ScaleByPowerOfTwo(Simd512 value, Simd512 exponent) =>
        new(Avx512F.Scale(value._value, exponent._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Exp2(Simd512 t)
    {
        Vector512<float> x = Avx512F.Max(Vector512.Create(-126f), t._value);
        Vector512<float> whole = Avx512F.RoundScale(x, 0), r = Avx512F.Subtract(x, whole);
        Vector512<float> p = Avx512F.FusedMultiplyAdd(
            Vector512.Create(0.0013264723820611835f), r, Vector512.Create(0.009671512991189957f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.05550733581185341f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.24022242426872253f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(0.6931470036506653f));
        p = Avx512F.FusedMultiplyAdd(p, r, Vector512.Create(1f));
        return new(Avx512F.Scale(p, whole));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 SplitExponent(Simd512 value, out Simd512 exponent)
    {
        // Bits relative to √½: the carry into the exponent field tells on which side of it the mantissa lies.
        Vector512<int> offset = value._value.AsInt32() - Vector512.Create(0x3F3504F3);
        exponent = new(Vector512.ConvertToSingle(offset >> 23));
        return new(((offset & Vector512.Create(0x007FFFFF)) + Vector512.Create(0x3F3504F3)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 SelectGreaterOrEqual(Simd512 left, Simd512 right, Simd512 whenTrue, Simd512 whenFalse) =>
        new(Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(left._value, right._value), whenTrue._value,
            whenFalse._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd512 value) => Vector512.Sum(value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Simd512 value)
    {
        Vector256<float> half = Avx.Max(value._value.GetLower(), value._value.GetUpper());
        Vector128<float> v = Sse.Max(half.GetLower(), half.GetUpper());
        v = Vector128.MaxNative(v, Vector128.Shuffle(v, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(v, Vector128.Shuffle(v, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    /// <summary>All bits set in the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Mask(int count) =>
        Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Split(Simd512 low, Simd512 high, out Simd512 odd)
    {
        Vector512<int> even = Vector512<int>.Indices + Vector512<int>.Indices;
        odd = new(Avx512F.PermuteVar16x32x2(low._value, even + Vector512<int>.One, high._value));
        return new(Avx512F.PermuteVar16x32x2(low._value, even, high._value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 Join(Simd512 even, Simd512 odd, out Simd512 high)
    {
        Vector512<int> order = Vector512.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        high = new(Avx512F.PermuteVar16x32x2(even._value, order + Vector512.Create(8), odd._value));
        return new(Avx512F.PermuteVar16x32x2(even._value, order, odd._value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 ToPairs(Simd512 even, Simd512 odd) => new(
        ((Rounded(even._value) >>> 16) | (Rounded(odd._value) & Vector512.Create(0xFFFF0000))).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 LowerOfPairs(Simd512 pairs) => new((pairs._value.AsUInt32() << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 UpperOfPairs(Simd512 pairs) =>
        new((pairs._value.AsUInt32() & Vector512.Create(0xFFFF0000)).AsSingle());

    /// <summary>Bits whose upper half is the nearest bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rounded(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32(), one = Vector512<uint>.One;
        Vector512<uint> rounded = bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & one);
        Vector512<uint> small = Vector512.Equals(bits & Vector512.Create(0x7F800000u), Vector512<uint>.Zero);
        rounded = Vector512.ConditionalSelect(small, bits & Vector512.Create(0x80000000u), rounded);
        return Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded,
            bits | Vector512.Create(0x00400000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 AddBytes(Simd512 a, Simd512 b, Simd512 sums)
    {
        Vector512<short> evenA = (a._value.AsUInt16() & Vector512.Create((ushort)0xFF)).AsInt16(),
            oddA = (a._value.AsUInt16() >>> 8).AsInt16(), evenB = b._value.AsInt16() << 8 >> 8,
            oddB = b._value.AsInt16() >> 8;
        return new((sums._value.AsInt32() + Avx512BW.MultiplyAddAdjacent(evenA, evenB)
            + Avx512BW.MultiplyAddAdjacent(oddA, oddB)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 AddIntegers(Simd512 left, Simd512 right) =>
        new((left._value.AsInt32() + right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 FromIntegers(Simd512 integers) =>
        new(Vector512.ConvertToSingle(integers._value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(byte* destination, Simd512 numbers) =>
        Avx512F.ConvertToVector128Byte(Avx512F.ConvertToVector512Int32(numbers._value)).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 MaxMagnitude(Simd512 largest, Simd512 value) => new(Vector512.Max(
        largest._value.AsInt32(), value._value.AsInt32() & Vector512.Create(0x7FFFFFFF)).AsSingle());
}
