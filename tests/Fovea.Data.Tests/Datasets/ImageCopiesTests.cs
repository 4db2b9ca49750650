using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

/// <summary>An image that is there more than once never is in training and in test.</summary>
public sealed class ImageCopiesTests
{
    [Fact]
    public void Copies_stay_in_the_last_part()
    {
        using TemporaryFolder folder = Folder(
            "train/a/1.png", "train/a/2.png", "train/b/3.png", "val/a/4.png", "val/b/5.png", "test/a/6.png",
            "test/b/7.png");
        folder.Write("train/a/copy.png", Png(4));       // of validation
        folder.Write("train/b/copy.png", Png(7));       // of test
        folder.Write("val/b/copy.png", Png(7));
        folder.Write("train/a/again.png", Png(1));      // of training
        folder.Write("test/b/again.png", Png(7));       // a published test set stays as it is
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path);
        Assert.Equal(["train/a/1.png", "train/a/2.png", "train/b/3.png"], Paths(splits.Train, folder.Path));
        Assert.Equal(["val/a/4.png", "val/b/5.png"], Paths(splits.Validation, folder.Path));
        Assert.Equal(3, splits.Test.Count);
        string note = Assert.Single(splits.Notes);
        Assert.StartsWith("4 copies of images are left out", note);
        Assert.Contains("2 images were in more than one part", note);
        DatasetSplits all = DatasetCatalogue.Load("folder", folder.Path, new() { Copies = CopyPolicy.Keep });
        Assert.Equal((6, 3, 3, 0), (all.Train.Count, all.Validation.Count, all.Test.Count, all.Notes.Count));
    }

    [Fact]
    public void Links_to_one_file_are_copies()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        using TemporaryFolder folder = Folder("train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "train", "a", "l.png"),
            Path.Combine(folder.Path, "test", "a", "3.png"));
        Assert.Equal(["train/a/1.png", "train/b/2.png"],
            Paths(DatasetCatalogue.Load("folder", folder.Path, new() { ValidationShare = 0 }).Train, folder.Path));
    }

    [Fact]
    public void Files_of_equal_length_and_equal_middle_are_told_apart()
    {
        using TemporaryFolder folder = new();
        byte[] one = new byte[10_000], other = new byte[10_000];
        other[9_999] = 1;
        folder.Write("a/1.png", one);
        folder.Write("b/1.png", other);
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path);
        Assert.Equal((2, 0), (splits.Train.Count + splits.Test.Count, splits.Notes.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_labels_for_one_image_are_refused_or_left_out(bool isArchive)
    {
        using TemporaryFolder folder = new();
        (string, byte[])[] files = [("a/1.png", Png(1)), ("a/2.png", Png(2)), ("b/1.png", Png(3)), ("b/2.png", Png(2))];
        foreach ((string name, byte[] bytes) in files) folder.Write("set/" + name, bytes);
        string path = isArchive ? folder.Write("x.zip", Zip(files)) : Path.Combine(folder.Path, "set");
        DataException error = Assert.Throws<DataException>(() => DatasetCatalogue.Load("folder", path));
        Assert.Contains("'a/2.png' (a) and 'b/2.png' (b)", error.Message);
        Assert.Contains("`copies` drop", error.Remedy);
        DatasetSplits left = DatasetCatalogue.Load("folder", path, new() { Copies = CopyPolicy.Drop });
        Assert.Equal(2, left.Train.Count + left.Validation.Count + left.Test.Count);
        Assert.Contains("2 files of 1 image under two labels are left out.", left.Notes);
        DatasetSplits all = DatasetCatalogue.Load("folder", path, new() { Copies = CopyPolicy.Keep });
        Assert.Equal(4, all.Train.Count + all.Validation.Count + all.Test.Count);
    }

    [Fact]
    public void Empty_files_are_no_copies()
    {
        using TemporaryFolder folder = Folder("a/1.png", "b/1.png");
        folder.Write("a/0.png", []);
        folder.Write("b/0.png", []);
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path);
        Assert.Equal(4, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
    }
}
