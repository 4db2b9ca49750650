using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Tests.Datasets;

public sealed class UnlabelledFolderTests
{
    [Fact]
    public void All_images_of_a_tree_are_for_training_and_none_is_held_out()
    {
        using TemporaryFolder folder = new();
        byte[][] images = [.. Enumerable.Range(0, 3).Select(i => Image((byte)(10 * i)))];
        string[] names = ["a.ppm", "deep/er/b.ppm", "deep/c.ppm"];
        for (int i = 0; i < 3; i++)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[names[i]])!);
            File.WriteAllBytes(folder[names[i]], images[i]);
        }

        DatasetSplits splits = DatasetCatalogue.Load("unlabelled", folder.Path);

        Assert.Equal((3, 0, 0), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        Assert.Equal(names.Order(), Enumerable.Range(0, 3).Select(i => splits.Train.NameOf(i)!).Order());
        Assert.Equal((1, 4, 4), (splits.Info.Classes, splits.Info.Height, splits.Info.Width));
        using TemporaryFolder empty = new();
        Assert.Contains("holds no images",
            Assert.Throws<DataException>(() => DatasetCatalogue.Load("unlabelled", empty.Path)).Message);
    }

    [Fact]
    public void A_folder_of_unlabelled_images_beside_classes_does_not_hide_them()
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])["cat", "dog", "unlabelled"])
        {
            Directory.CreateDirectory(folder[name]);
            File.WriteAllBytes(folder[$"{name}/1.ppm"], Image(1));
        }

        Assert.Equal("folder", DatasetGuess.Of(folder.Path));
    }

    private static byte[] Image(byte level) => [.. "P6\n4 4\n255\n"u8, .. Enumerable.Repeat(level, 48)];
}
