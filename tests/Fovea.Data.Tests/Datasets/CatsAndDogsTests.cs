using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

public sealed class CatsAndDogsTests
{
    private static string[] Names
    {
        get;
    } = [.. Enumerable.Range(0, 20).SelectMany(i => (string[])[$"cat.{i}.jpg", $"dog.{i}.jpg"])];

    [Theory]
    [InlineData("")]
    [InlineData("train/")]
    [InlineData("dogs-vs-cats/train/")]
    public void A_folder_is_found(string prefix)
    {
        using TemporaryFolder folder = Folder([.. Names.Select(name => prefix + name)]);
        Check(DatasetCatalogue.Load("dogs-vs-cats", folder.Path));
    }

    [Fact]
    public void The_archive_is_read_where_it_lies()
    {
        using TemporaryFolder folder = new();
        string zip = folder.Write("train.zip",
            Zip([.. Names.Select((name, i) => ("train/" + name, Png((byte)(name[0] == 'c' ? 1 : 2), width: i + 1))),
                ("train/notes.txt", [1])]));
        Check(DatasetCatalogue.Load("cats-and-dogs", folder.Path));
        Check(DatasetCatalogue.Load("CatsAndDogs", zip));
        Assert.Equal("cats-and-dogs", DatasetGuess.Of(folder.Path));
        RawImage image = new();
        DatasetSplits splits = DatasetCatalogue.Load("cats-and-dogs", zip);
        for (int i = 0; i < splits.Train.Count; i++)
        {
            splits.Train.Read(i, image);
            Assert.Equal(splits.Train.Label(i) + 1, image.Pixels[0]);
        }
    }

    [Fact]
    public void Other_folders_are_refused()
    {
        using TemporaryFolder other = Folder("a.jpg", "test1/1.jpg"), cats = Folder("cat.1.jpg");
        Assert.Contains("train.zip", Error(() => DatasetCatalogue.Load("cats-and-dogs", other.Path)));
        Assert.Contains("dog.NUMBER.jpg", Error(() => DatasetCatalogue.Load("cats-and-dogs", cats.Path)));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void Kaggles_archive_is_parted_by_class_and_can_be_read()
    {
        DatasetSplits splits = DatasetCatalogue.Load("cats-and-dogs", SharedFiles.Data("cats-and-dogs", "train.zip"),
            new() { Seed = 4 });
        Assert.Equal((486, 54, 60), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        foreach (IImageDataset part in (IImageDataset[])[splits.Train, splits.Validation, splits.Test])
            Assert.Equal(part.Count, 2 * Labels(part).Count(label => label == 1));
        RawImage image = new();
        splits.Test.Read(59, image);
        Assert.Equal(3, image.Channels);
        Assert.True(image.Pixels.ContainsAnyExcept(image.Pixels[0]));
    }

    private static void Check(DatasetSplits splits)
    {
        Assert.Equal(["cat", "dog"], splits.Info.ClassNames);
        Assert.Equal((32, 4, 4), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        Assert.Equal(2, Labels(splits.Test).Count(label => label == 1));
    }
}
