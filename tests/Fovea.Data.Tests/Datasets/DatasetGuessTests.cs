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
    [InlineData("1.png", null)]
    [InlineData("a/notes.txt", null)]
    public void Names_of_files_tell_what_lies_there(string file, string? dataset)
    {
        using TemporaryFolder folder = new();
        folder.Write(file, Support.Images.Png());
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
