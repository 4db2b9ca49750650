using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>One lane: the kernels without vectors, for machines that have none and for tests.</summary>
internal readonly unsafe struct SimdScalar : ISimd<SimdScalar>
{
    private readonly float _value;

    private SimdScalar(float value) => _value = value;

    public static int Count => 1;

    public static int TileRows => 6;

    public static SimdScalar Zero => new(0);

    public static SimdScalar Load(float* source) => new(*source);

    public static SimdScalar LoadPartial(float* source, int count) => new(count > 0 ? *source : 0);

    public static void Store(float* destination, SimdScalar value) => *destination = value._value;

    public static void StorePartial(float* destination, SimdScalar value, int count)
    {
        if (count > 0) *destination = value._value;
    }

    public static SimdScalar Broadcast(float value) => new(value);

    public static SimdScalar operator +(SimdScalar left, SimdScalar right) => new(left._value + right._value);

    public static SimdScalar operator -(SimdScalar left, SimdScalar right) => new(left._value - right._value);

    public static SimdScalar operator *(SimdScalar left, SimdScalar right) => new(left._value * right._value);

    public static SimdScalar operator /(SimdScalar left, SimdScalar right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar Fma(SimdScalar a, SimdScalar b, SimdScalar c) =>
        new(MathF.FusedMultiplyAdd(a._value, b._value, c._value));

    public static SimdScalar Fma(float* a, SimdScalar b, SimdScalar c) => Fma(Broadcast(*a), b, c);

    public static SimdScalar Max(SimdScalar left, SimdScalar right) =>
        new(left._value > right._value ? left._value : right._value);

    public static SimdScalar Min(SimdScalar left, SimdScalar right) =>
        new(left._value < right._value ? left._value : right._value);

    public static SimdScalar Abs(SimdScalar value) => new(MathF.Abs(value._value));

    public static SimdScalar Sqrt(SimdScalar value) => new(MathF.Sqrt(value._value));

    public static SimdScalar Round(SimdScalar value) => new(MathF.Round(value._value));

    public static SimdScalar ScaleByPowerOfTwo(SimdScalar value, SimdScalar exponent) =>
        new(MathF.ScaleB(value._value, (int)exponent._value));

    public static SimdScalar SplitExponent(SimdScalar value, out SimdScalar exponent)
    {
        int offset = BitConverter.SingleToInt32Bits(value._value) - 0x3F3504F3;
        exponent = new(offset >> 23);
        return new(BitConverter.Int32BitsToSingle((offset & 0x007FFFFF) + 0x3F3504F3));
    }

    public static SimdScalar SelectGreaterOrEqual(SimdScalar left, SimdScalar right, SimdScalar whenTrue,
        SimdScalar whenFalse) =>
        left._value >= right._value ? whenTrue : whenFalse;

    public static void Prefetch(float* address)
    {
    }

    public static float Sum(SimdScalar value) => value._value;

    public static float MaxAcross(SimdScalar value) => value._value;

    public static SimdScalar Split(SimdScalar low, SimdScalar high, out SimdScalar odd)
    {
        odd = high;
        return low;
    }

    public static SimdScalar Join(SimdScalar even, SimdScalar odd, out SimdScalar high)
    {
        high = odd;
        return even;
    }

    public static SimdScalar ToPairs(SimdScalar even, SimdScalar odd) => new(BitConverter.UInt32BitsToSingle(
        (Rounded(even._value) >> 16) | (Rounded(odd._value) & 0xFFFF0000)));

    public static SimdScalar LowerOfPairs(SimdScalar pairs) =>
        new(BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(pairs._value) << 16));

    public static SimdScalar UpperOfPairs(SimdScalar pairs) =>
        new(BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(pairs._value) & 0xFFFF0000));

    /// <summary>Bits whose upper half is the nearest bfloat16.</summary>
    private static uint Rounded(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return bits | 0x00400000;
        uint rounded = bits + 0x7FFF + ((bits >> 16) & 1);
        return (bits & 0x7F800000) == 0 ? bits & 0x80000000 : rounded;
    }

    public static SimdScalar AddBytes(SimdScalar a, SimdScalar b, SimdScalar sums)
    {
        int sum = Bits(sums), x = Bits(a), y = Bits(b);
        for (int i = 0; i < 32; i += 8) sum += (x >>> i & 0xFF) * (sbyte)(y >> i);
        return new(BitConverter.Int32BitsToSingle(sum));
    }

    public static SimdScalar AddIntegers(SimdScalar left, SimdScalar right) =>
        new(BitConverter.Int32BitsToSingle(Bits(left) + Bits(right)));

    public static SimdScalar FromIntegers(SimdScalar integers) => new(Bits(integers));

    public static void StoreBytes(byte* destination, SimdScalar numbers) =>
        *destination = unchecked((byte)(int)MathF.Round(numbers._value));

    private static int Bits(SimdScalar value) => BitConverter.SingleToInt32Bits(value._value);

    public static SimdScalar MaxMagnitude(SimdScalar largest, SimdScalar value) =>
        new(BitConverter.Int32BitsToSingle(Math.Max(Bits(largest), Bits(value) & 0x7FFFFFFF)));
}
