using System.Security.Cryptography;
using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Tests.Transforms.Pixels;

public sealed class HueTests
{
    [Theory]   // see Pattern
    [InlineData(0.25,
        "285e58c9763e07cf5ab0b5c4e13d73bf0cdbe03e4f4e82b323c2391d1aa7" +
        "703100ceb9bfc6d90d4c8ad739aa5cb16414c3909aaec91b54976410cab2",
        "f4ee132b57f3f0e9")]
    [InlineData(-0.1,
        "564e82b123c240141aa6703100ceb9bec6cf0d548ad739aa62a86414c390" +
        "9fb8d91b54975710d9b228555bc9763e07cf4eb0b5c4e14578bf0cdbe03e",
        "3c901d4062f2b807")]
    [InlineData(0.5,
        "8ad739b176706168c390b5c4e11b54970c10e0b2284e7cc9653e07cf1ab0" +
        "ac8e8495a5bf11db893e808282aa23c264142e97703100ceb9acc6740d85",
        "fb818af9202be3db")]
    [InlineData(-0.5,
        "8ad739af7676645fc390b5c4e11b54971110e0b2284e79c9693e07cf1ab0" +
        "af958f8da0bf0cdb933e7b7b82aa23c263142699703100ceb9aec67e0d80",
        "819c72891e7f0235")]
    public void A_turn_is_that_of_pillow(double share, string small, string large)
    {
        RawImage one = Pattern.Small(), other = Pattern.Large();
        Hue.Shift(one, share);
        Hue.Shift(other, share);
        Assert.Equal((small, large), (Pattern.Hex(one), Pattern.Digest(other)));
    }

    [Fact]
    [Trait("Category", "Slow")]   // SHA-256 of what Pillow 9.4 makes of all 2²⁴ colours, in order
    public void All_colours_convert_as_in_pillow()
    {
        Assert.Equal("21b59822901a4f6c8c1eb99c91c22061542a3832d3e257dff997caab79bc666e", DigestOfAll(Hue.ToHsv));
        Assert.Equal("1d9c2d26d34e85a68dec9d8d87ce0fdcce636d7b8eaec88f7baad6b85cdf4b3b", DigestOfAll(Hue.ToRgb));
    }

    private static string DigestOfAll(Func<byte, byte, byte, (byte, byte, byte)> convert)
    {
        byte[] all = new byte[3 << 24];
        for (int i = 0; i < 1 << 24; i++)
            (all[3 * i], all[3 * i + 1], all[3 * i + 2]) = convert((byte)(i >> 16), (byte)(i >> 8), (byte)i);
        return Convert.ToHexStringLower(SHA256.HashData(all));
    }
}
