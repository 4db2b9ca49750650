using Fovea.Core.Formats;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Records;

namespace Fovea.Data.Tests.Datasets.Records;

/// <summary>Damaged files end in a <see cref="DataException"/> or in data: no other exception, no hang, no huge
/// allocation.</summary>
public sealed class FuzzTests : IDisposable
{
    private const long AllocationLimit = 64 << 20;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damaged_idx_files_end_in_a_data_error(bool zipped)
    {
        byte[] file = Make.Idx([4, 5, 5], new byte[100]);
        Fuzz(zipped ? Make.Gzip(file) : file, 1_500, bytes => IdxFile.Read(_folder.Write("x", bytes), 3));
    }

    [Fact]
    public void Damaged_pickles_end_in_a_data_error()
    {
        byte[] file = Make.CifarPickle(Make.CifarBinary(1, 1, 10), "labels");
        Fuzz(file, 3_000, bytes => CifarRecords.ReadPython(bytes, "x", "labels", 10), onlyFirst: 220);
        Fuzz(file, 500, bytes => CifarRecords.ReadPython(bytes, "x", "labels", 10));
    }

    [Fact]
    public void Random_opcodes_end_in_a_data_error()
    {
        // Only opcodes that exist, so that the reader gets beyond the first.
        byte[] opcodes = [.. "(NJKMUT]}aesutqrhjcRb."u8, 0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x93, 0x94, 0x95, 0, 1, 2];
        for (ulong round = 0; round < 5_000; round++)
        {
            Philox draws = Philox.For(1, "opcodes", round);
            byte[] file = [0x80, 2,
                .. Enumerable.Range(0, 60).Select(i => opcodes[draws.Below((ulong)i, opcodes.Length)])];
            Survives(file, bytes => new PickleReader(bytes, "x").Read());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damaged_archives_end_in_a_data_error(bool zipped)
    {
        byte[] archive = Make.Tar([.. Ten(1)]);
        int? headers = zipped ? null : 1536;
        Fuzz(zipped ? Make.Gzip(archive) : archive, 1_500, bytes => Cifar.Load10(_folder.Write("x.tar.gz", bytes)),
            headers);
    }

    [Fact]
    public void Damaged_cifar_records_end_in_a_data_error() =>
        Fuzz(Make.CifarBinary(2, 2, 100), 1_000, bytes => CifarRecords.ReadBinary(bytes, "x", 2, 100));

    internal static IEnumerable<(string, byte[])> Ten(int count) =>
    [
        .. Enumerable.Range(1, 5).Select(i => ($"data_batch_{i}.bin", Make.CifarBinary(count, 1, 10, i))),
        ("test_batch.bin", Make.CifarBinary(count, 1, 10, 9)),
        ("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"u8.ToArray()),
    ];

    /// <summary>Flips, overwrites or cuts bytes of the file and reads it each time.</summary>
    private static void Fuzz(byte[] file, int rounds, Action<byte[]> read, int? onlyFirst = null)
    {
        for (int round = 0; round < rounds; round++)
        {
            Philox draws = Philox.For(7, "fuzz", (ulong)round);
            byte[] damaged = (byte[])file.Clone();
            for (int i = draws.Below(0, 4); i >= 0; i--)
            {
                ulong n = 10 + 4 * (ulong)i;
                int at = draws.Below(n, onlyFirst ?? file.Length);
                damaged[at] = draws.Below(n + 1, 3) switch
                {
                    0 => (byte)(damaged[at] ^ 1 << draws.Below(n + 2, 8)),
                    1 => (byte)draws.Below(n + 2, 256),
                    _ => 0xFF,
                };
            }

            if (draws.Below(1, 4) == 0) damaged = damaged[..draws.Below(2, file.Length)];
            Survives(damaged, read);
        }
    }

    private static void Survives(byte[] file, Action<byte[]> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read(file);
        }
        catch (DataException e)
        {
            Assert.NotEmpty(e.Message);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocationLimit);
    }
}
