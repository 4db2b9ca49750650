using Fovea.Data.Datasets;

namespace Fovea.Data.Tests.Datasets;

public sealed class DatasetGuessTests
{
    [Theory]
    [InlineData("a/1.png", "folder")]
    [InlineData("train/a/1.png", "folder")]
    [InlineData("train/n01440764/1.JPEG", "imagenet")]
    [InlineData("ILSVRC/x", "imagenet")]
    [InlineData("train/cat.0.jpg", "cats-and-dogs")]
    [InlineData("dog.0.jpg", "cats-and-dogs")]
    [InlineData("train.zip", "cats-and-dogs")]
    [InlineData("list.csv", "csv")]
    [InlineData("train-images-idx3-ubyte.gz", "mnist")]
    [InlineData("cifar-10-binary.tar.gz", "cifar10")]
    [InlineData("cifar-100-python/meta", "cifar100")]
    [InlineData("cifar10/a/1.png", null)]   // a folder of datasets
    [InlineData("cifar-10-python.tar", "cifar10")]
    [InlineData("train-images-idx3-ubyte/train-images-idx3-ubyte", "mnist")]
    [InlineData("seg_train/seg_train/a/1.png", "folder")]
    [InlineData("@eaDir/a/1.png", null)]
    [InlineData("1.png", null)]
    [InlineData("a/notes.txt", null)]
    public void Names_of_files_tell_what_lies_there(string file, string? dataset)
    {
        using TemporaryFolder folder = new();
        folder.Write(file, Support.Images.Png());
        Assert.Equal(dataset, DatasetGuess.Of(folder.Path));
    }

    [Theory]
    [InlineData(new byte[] { 9, 0, 0, 3, 0, 2, 7, 2, 5, 5 }, "fashion-mnist")]
    [InlineData(new byte[] { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4 }, "mnist")]
    public void Fashion_MNIST_is_told_by_its_first_labels(byte[] labels, string dataset)
    {
        using TemporaryFolder folder = new();
        const string Name = "train-labels-idx1-ubyte";
        folder.Write($"{Name}/{Name}", [0, 0, 8, 1, 0, 0, 0, 10, .. labels]);
        Assert.Equal(dataset, DatasetGuess.Of(folder.Path));
    }

    [Theory]
    [InlineData("cifar-10-python.tar.gz", "cifar10")]
    [InlineData("train.zip", "cats-and-dogs")]
    [InlineData("flowers.zip", "folder")]
    [InlineData("x.csv", "csv")]
    [InlineData("x.txt", null)]
    public void A_file_is_told_by_its_name(string file, string? dataset)
    {
        using TemporaryFolder folder = new();
        Assert.Equal(dataset, DatasetGuess.Of(folder.Write(file, [])));
        Assert.Null(DatasetGuess.Of(Path.Combine(folder.Path, "gone")));
    }
}
