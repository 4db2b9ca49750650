
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Datasets.Records;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Datasets;

public sealed class CifarTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Binary_and_python_versions_of_cifar10_agree_record_by_record()
    {
        DatasetSplits binary = Cifar.Load10(SharedFiles.Data("cifar10", "cifar-10-binary-subset.tar.gz"));
        DatasetSplits python = Cifar.Load10(SharedFiles.Data("cifar10", "cifar-10-python-subset.tar.gz"));
        Assert.Equal((10_000, 2_000), (binary.Train.Count, binary.Test.Count));
        Assert.Equal((500, 100), (python.Train.Count, python.Test.Count));
        Assert.Equal(binary.Info.ClassNames, python.Info.ClassNames);
        Assert.Equal("airplane", binary.Info.ClassNames[0]);
        for (int batch = 0; batch < 5; batch++)
            FirstOfEachClassAgree(binary.Train, 2_000 * batch, 2_000, python.Train, 100 * batch, 10);
        FirstOfEachClassAgree(binary.Test, 0, 2_000, python.Test, 0, 10);
    }

    [Fact]
    public void Binary_and_python_versions_of_cifar100_agree_record_by_record()
    {
        DatasetSplits binary = Cifar.Load100(SharedFiles.Data("cifar100", "cifar-100-binary-subset.tar.gz"));
        DatasetSplits python = Cifar.Load100(SharedFiles.Data("cifar100", "cifar-100-python-subset.tar.gz"));
        Assert.Equal((5_000, 1_000), (binary.Train.Count, binary.Test.Count));
        Assert.Equal((500, 100), (python.Train.Count, python.Test.Count));
        Assert.Equal(binary.Info.ClassNames, python.Info.ClassNames);
        FirstOfEachClassAgree(binary.Train, 0, 5_000, python.Train, 0, 5);
        FirstOfEachClassAgree(binary.Test, 0, 1_000, python.Test, 0, 1);
    }

    [Fact]
    public void The_binary_version_wins_where_both_are_there() =>
        Assert.Equal(10_000, Cifar.Load10(SharedFiles.Data("cifar10")).Train.Count);

    [Theory]
    [InlineData("")]
    [InlineData("cifar-10-batches-bin")]
    [InlineData("cifar10/anything")]
    public void Unpacked_files_are_found(string folder)
    {
        foreach ((string name, byte[] content) in FuzzTests.Ten(2)) _folder.Write(Path.Combine(folder, name), content);
        DatasetSplits splits = Cifar.Load10(_folder.Path);
        Assert.Equal((10, 2), (splits.Train.Count, splits.Test.Count));
        // Batches follow each other in order: record 5 is the second of batch 3.
        Assert.Equal(Make.CifarBinary(2, 1, 10, salt: 3)[(3073 + 1)..],
            ((InMemoryDataset)splits.Train).Pixels(5).ToArray());
    }

    [Fact]
    public void Archives_under_any_name_are_found_by_their_content()
    {
        _folder.Write("a.tar.gz", Make.Gzip(Make.Tar(("unrelated", [1, 2, 3]))));
        // the order in the archive does not matter
        _folder.Write("b.tgz", Make.Gzip(Make.Tar([.. FuzzTests.Ten(1).Reverse()])));
        InMemoryDataset train = (InMemoryDataset)Cifar.Load10(_folder.Path).Train;
        Assert.Equal(Make.CifarBinary(1, 1, 10, salt: 1)[1..], train.Pixels(0).ToArray());
    }

    [Fact]
    public void A_flipped_bit_of_an_archive_never_changes_images()
    {
        byte[] packed = Make.Gzip(Make.Tar([.. FuzzTests.Ten(2)]));
        byte[] expected = Pixels(packed);
        Philox draws = Philox.For(1, "flips");
        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = [.. packed];
            int at = round < 64 ? packed.Length - 8 + round / 8   // the trailer, bit by bit
                : 10 + draws.Below((ulong)round, packed.Length - 10);
            damaged[at] ^= (byte)(1 << round % 8);
            try
            {
                Assert.Equal(expected, Pixels(damaged));
            }
            catch (DataException error)
            {
                Assert.Contains("set.tar.gz", error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 295, 300);   // filling bits of the last byte decide nothing

        byte[] Pixels(byte[] archive)
        {
            InMemoryDataset train =
                (InMemoryDataset)Cifar.Load10(_folder.Write("set.tar.gz", archive)).Train;
            return [.. Enumerable.Range(0, train.Count).SelectMany(i => train.Pixels(i).ToArray())];
        }
    }

    [Fact]
    public void A_missing_dataset_is_named_with_what_to_download()
    {
        string message = Assert.Throws<DataException>(() => Cifar.Load100(_folder.Path)).Message;
        Assert.Contains("cifar-100-binary.tar.gz", message);
        Assert.Contains(_folder.Path, message);
    }

    [Fact]
    public void A_missing_batch_is_named()
    {
        foreach ((string name, byte[] content) in FuzzTests.Ten(1)) _folder.Write(name, content);
        File.Delete(Path.Combine(_folder.Path, "data_batch_4.bin"));
        Assert.Contains("data_batch_4.bin missing",
            Assert.Throws<DataException>(() => Cifar.Load10(_folder.Path)).Message);
    }

    [Fact]
    public void A_truncated_batch_is_named() =>
        Fails("not a whole number of records of 3073", Make.CifarBinary(2, 1, 10)[..^1]);

    [Fact]
    public void An_empty_batch_is_named() => Fails("has 0 bytes", []);

    [Fact]
    public void A_wrong_label_is_named_with_record_and_offset()
    {
        byte[] batch = Make.CifarBinary(3, 1, 10);
        batch[3073] = 10;
        Fails("data_batch_2.bin: the label of record 1 (offset 3073) is 10", batch);
    }

    private void Fails(string message, byte[] secondBatch)
    {
        foreach ((string name, byte[] content) in FuzzTests.Ten(1)) _folder.Write(name, content);
        _folder.Write("data_batch_2.bin", secondBatch);
        Assert.Contains(message, Assert.Throws<DataException>(() => Cifar.Load10(_folder.Path)).Message);
    }

    /// <summary>The Python files hold the first few records of each class of the binary ones, in the same
    /// order.</summary>
    private static void FirstOfEachClassAgree(
        IImageDataset binary, int binaryStart, int binaryCount, IImageDataset python, int pythonStart, int perClass)
    {
        int[] seen = new int[binary.Info.Classes];
        int next = pythonStart;
        RawImage expected = new(), actual = new();
        for (int i = binaryStart; i < binaryStart + binaryCount; i++)
        {
            if (++seen[binary.Label(i)] > perClass) continue;
            Assert.Equal(binary.Label(i), python.Label(next));
            binary.Read(i, expected);
            python.Read(next++, actual);
            Assert.True(expected.Pixels.SequenceEqual(actual.Pixels), $"record {i} differs");
        }

        Assert.Equal(pythonStart + perClass * binary.Info.Classes, next);
    }
}
