using System.Text;
using Fovea.Core.Formats;

namespace Fovea.Core.Tests.Formats;

public sealed class PickleReaderTests
{
    [Fact]
    public void Plain_values_of_protocol_2_are_read()
    {
        // {'a': [1, 300, -2, None, True, (False,)]}
        byte[] minusTwo = Make.Little(-2);
        object? value = Read(Make
            .Pickle([.. "}U\u0001a](K\u0001M"u8, 44, 1, (byte)'J', .. minusTwo, (byte)'N', 0x88, 0x89, 0x85,
                .. "es."u8]));
        List<object?> list = Assert.IsType<List<object?>>(Assert.IsType<Dictionary<string, object?>>(value)["a"]);
        Assert.Equal([1L, 300L, -2L, null, true], list[..5]);
        Assert.Equal(new object?[] { false }, list[5]);
    }

    [Fact]
    public void Values_of_protocol_4_are_read_and_recalled()
    {
        // FRAME, ['xy', 'xy'] with MEMOIZE and BINGET
        byte[] frame = [0x95, 11, 0, 0, 0, 0, 0, 0, 0], text = [0x8C, 2, .. "xy"u8];
        byte[] file = [0x80, 4, .. frame, (byte)']', 0x94, (byte)'(', .. text, 0x94, (byte)'h', 1, .. "e."u8];
        List<object?> list = Assert.IsType<List<object?>>(Read(file));
        Assert.Equal(["xy", "xy"], list.Select(text => text!.ToString()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_array_is_read_in_either_order(bool columnsFirst)
    {
        byte[] binary = Make.CifarBinary(3, 1, 10);
        var map = Assert.IsType<Dictionary<string, object?>>(Read(Make.CifarPickle(binary, "labels", columnsFirst)));
        NumpyArray array = Assert.IsType<NumpyArray>(map["data"]);
        Assert.Equal((3, 3072), (array.Rows, array.Columns));
        Assert.Equal(binary[(2 * 3073 + 1)..], array.RowByRow()[(2 * 3072)..].ToArray());
    }

    [Fact]
    public void Another_class_is_named_and_nothing_is_executed() =>
        Fails("asks for 'os.system' (offset 2)",
            Make.Pickle([.. "cos\nsystem\n"u8, .. Make.Text("echo"), 0x85, .. "R."u8]));

    [Fact]
    public void Another_class_of_protocol_4_is_named() =>
        Fails("asks for 'builtins.eval'", [0x80, 4, 0x8C, 8, .. "builtins"u8, 0x8C, 4, .. "eval"u8, 0x93, (byte)'.']);

    [Fact]
    public void Another_opcode_is_named_with_its_offset() =>
        Fails("opcode 0x69", Make.Pickle("(ios\nsystem\n."u8.ToArray()));

    [Theory]
    [InlineData(0L, new byte[] { 0 })]
    [InlineData(-1L, new byte[] { 1, 0xFF })]
    [InlineData(3072L, new byte[] { 2, 0, 12 })]
    [InlineData(128L, new byte[] { 2, 128, 0 })]
    public void Longs_are_read(long value, byte[] file) =>
        Assert.Equal(value, Read(Make.Pickle([0x8A, .. file, (byte)'.'])));

    [Fact]
    public void Values_stored_under_far_keys_are_refused() =>
        Fails("far key 16777217", Make.Pickle([(byte)'N', (byte)'r', 1, 0, 0, 1, (byte)'.']));

    [Fact]
    public void Calling_what_is_no_function_is_refused() =>
        Fails("calls something", Make.Pickle([.. "cnumpy\nndarray\n)R."u8]));

    [Fact]
    public void Text_pickles_are_refused() => Fails("opcode 0x49", "I1\n."u8.ToArray());

    [Fact]
    public void A_string_longer_than_the_file_is_refused() =>
        Fails("cut off", Make.Pickle([(byte)'T', 0xFF, 0xFF, 0xFF, 0x7F, 1]));

    [Fact]
    public void A_file_without_an_end_is_refused() => Fails("cut off", Make.Pickle("]"u8.ToArray()));

    [Fact]
    public void Endless_nesting_is_refused() =>
        Fails("nests more than", Make.Pickle([.. Enumerable.Repeat((byte)']', 200_000), (byte)'.']));

    [Fact]
    public void Endless_work_is_refused()
    {
        string appends = string.Concat(Enumerable.Repeat("Na", 600_000));
        Fails("more than 1000000 opcodes", Make.Pickle([(byte)']', .. Encoding.ASCII.GetBytes(appends), (byte)'.']));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("a.")]
    [InlineData("(a.")]
    [InlineData("](Na.")]
    [InlineData("h\u0001.")]
    [InlineData("NNs.")]
    [InlineData("e.")]
    [InlineData("}(NNNu.")]
    [InlineData("q\u0001.")]
    [InlineData("Nb.")]
    public void Values_that_are_not_there_are_refused(string opcodes) =>
        Assert.Throws<DataException>(() => Read(Make.Pickle(opcodes.Select(letter => (byte)letter))));

    private static object? Read(byte[] file) => new PickleReader(file, "batch").Read();

    private static void Fails(string message, byte[] file) =>
        Assert.Contains(message, Assert.Throws<DataException>(() => Read(file)).Message);
}
