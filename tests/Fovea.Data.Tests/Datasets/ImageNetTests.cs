using System.Text;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

public sealed class ImageNetTests
{
    private static string[] Train { get; } = ["train/n02/a.JPEG", "train/n01/a.JPEG", "train/n03/a.JPEG"];

    private static string[] Flat { get; } = ["val/v_1.JPEG", "val/v_2.JPEG", "val/v_3.JPEG"];

    [Fact]
    public void Validation_in_class_folders_is_labelled_by_them()
    {
        using TemporaryFolder folder = Folder([.. Train, "val/n03/x.JPEG"]);
        DatasetSplits splits = Load(folder);
        Assert.Equal([0, 1, 2], Labels(splits.Train));
        Assert.Equal([2], Labels(splits.Test));
    }

    [Theory]
    [InlineData("LOC_val_solution.csv",
        "ImageId,PredictionString\nv_3,n01 1 2 3 4 n01 9 9 9 9\nv_1,n03 1 2 3 4\nv_2,n02 0 0 1 1\n")]
    [InlineData("val.txt", "v_1.JPEG 2\nv_2.JPEG 1\nv_3.JPEG 0\n")]
    public void A_flat_validation_set_is_labelled_by_a_list(string file, string text)
    {
        using TemporaryFolder folder = Folder([.. Train, .. Flat]);
        folder.Write(file, Encoding.UTF8.GetBytes(text));
        Assert.Equal([2, 1, 0], Labels(Load(folder).Test));
    }

    [Theory]
    [InlineData("map_clsloc.txt", "n03 1 crane\nn01 3 tench\nn02 2 goldfish\n")]
    [InlineData("synsets.txt", "n03\nn02\nn01\n")]
    public void The_ground_truth_counts_in_the_order_of_the_kit(string order, string text)
    {
        using TemporaryFolder folder = Folder([.. Train, .. Flat]);
        folder.Write("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", "1\n3\n2\n"u8.ToArray());
        Assert.Contains("map_clsloc.txt", Error(() => Load(folder)));
        folder.Write("ILSVRC2012_devkit_t12/data/" + order, Encoding.UTF8.GetBytes(text));
        Assert.Equal([2, 0, 1], Labels(Load(folder).Test));
        folder.Write("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", "1\n4\n2\n"u8.ToArray());
        Assert.Contains("line 2: '4' is not a class number from 1 to 3", Error(() => Load(folder)));
        folder.Write("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", "1\n2\n"u8.ToArray());
        Assert.Contains("2 lines for the 3 images", Error(() => Load(folder)));
    }

    [Fact]
    public void Kaggles_layout_is_found_with_its_class_names()
    {
        using TemporaryFolder folder = Folder([.. Train.Concat(Flat).Select(name => "ILSVRC/Data/CLS-LOC/" + name)]);
        folder.Write("LOC_synset_mapping.txt", "n01 tench, Tinca tinca\nn02 goldfish\nn03 crane\n"u8.ToArray());
        folder.Write("LOC_val_solution.csv", "v_1,n01 1\nv_2,n02 1\nv_3,n03 1\n"u8.ToArray());
        DatasetSplits splits = Load(folder);
        Assert.Equal(["tench", "goldfish", "crane"], splits.Info.ClassNames);
        Assert.Equal([0, 1, 2], Labels(splits.Test));
        Assert.Equal("imagenet", DatasetGuess.Of(folder.Path));
    }

    [Fact]
    public void Missing_parts_are_named()
    {
        using TemporaryFolder none = Folder("val/x.JPEG"), flat = Folder([.. Train, .. Flat]);
        Assert.Contains("no folder train", Error(() => Load(none)));
        Assert.Contains("3 images without class folders", Error(() => Load(flat)));
        flat.Write("val.txt", "v_1.JPEG 0\nv_2.JPEG 0\n"u8.ToArray());
        Assert.Contains("1 images: v_3.JPEG", Error(() => Load(flat)));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void The_sample_takes_class_numbers_from_its_class_file()
    {
        string path = SharedFiles.Data("imagenet-sample");
        DatasetSplits splits = DatasetCatalogue.Load("imagenet", path);
        Assert.Equal((1000, 60, 0, 20),
            (splits.Info.Classes, splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        string[] lines = File.ReadAllLines(Path.Combine(path, "classes.txt"));
        foreach (IImageDataset part in (IImageDataset[])[splits.Train, splits.Test])
        {
            string[] names = Paths(part, path);
            for (int i = 0; i < part.Count; i++) Assert.StartsWith(names[i].Split('/')[1], lines[part.Label(i)]);
        }

        Assert.Equal(1000, splits.Info.ClassNames.Distinct().Count());
        Assert.Contains("crane (n02012849)", splits.Info.ClassNames);
        RawImage image = new();
        for (int i = 0; i < splits.Test.Count; i++)
        {
            splits.Test.Read(i, image);
            Assert.Equal(3, image.Channels);
        }
    }

    private static DatasetSplits Load(TemporaryFolder folder) =>
        DatasetCatalogue.Load("imagenet-1k", folder.Path, new() { ValidationShare = 0 });
}
