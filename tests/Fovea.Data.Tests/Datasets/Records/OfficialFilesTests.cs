using System.IO.Compression;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Datasets.Records;

public sealed class OfficialFilesTests : IDisposable
{
    private static readonly string[] Stems = ["train-images", "train-labels", "t10k-images", "t10k-labels"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_published_files_are_known_packed_unpacked_and_packed_anew()
    {
        string published = SharedFiles.Data("mnist");
        Assert.Empty(Mnist.Load(published).Notes);
        for (int i = 0; i < Stems.Length; i++)
        {
            string name = $"{Stems[i]}-idx{(i % 2 == 0 ? 3 : 1)}-ubyte";
            byte[] content = Unpacked(Path.Combine(published, name + ".gz"));
            if (i < 2) _folder.Write(name, content);
            else _folder.Write(name + ".gz", Make.Gzip(content));
        }

        DatasetSplits splits = Mnist.Load(_folder.Path);
        Assert.Empty(splits.Notes);
        Assert.Equal("mnist", DatasetGuess.Of(_folder.Path));

        string labels = Path.Combine(_folder.Path, "train-labels-idx1-ubyte");
        byte[] exchanged = File.ReadAllBytes(labels);
        (exchanged[100], exchanged[101]) = (exchanged[101], exchanged[100]);
        Assert.NotEqual(exchanged[100], exchanged[101]);
        File.WriteAllBytes(labels, exchanged);
        Assert.StartsWith("train-labels-idx1-ubyte: not the official file of mnist",
            Assert.Single(Mnist.Load(_folder.Path).Notes), StringComparison.Ordinal);
        Assert.Contains("files of mnist, not of fashion-mnist", Assert.Single(Mnist.LoadFashion(published).Notes),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Made_files_are_told_once_from_the_published_ones()
    {
        foreach ((string name, byte[] content) in FuzzTests.Ten(1)) _folder.Write(name, content);
        string note = Assert.Single(Cifar.Load10(_folder.Path).Notes);
        Assert.Contains("not the official files of cifar10", note, StringComparison.Ordinal);
        Assert.Contains("data_batch_1.bin", note, StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_is_known_by_its_size_and_checksum()
    {
        string path = _folder.Write("cifar-10-binary.tar.gz", Make.Gzip(Make.Tar([.. FuzzTests.Ten(1)])));
        Assert.StartsWith("cifar-10-binary.tar.gz: not the official file", Assert.Single(Cifar.Load10(path).Notes),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_were_exchanged_show_in_the_numbers_of_each_class()
    {
        InMemoryDataset good = Counting.Dataset(1000, size: 1, classes: 10);
        Assert.Null(OfficialFiles.NoteOnClasses("cifar10", good, 1000));
        byte[] labels = [.. Enumerable.Range(0, 1000).Select(good.Label).Select(label => (byte)label)];
        labels[5] = 4;
        InMemoryDataset exchanged = new(good.Info, new byte[1000], labels);
        Assert.Contains("class 4 has 101 of 1000 images, where 100 are published",
            OfficialFiles.NoteOnClasses("cifar10", exchanged, 1000), StringComparison.Ordinal);
        Assert.Null(OfficialFiles.NoteOnClasses("cifar10", exchanged, 10_000));
    }

    [Theory]
    [InlineData(33, "mnist")]
    [InlineData(73, "fashion-mnist")]
    [InlineData(128, "mnist")]
    public void Files_of_other_labels_are_guessed_by_their_brightness(int value, string expected)
    {
        byte[] pixels = new byte[300 * 784];
        pixels.AsSpan().Fill((byte)value);
        _folder.Write("train-images-idx3-ubyte", Make.Idx([300, 28, 28], pixels));
        _folder.Write("train-labels-idx1-ubyte.gz", Make.Gzip(Make.Idx([300], new byte[300])));
        Assert.Equal(expected, DatasetGuess.Of(_folder.Path));
    }

    private static byte[] Unpacked(string path)
    {
        using GZipStream packed = new(File.OpenRead(path), CompressionMode.Decompress);
        using MemoryStream content = new();
        packed.CopyTo(content);
        return content.ToArray();
    }
}
