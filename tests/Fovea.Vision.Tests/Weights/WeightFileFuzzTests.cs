using System.Diagnostics;
using System.IO.Compression;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights;

/// <summary>Damaged files end in a <see cref="CheckpointException"/> or in values: nothing else, no hang, no huge
/// allocation.</summary>
[Trait("Category", "Slow")]
public sealed class WeightFileFuzzTests : IDisposable
{
    private const long AllocationLimit = 64 << 20;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Damaged_zip_files_of_torch_end_in_one_error() => Fuzz(TorchFiles.Sample(legacy: false), 4_000);

    [Fact]
    public void Damaged_old_files_of_torch_end_in_one_error() => Fuzz(TorchFiles.Sample(legacy: true), 4_000);

    [Fact]
    public void Damaged_safetensors_end_in_one_error()
    {
        using MemoryStream stream = new();
        Weight[] tensors = [Weight.Of("model.a", WeightType.F32, [2, 2], [1, 2, 3, 4]),
            Weight.Of("model.b", WeightType.BF16, [3], [1, 2, 3])];
        SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        Fuzz(stream.ToArray(), 4_000);
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Damaged_archives_of_numpy_end_in_one_error(CompressionLevel level) =>
        Fuzz(Numpy(level, ("a", NumpyFiles.Array([2, 2], [1, 2, 3, 4])), ("b/c", NumpyFiles.Array([3], [1, 2, 3])),
            ("d", NumpyFiles.Array([], [7]))), 4_000);

    /// <summary>Arrays that are damaged within an archive that is not: no checksum keeps the reader from
    /// them.</summary>
    [Fact]
    public void Damaged_arrays_in_sound_archives_of_numpy_end_in_one_error()
    {
        byte[] array = NumpyFiles.Array([2, 3], [1, 2, 3, 4, 5, 6]);
        for (int round = 0; round < 4_000; round++)
            Survives(Numpy(CompressionLevel.NoCompression, ("a", Damaged(array, round))));
    }

    /// <summary>Names of Google's ViT with sizes that do not belong together.</summary>
    [Fact]
    public void Sizes_that_no_model_has_under_the_names_of_Google_end_in_one_error()
    {
        string[] names =
        [
            "cls", "embedding/kernel", "embedding/bias", "head/kernel", "head/bias", "pre_logits/kernel",
            "Transformer/posembed_input/pos_embedding", "Transformer/encoder_norm/scale",
            .. ((string[])["LayerNorm_0/scale", "MultiHeadDotProductAttention_1/query/kernel",
                "MultiHeadDotProductAttention_1/key/kernel", "MultiHeadDotProductAttention_1/value/kernel",
                "MultiHeadDotProductAttention_1/query/bias", "MultiHeadDotProductAttention_1/key/bias",
                "MultiHeadDotProductAttention_1/value/bias", "MultiHeadDotProductAttention_1/out/kernel",
                "MlpBlock_3/Dense_0/kernel", "MlpBlock_3/Dense_1/bias"])
                .SelectMany(inner => (string[])[$"Transformer/encoderblock_0/{inner}",
                    $"Transformer/encoderblock_99999999999/{inner}"]),
        ];
        for (ulong round = 0; round < 1_000; round++)
        {
            Philox draws = Philox.For(5, "google", round);
            ulong n = 0;
            (string, byte[])[] arrays = [.. names.Where(_ => draws.Below(n++, 4) > 0).Select(name =>
            {
                int[] shape = [.. Enumerable.Range(0, draws.Below(n++, 6)).Select(_ => draws.Below(n++, 4))];
                return (name, NumpyFiles.Array(shape,
                    new float[shape.Aggregate(1, (product, size) => product * size)]));
            })];
            Survives(Numpy(CompressionLevel.NoCompression, arrays));
        }
    }

    [Fact]
    public void Random_opcodes_end_in_one_error()
    {
        // Only opcodes that exist, with names that are known, so that the reader gets beyond the first.
        byte[][] pieces =
        [
            .. "(NJKMUT]}aesutqrhjRbQG."u8.ToArray().Select(opcode => new[] { opcode }), [0x81], [0x85], [0x86], [0x87],
            [0x88], [0x8A, 1, 5], [0x93], [0x95], [0], [1],
            "ctorch._utils\n_rebuild_tensor_v2\n"u8.ToArray(), "ctorch\nFloatStorage\n"u8.ToArray(),
            "ccollections\nOrderedDict\n"u8.ToArray(), "U\u0007storage"u8.ToArray(), "U\u00010"u8.ToArray(),
        ];
        for (ulong round = 0; round < 4_000; round++)
        {
            Philox draws = Philox.For(1, "opcodes", round);
            byte[] pickle = [0x80, 2,
                .. Enumerable.Range(0, 40).SelectMany(i => pieces[draws.Below((ulong)i, pieces.Length)]), (byte)'.'];
            Survives(TorchFiles.Zip(pickle, [("0", new byte[16])]));
        }
    }

    private void Fuzz(byte[] file, int rounds)
    {
        for (int round = 0; round < rounds; round++) Survives(Damaged(file, round));
    }

    private static byte[] Damaged(byte[] file, int round)
    {
        Philox draws = Philox.For(3, "fuzz", (ulong)round);
        byte[] damaged = (byte[])file.Clone();
        for (int i = draws.Below(0, 4); i >= 0; i--)
        {
            ulong n = 10 + 4 * (ulong)i;
            int at = draws.Below(n, file.Length);
            damaged[at] = draws.Below(n + 1, 3) switch
            {
                0 => (byte)(damaged[at] ^ 1 << draws.Below(n + 2, 8)),
                1 => (byte)draws.Below(n + 2, 256),
                _ => 0xFF,
            };
        }

        return draws.Below(1, 5) == 0 ? damaged[..draws.Below(2, file.Length)] : damaged;
    }

    private static byte[] Numpy(CompressionLevel level, params (string Name, byte[] Array)[] arrays)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create))
            foreach ((string name, byte[] array) in arrays) NumpyFiles.Add(archive, name, array, level);
        return stream.ToArray();
    }

    private void Survives(byte[] contents)
    {
        string path = _folder.Write("x", contents);
        (long before, Stopwatch watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
        try
        {
            using WeightFile file = WeightFiles.Open(path);
            foreach (Weight weight in StateDict.Of(file).Weights) weight.ToArray();
        }
        catch (CheckpointException error)
        {
            Assert.NotEmpty(error.Message);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocationLimit);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }
}
