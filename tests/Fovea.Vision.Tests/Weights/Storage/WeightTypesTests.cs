using System.Runtime.InteropServices;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Storage;

public sealed class WeightTypesTests
{
    [Fact]
    public void Every_half_and_brain_float_comes_back()
    {
        foreach (WeightType type in (WeightType[])[WeightType.F16, WeightType.BF16])
        {
            ushort[] all = [.. Enumerable.Range(0, 65536).Select(bits => (ushort)bits)];
            float[] values = new float[all.Length];
            ushort[] back = new ushort[all.Length];
            WeightTypes.ToSingles(type, MemoryMarshal.AsBytes(all.AsSpan()), values);
            WeightTypes.FromSingles(type, values, MemoryMarshal.AsBytes(back.AsSpan()));
            for (int bits = 0; bits < all.Length; bits++)
                Assert.True(float.IsNaN(values[bits]) ? IsNaN(type, back[bits]) : back[bits] == all[bits],
                    $"{type} {bits:X4}");
        }
    }

    [Theory]
    [InlineData(1f, 0x3F80)]
    [InlineData(1.00390625f, 0x3F80)]    // half way: to even
    [InlineData(1.01171875f, 0x3F82)]    // half way: to even
    [InlineData(1.0040f, 0x3F81)]
    [InlineData(3.4e38f, 0x7F80)]        // rounds to infinity
    public void Brain_floats_are_rounded_to_even(float value, int bits)
    {
        ushort[] stored = new ushort[1];
        WeightTypes.FromSingles(WeightType.BF16, [value], MemoryMarshal.AsBytes(stored.AsSpan()));
        Assert.Equal(bits, stored[0]);
    }

    [Theory]
    [InlineData(WeightType.F8E4M3, 0x7E, 448)]
    [InlineData(WeightType.F8E4M3, 0x38, 1)]
    [InlineData(WeightType.F8E4M3, 0x81, -0.001953125)]
    [InlineData(WeightType.F8E4M3, 0x7F, float.NaN)]
    [InlineData(WeightType.F8E5M2, 0x7B, 57344)]
    [InlineData(WeightType.F8E5M2, 0x3C, 1)]
    [InlineData(WeightType.I8, 0xFE, -2)]
    [InlineData(WeightType.U8, 0xFE, 254)]
    [InlineData(WeightType.BOOL, 2, 1)]
    public void Bytes_are_widened(WeightType type, byte stored, float value)
    {
        float[] values = new float[1];
        WeightTypes.ToSingles(type, [stored], values);
        Assert.Equal(value, values[0]);
    }

    private static bool IsNaN(WeightType type, ushort bits) =>
        type == WeightType.F16 ? Half.IsNaN(BitConverter.UInt16BitsToHalf(bits))
            : float.IsNaN(BitConverter.UInt32BitsToSingle((uint)bits << 16));
}
