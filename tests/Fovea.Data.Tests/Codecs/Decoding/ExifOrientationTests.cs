using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Tests.Codecs.Decoding;

public sealed class ExifOrientationTests
{
    /// <summary>What the letters abc/def become: rows of the upright image.</summary>
    [Theory]
    [InlineData(1, "abc/def")]
    [InlineData(2, "cba/fed")]
    [InlineData(3, "fed/cba")]
    [InlineData(4, "def/abc")]
    [InlineData(5, "ad/be/cf")]
    [InlineData(6, "da/eb/fc")]
    [InlineData(7, "fc/eb/da")]
    [InlineData(8, "cf/be/ad")]
    public void All_eight_are_turned_upright(int orientation, string expected)
    {
        RawImage image = new(3, 2, 3);
        for (int channel = 0; channel < 3; channel++) "abcdef"u8.CopyTo(image.Plane(channel));
        ExifOrientation.Apply(orientation, image);
        string[] rows = expected.Split('/');
        Assert.Equal((3, rows.Length, rows[0].Length), (image.Channels, image.Height, image.Width));
        for (int channel = 0; channel < 3; channel++)
            Assert.Equal(string.Concat(rows), System.Text.Encoding.ASCII.GetString(image.Plane(channel)));
    }

    [Fact]
    public void Both_byte_orders_and_both_types_are_understood()
    {
        byte[] little = [.. "II*\0"u8, 8, 0, 0, 0, 2, 0, 0x0F, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x12, 1, 3, 0, 1, 0, 0,
            0, 6, 0, 0, 0];
        byte[] big = [.. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8];
        Assert.Equal(6, ExifOrientation.Parse(little));
        Assert.Equal(8, ExifOrientation.Parse(big));
        for (int length = 0; length < little.Length; length++)
            Assert.Equal(1, ExifOrientation.Parse(little.AsSpan(0, Math.Min(length, 31))));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(0)]
    public void Values_that_do_not_exist_are_upright(byte value) =>
        Assert.Equal(1, ExifOrientation.Parse(
            [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0]));

    [Fact]
    public void A_directory_beyond_the_end_is_upright() =>
        Assert.Equal(1, ExifOrientation.Parse([.. "II*\0"u8, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0]));
}
