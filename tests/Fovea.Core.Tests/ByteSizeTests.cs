namespace Fovea.Core.Tests;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(512, "512 B")]
    [InlineData(1023, "1,023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1_572_864, "1.5 MiB")]
    [InlineData(614_465_536, "586 MiB")]
    [InlineData(1_234_567_890, "1.15 GiB")]
    [InlineData(13_421_772_800, "12.5 GiB")]
    [InlineData(1e15, "909 TiB")]
    [InlineData(1e30, "867,361,737,988 EiB")]
    public void Memory_is_written_in_binary_units(double bytes, string expected) =>
        Assert.Equal(expected, ByteSize.Text(bytes));
}
