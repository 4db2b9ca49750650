using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>128 bits: 4 lanes; Arm64, and x86 without AVX2.</summary>
internal readonly unsafe struct Simd128 : ISimd<Simd128>
{
    private readonly Vector128<float> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Simd128(Vector128<float> value) => _value = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4;
    }

    public static int TileRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 6;
    }

    public static Simd128 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector128<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Load(float* source) => new(Vector128.Load(source));

    public static Simd128 LoadPartial(float* source, int count)
    {
        float* lanes = stackalloc float[4];
        for (int i = 0; i < 4; i++) lanes[i] = i < count ? source[i] : 0;
        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Simd128 value) => value._value.Store(destination);

    public static void StorePartial(float* destination, Simd128 value, int count)
    {
        for (int i = 0; i < count; i++) destination[i] = value._value[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 operator +(Simd128 left, Simd128 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 operator -(Simd128 left, Simd128 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 operator *(Simd128 left, Simd128 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 operator /(Simd128 left, Simd128 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Fma(Simd128 a, Simd128 b, Simd128 c) =>
        new(Vector128.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Fma(float* a, Simd128 b, Simd128 c) => Fma(Broadcast(*a), b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Max(Simd128 left, Simd128 right) =>
        new(Vector128.ConditionalSelect(Vector128.GreaterThan(left._value, right._value), left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Min(Simd128 left, Simd128 right) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(left._value, right._value), left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Abs(Simd128 value) => new(Vector128.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Sqrt(Simd128 value) => new(Vector128.Sqrt(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Round(Simd128 value) => new(Vector128.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 ScaleByPowerOfTwo(Simd128 value, Simd128 exponent) =>
        new(value._value * ((Vector128.ConvertToInt32(exponent._value) + Vector128.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 SplitExponent(Simd128 value, out Simd128 exponent)
    {
        // Bits relative to √½: the carry into the exponent field tells on which side of it the mantissa lies.
        Vector128<int> offset = value._value.AsInt32() - Vector128.Create(0x3F3504F3);
        exponent = new(Vector128.ConvertToSingle(offset >> 23));
        return new(((offset & Vector128.Create(0x007FFFFF)) + Vector128.Create(0x3F3504F3)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 SelectGreaterOrEqual(Simd128 left, Simd128 right, Simd128 whenTrue, Simd128 whenFalse) =>
        new(Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(left._value, right._value), whenTrue._value,
            whenFalse._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd128 value) => Vector128.Sum(value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Simd128 value)
    {
        Vector128<float> v = value._value;
        v = Vector128.MaxNative(v, Vector128.Shuffle(v, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(v, Vector128.Shuffle(v, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Split(Simd128 low, Simd128 high, out Simd128 odd)
    {
        odd = new(Vector128.Create(low._value[1], low._value[3], high._value[1], high._value[3]));
        return new(Vector128.Create(low._value[0], low._value[2], high._value[0], high._value[2]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 Join(Simd128 even, Simd128 odd, out Simd128 high)
    {
        high = new(Vector128.Create(even._value[2], odd._value[2], even._value[3], odd._value[3]));
        return new(Vector128.Create(even._value[0], odd._value[0], even._value[1], odd._value[1]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 ToPairs(Simd128 even, Simd128 odd) => new(
        ((Rounded(even._value) >>> 16) | (Rounded(odd._value) & Vector128.Create(0xFFFF0000))).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 LowerOfPairs(Simd128 pairs) => new((pairs._value.AsUInt32() << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 UpperOfPairs(Simd128 pairs) =>
        new((pairs._value.AsUInt32() & Vector128.Create(0xFFFF0000)).AsSingle());

    /// <summary>Bits whose upper half is the nearest bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Rounded(Vector128<float> value)
    {
        Vector128<uint> bits = value.AsUInt32(), one = Vector128<uint>.One;
        Vector128<uint> rounded = bits + Vector128.Create(0x7FFFu) + ((bits >>> 16) & one);
        Vector128<uint> small = Vector128.Equals(bits & Vector128.Create(0x7F800000u), Vector128<uint>.Zero);
        rounded = Vector128.ConditionalSelect(small, bits & Vector128.Create(0x80000000u), rounded);
        return Vector128.ConditionalSelect(Vector128.Equals(value, value).AsUInt32(), rounded,
            bits | Vector128.Create(0x00400000u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 AddBytes(Simd128 a, Simd128 b, Simd128 sums)
    {
        Vector128<int> sum = sums._value.AsInt32(), x = a._value.AsInt32(), y = b._value.AsInt32();
        sum += (x & Vector128.Create(0xFF)) * (y << 24 >> 24);
        sum += (x >>> 8 & Vector128.Create(0xFF)) * (y << 16 >> 24);
        sum += (x >>> 16 & Vector128.Create(0xFF)) * (y << 8 >> 24);
        return new((sum + (x >>> 24) * (y >> 24)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 AddIntegers(Simd128 left, Simd128 right) =>
        new((left._value.AsInt32() + right._value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 FromIntegers(Simd128 integers) =>
        new(Vector128.ConvertToSingle(integers._value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(byte* destination, Simd128 numbers)
    {
        Vector128<int> whole = Vector128.ConvertToInt32Native(Vector128.Round(numbers._value));
        Vector128<short> halves = Vector128.Narrow(whole, whole);
        *(uint*)destination = Vector128.Narrow(halves, halves).AsUInt32().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 MaxMagnitude(Simd128 largest, Simd128 value) => new(Vector128.Max(
        largest._value.AsInt32(), value._value.AsInt32() & Vector128.Create(0x7FFFFFFF)).AsSingle());
}
