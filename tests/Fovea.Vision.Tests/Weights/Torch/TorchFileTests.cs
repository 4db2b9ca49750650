using System.Text;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Torch;

public sealed class TorchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, "PyTorch (zip)")]
    [InlineData(true, "PyTorch (before 1.6)")]
    public void Both_formats_are_read_and_told_by_their_bytes(bool legacy, string format)
    {
        using WeightFile file = WeightFiles.Open(_folder.Write("any-name", TorchFiles.Sample(legacy)));

        Assert.Equal(format, file.Format);
        Assert.Equal(["model.a.weight F32 [2, 3]", "model.b.weight F32 [2, 2]"],
            file.Weights.Select(weight => weight.ToString()));
        Assert.Equal([1, 2, 3, 4, 5, 6], file.Weights[0].ToArray());
        Assert.Equal([1, 3, 2, 4], file.Weights[1].ToArray());   // its rows are columns
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("subprocess", "Popen")]
    [InlineData("timm.models.vision_transformer", "VisionTransformer")]
    [InlineData("torch", "load")]
    public void Any_other_name_is_refused_by_that_name(string module, string name)
    {
        byte[] pickle = new Pickler().Global(module, name).Text("touch /tmp/never").Raw(0x85, (byte)'R').ToArray();
        foreach (byte[] file in (byte[][])[TorchFiles.Zip(pickle, []), TorchFiles.Legacy(pickle)])
        {
            string message = Refused(file);
            Assert.Contains($"asks for '{module}.{name}'", message, StringComparison.Ordinal);
            Assert.Contains("nothing was executed", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flipped_bit_of_a_zip_archive_never_changes_numbers()
    {
        using TemporaryFolder folder = new();
        byte[] file = TorchFiles.Sample(legacy: false);
        float[] expected = Numbers(file);
        int refused = 0;
        for (int bit = 0; bit < 8 * file.Length; bit++)
        {
            byte[] damaged = [.. file];
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                Assert.Equal(expected, Numbers(damaged));
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }

        // Times, attributes and versions in the archive decide nothing.
        Assert.InRange(refused, 8 * file.Length / 4, 8 * file.Length);

        float[] Numbers(byte[] bytes)
        {
            using WeightFile weights = WeightFiles.Open(folder.Write("weights.pth", bytes));
            return [.. weights.Weights.SelectMany(weight => weight.ToArray())];
        }
    }

    [Fact]
    public void A_file_that_is_cut_short_while_it_is_open_gives_a_message()
    {
        using TemporaryFolder folder = new();
        byte[] pickle = new Pickler().Dict(("a", p => p.Tensor("0", 1 << 18, 0, [1 << 18], [1]))).ToArray();
        string path = folder.Write("weights.pth", TorchFiles.Zip(pickle, [("0", new byte[1 << 20])]));
        using WeightFile weights = WeightFiles.Open(path);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(5000);
        Assert.Contains("it was cut short while it was read",
            Assert.Throws<CheckpointException>(() => weights.Weights[0].ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_scripts_leave_beside_the_weights_is_passed_over()
    {
        byte[] pickle = new Pickler().Dict(
            ("args", p => p.Global("argparse",
                "Namespace").Raw([.. ")"u8, 0x81, .. "}"u8]).Text("lr")
                    .Raw([(byte)'G', 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, .. "sb"u8])),
            ("device", p => p.Global("torch", "device").Text("cpu").Raw(0x85, (byte)'R')),
            ("dtype", p => p.Global("torch", "float32")),
            ("size", p => p.Global("torch", "Size").Tuple(2, 3).Raw(0x85, (byte)'R')),
            ("optimizer", p => p.Raw("}K\u0000]s"u8)),   // {0: []}
            ("w", p => p.Tensor("0", 1, 0, [], []))).ToArray();
        using WeightFile file = WeightFiles.Open(
            _folder.Write("x", TorchFiles.Zip(pickle, [("0", TorchFiles.Floats(7))])));

        Assert.Equal("w F32 []", Assert.Single(file.Weights).ToString());
        Assert.Equal([7], file.Weights[0].ToArray());
    }

    [Fact]
    public void Parameters_of_old_and_new_files_are_tensors()
    {
        byte[] pickle = new Pickler()
            .Dict(("w", p => p.Global("torch._utils", "_rebuild_parameter").Raw((byte)'(').Tensor("0", 2, 0, [2],
                [1]).Raw(0x88)
            .Global("collections", "OrderedDict").Raw(")RtR"u8))).ToArray();
        using WeightFile file = WeightFiles.Open(
            _folder.Write("x", TorchFiles.Zip(pickle, [("0", TorchFiles.Floats(7, 8))])));
        Assert.Equal([7, 8], file.Weights[0].ToArray());
    }

    [Theory]
    [InlineData(7, 0, new long[] { 2, 3 }, new long[] { 3, 1 }, "needs 28")]
    [InlineData(6, 1, new long[] { 2, 3 }, new long[] { 3, 1 }, "needs 7 numbers of storage '0', which has 6")]
    [InlineData(6, 0, new long[] { 2, 3 }, new long[] { 1000, 1 }, "needs 1003 numbers")]
    [InlineData(6, 0, new long[] { -2, 3 }, new long[] { 3, 1 }, "impossible sizes")]
    [InlineData(6, -1, new long[] { 1 }, new long[] { 1 }, "impossible sizes")]
    [InlineData(6, 0, new long[] { 2, 3 }, new long[] { 3 }, "impossible sizes")]
    [InlineData(6, 0, new long[] { 1L << 62 }, new long[] { 0 }, "impossible sizes")]
    [InlineData(6, 0, new long[] { 1L << 40, 1L << 40 }, new long[] { 0, 0 }, "impossibly large")]
    [InlineData(6, 0, new long[] { 1L << 35 }, new long[] { 0 }, "would unpack from")]
    public void Tensors_that_do_not_lie_in_their_storage_are_refused(long count, long offset, long[] shape,
        long[] strides, string reason)
    {
        byte[] pickle = new Pickler().Dict(("w", p => p.Tensor("0", count, offset, shape, strides))).ToArray();
        Assert.Contains(reason, Refused(TorchFiles.Zip(pickle, [("0", TorchFiles.Floats(1, 2, 3, 4, 5, 6))])),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Packed_archives_are_not_unpacked()
    {
        // 100 MB of zeros in 100 KB: neither the pickle nor the storage is unpacked.
        byte[] pickle = new Pickler().Dict(("w", p => p.Tensor("0", 25_000_000, 0, [25_000_000], [1]))).ToArray();
        Assert.Contains("'data.pkl' packed",
            Refused(TorchFiles.Zip(pickle, [("0", new byte[100_000_000])], packed: true)), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_archives_are_named()
    {
        Assert.Contains("without data.pkl", Refused(Archive("photo.png")), StringComparison.Ordinal);
        Assert.Contains("TorchScript",
            Refused(TorchFiles.Zip(new Pickler().Dict().ToArray(), [], more: ("constants.pkl", []))),
            StringComparison.Ordinal);
        Assert.Contains("big-endian",
            Refused(TorchFiles.Zip(new Pickler().Dict().ToArray(), [], more: ("byteorder", "big"u8.ToArray()))),
            StringComparison.Ordinal);
        Assert.Contains("holds no 'data/0'",
            Refused(TorchFiles.Zip(new Pickler().Dict(("w", p => p.Tensor("0", 1, 0, [1], [1]))).ToArray(), [])),
            StringComparison.Ordinal);
        Assert.Contains("has 4 bytes for storage '0', which needs 8", Refused(
            TorchFiles.Zip(new Pickler().Dict(("w", p => p.Tensor("0", 2, 0, [2], [1]))).ToArray(),
                [("0", new byte[4])])), StringComparison.Ordinal);
        Assert.Contains("holds no tensors",
            Refused(TorchFiles.Zip(new Pickler().Dict(("epoch", p => p.Number(1))).ToArray(), [])),
            StringComparison.Ordinal);
        Assert.Contains("without a name",
            Refused(TorchFiles.Zip(new Pickler().Tensor("0", 1, 0, [1], [1]).ToArray(), [("0", new byte[4])])),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Nests_and_cycles_end_in_one_sentence()
    {
        // A dict that holds itself twice: all paths through it would be endless.
        byte[] cycle = new Pickler().Raw("}q\u0000"u8).Text("a").Raw("h\u0000s"u8).Text("b").Raw("h\u0000s"u8)
            .ToArray();
        Assert.Contains("nests too deeply", Refused(TorchFiles.Zip(cycle, [])), StringComparison.Ordinal);

        byte[] deep = [0x80, 2, .. Enumerable.Repeat((byte)']', 90_000), .. Enumerable.Repeat((byte)'a', 89_999),
            (byte)'.'];
        Assert.Contains("nests too deeply", Refused(TorchFiles.Zip(deep, [])), StringComparison.Ordinal);

        byte[] opened = [0x80, 2, .. Enumerable.Repeat((byte)'(', 2_000_000)];
        Assert.Contains("opcodes", Refused(TorchFiles.Zip(opened, [])), StringComparison.Ordinal);

        byte[] longName = new Pickler().Dict((new string('x', 1000), p => p.Tensor("0", 1, 0, [1], [1]))).ToArray();
        Assert.Contains("more than 500 letters", Refused(TorchFiles.Zip(longName, [("0", new byte[4])])),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        foreach (bool legacy in (bool[])[false, true])
        {
            byte[] file = TorchFiles.Sample(legacy);
            for (int length = 0; length < file.Length; length++) Assert.NotEmpty(Refused(file[..length]));
        }
    }

    private static byte[] Archive(string name)
    {
        using MemoryStream stream = new();
        using (System.IO.Compression.ZipArchive archive = new(stream, System.IO.Compression.ZipArchiveMode.Create,
            leaveOpen: true))
        {
            using Stream entry = archive.CreateEntry(name).Open();
            entry.Write(Encoding.ASCII.GetBytes(name));
        }

        return stream.ToArray();
    }

    /// <summary>The message, which is one sentence about the file.</summary>
    private string Refused(byte[] contents)
    {
        string path = _folder.Write("refused.pth", contents);
        string message = Assert.Throws<CheckpointException>(() => WeightFiles.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        return message;
    }
}
