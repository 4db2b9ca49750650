using Fovea.Data.Codecs.Jpeg;

namespace Fovea.Data.Tests.Codecs.Jpeg;

public sealed class HuffmanTableTests
{
    [Fact]
    public void Codes_of_every_length_are_found()
    {
        // One code of each length from 1 to 16: 0, 10, 110, ...
        HuffmanTable table = new([.. Enumerable.Repeat((byte)1, 16)],
            [.. Enumerable.Range(0, 16).Select(i => (byte)(i << 4 | 3))]);
        for (int length = 1; length <= 16; length++)
        {
            ulong code = (ulong.MaxValue << 1) << (64 - length) | 0b101ul << (64 - length - 3);
            if (length == 1) code = 0b0101ul << 60;
            BitReader reader = new([], 0) { Bits = code, Count = 64 };
            Assert.Equal((length - 1) << 4 | 3, table.Decode(ref reader));
            Assert.Equal(64 - length, reader.Count);
            Assert.Equal(5, reader.Take(3));
        }

        BitReader ones = new([], 0) { Bits = ulong.MaxValue, Count = 64 };
        Assert.Equal(-1, table.Decode(ref ones));
    }

    [Fact]
    public void Short_codes_come_with_their_coefficients()
    {
        HuffmanTable table = new([1, 0, 1, .. new byte[13]], [0x12, 0x08]);   // 0: run 1, two bits; 100: eight bits
        Assert.Equal(3 << 16 | 1 << 12 | 3, table.Coefficients[0b011_0000000]);
        Assert.Equal(-3 << 16 | 1 << 12 | 3, table.Coefficients[0b000_1111111]);
        Assert.Equal(8 << 8 | 3, table.Coefficients[0b100_1111111]);
        Assert.Equal(0, table.Coefficients[0b111_1111111]);
    }

    [Fact]
    public void Too_many_codes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new HuffmanTable([2, .. new byte[15]], [1, 2]));
        Assert.Throws<ArgumentException>(() => new HuffmanTable([1, 2, .. new byte[14]], [1, 2, 3]));
    }
}
