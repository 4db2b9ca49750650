
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Datasets;

public sealed class MnistTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_published_files_hold_the_known_digits()
    {
        DatasetSplits splits = Mnist.Load(SharedFiles.Data("mnist"));
        Assert.Equal((60_000, 10_000, 0), (splits.Train.Count, splits.Test.Count, splits.Validation.Count));
        Assert.Equal([5, 0, 4, 1, 9, 2, 1, 3, 1, 4], Enumerable.Range(0, 10).Select(splits.Train.Label));
        Assert.Equal([7, 2, 1, 0, 4, 1, 4, 9, 5, 9], Enumerable.Range(0, 10).Select(splits.Test.Label));
        // Counts of the ten digits, as published.
        int[] counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
        Assert.Equal(counts, Enumerable.Range(0,
            60_000).CountBy(splits.Train.Label).OrderBy(pair => pair.Key).Select(pair => pair.Value));
    }

    [Fact]
    public void The_normalisation_is_that_of_the_training_set()
    {
        InMemoryDataset train = Assert.IsType<InMemoryDataset>(Mnist.Load(SharedFiles.Data("mnist")).Train);
        double sum = 0, squares = 0, n = 60_000.0 * 784 * 255;
        for (int i = 0; i < train.Count; i++)
            foreach (byte pixel in train.Pixels(i)) (sum, squares) = (sum + pixel, squares + pixel * pixel);
        Assert.Equal(train.Info.Normalization.Mean[0], sum / n, 4);
        Assert.Equal(train.Info.Normalization.Std[0], Math.Sqrt(squares / n / 255 - sum / n * (sum / n)), 4);
    }

    [Theory]
    [InlineData("", "-")]
    [InlineData("MNIST/raw", "-")]
    [InlineData("raw", ".")]
    [InlineData("mnist", ".")]
    public void Files_are_found_where_others_put_them(string folder, string separator)
    {
        Write(folder, separator);
        Assert.Equal((3, 3), (Mnist.Load(_folder.Path).Train.Count, Mnist.Load(_folder.Path).Test.Count));
    }

    [Fact]
    public void Fashion_is_found_in_its_own_folder()
    {
        Write("FashionMNIST/raw", "-");
        DatasetSplits splits = Mnist.LoadFashion(_folder.Path);
        Assert.Equal(("fashion-mnist", "sneaker"), (splits.Info.Name, splits.Info.ClassNames[7]));
    }

    [Fact]
    public void Missing_files_are_named_with_what_to_download()
    {
        Assert.Contains("download train-images-idx3-ubyte.gz", Fails());
        Write("", "-");
        File.Delete(Path.Combine(_folder.Path, "t10k-labels-idx1-ubyte"));
        Assert.Contains("no t10k-labels-idx1-ubyte, gzipped or not", Fails());
    }

    [Fact]
    public void A_wrong_label_is_named_with_its_place()
    {
        Write("", "-");
        _folder.Write("train-labels-idx1-ubyte", Make.Idx([3], [0, 10, 2]));
        Assert.Contains("label 1 (offset 9) is 10; only 0 to 9 exist", Fails());
    }

    [Fact]
    public void Another_number_of_labels_than_images_is_refused()
    {
        Write("", "-");
        _folder.Write("train-labels-idx1-ubyte", Make.Idx([2], [0, 1]));
        Assert.Contains("has 2 labels for the 3 images", Fails());
    }

    [Fact]
    public void Images_of_another_size_are_refused()
    {
        Write("", "-");
        _folder.Write("train-images-idx3-ubyte", Make.Idx([3, 4, 4], new byte[48]));
        Assert.Contains("4 x 4 pixels, not 28 x 28", Fails());
    }

    private string Fails() => Assert.Throws<DataException>(() => Mnist.Load(_folder.Path)).Message;

    private void Write(string folder, string separator)
    {
        foreach (string part in (string[])["train", "t10k"])
        {
            _folder.Write(Path.Combine(folder, $"{part}-images{separator}idx3-ubyte"),
                Make.Idx([3, 28, 28], new byte[3 * 784]));
            _folder.Write(Path.Combine(folder, $"{part}-labels{separator}idx1-ubyte"), Make.Idx([3], [0, 1, 2]));
        }
    }
}
