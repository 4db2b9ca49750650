using System.Diagnostics;
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
        for (int round = 0; round < rounds; round++)
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

            if (draws.Below(1, 5) == 0) damaged = damaged[..draws.Below(2, file.Length)];
            Survives(damaged);
        }
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
