using System.Buffers.Binary;
using System.Diagnostics;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Records;

namespace Fovea.Data.Tests.Datasets.Records;

/// <summary>Files that are huge by their length and have no contents: their size alone refuses them.</summary>
public sealed class SparseFileTests : IDisposable
{
    private const long Huge = 1L << 36;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_batch_of_cifar()
    {
        foreach ((string name, byte[] content) in FuzzTests.Ten(1)) _folder.Write(name, content);
        Sparse("data_batch_3.bin", []);
        Refused("data_batch_3.bin", () => Cifar.Load10(_folder.Path));
    }

    [Fact]
    public void A_batch_in_an_archive_of_cifar()
    {
        byte[] tar = Make.Tar([("data_batch_1.bin", new byte[512])]);
        // the size, in octal digits, and the checksum of the header
        "777777777777"u8.CopyTo(tar.AsSpan(124));
        tar.AsSpan(148, 8).Fill((byte)' ');
        int sum = tar.AsSpan(0, 512).ToArray().Sum(value => value);
        System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, 148);
        string path = Sparse("cifar-10-binary.tar", tar[..1024]);
        Refused("cifar-10-binary.tar", () => Cifar.Load10(path));
    }

    [Theory]
    [InlineData(1, 100_000_000 * 20L)]
    [InlineData(3, 60_000_000)]
    public void Records_of_mnist(int dimensions, long count)
    {
        byte[] header = new byte[4 + 4 * dimensions];
        BinaryPrimitives.WriteInt32BigEndian(header, 0x0800 + dimensions);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), (uint)count);
        for (int i = 1; i < dimensions; i++) BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * i), 28);
        string path = Sparse("records", header);
        Refused("records", () => IdxFile.Read(path, dimensions));
    }

    private string Sparse(string name, byte[] start)
    {
        string path = _folder.Write(name, start);
        try
        {
            using FileStream file = new(path, FileMode.Open);
            file.SetLength(Huge);
        }
        catch (IOException)
        {
            Assert.Skip("The file system has no files with holes.");
        }

        return path;
    }

    private static void Refused(string name, Action read)
    {
        Stopwatch watch = Stopwatch.StartNew();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(name, Assert.Throws<DataException>(read).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }
}
