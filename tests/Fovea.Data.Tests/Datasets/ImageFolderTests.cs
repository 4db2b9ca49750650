using Fovea.Data.Codecs.Writing;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

public sealed class ImageFolderTests
{
    [Fact]
    public void Classes_and_files_come_in_torchvisions_order()
    {
        using TemporaryFolder folder = Folder(
            "train/b/2.PNG", "train/b/10.png", "train/B/x.Png", "train/a/z.png", "train/a/sub/y.png",
            "train/a/sub-1/y.png", "train/a/sub/x/y.png", "test/a/t.png");
        folder.Write("train/a/notes.txt", [1]);
        folder.Write("train/a/._z.png", [1]);
        DatasetSplits splits = DatasetCatalogue.Load("ImageFolder", folder.Path, new() { ValidationShare = 0 });
        Assert.Equal(["B", "a", "b"], splits.Info.ClassNames);
        Assert.Equal(
            ["train/B/x.Png", "train/a/z.png", "train/a/sub/y.png", "train/a/sub-1/y.png", "train/a/sub/x/y.png",
                "train/b/10.png", "train/b/2.PNG"],
            Paths(splits.Train, folder.Path));
        Assert.Equal([0, 1, 1, 1, 1, 2, 2], Labels(splits.Train));
        Assert.Equal(["test/a/t.png"], Paths(splits.Test, folder.Path));
    }

    [Theory]
    [InlineData("val")]
    [InlineData("valid")]
    [InlineData("validation")]
    public void Three_published_parts_are_taken_as_they_are(string validation)
    {
        using TemporaryFolder folder = Folder("train/a/1.png", "train/b/1.png", $"{validation}/a/2.png",
            $"{validation}/b/2.png", "test/b/3.png");
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path);
        Assert.Equal((2, 2, 1, "published"),
            (splits.Train.Count, splits.Validation.Count, splits.Test.Count, splits.ValidationOrigin));
    }

    [Fact]
    public void A_single_published_part_reports_and_validation_is_held_out()
    {
        string[] train = [.. Enumerable.Range(0, 40).Select(i => $"train/{"ab"[i % 2]}/{i}.png")];
        using TemporaryFolder folder = Folder([.. train, "val/a/x.png", "val/b/x.png"]);
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path);
        Assert.Equal((36, 4, 2), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        Assert.All(Paths(splits.Validation, folder.Path), path => Assert.StartsWith("train/", path));
    }

    [Fact]
    public void Without_parts_both_are_held_out_by_class_and_seed()
    {
        string[] names = [.. Enumerable.Range(0, 100).Select(i => $"{(i < 60 ? "a" : "b")}/{i:00}.png")];
        using TemporaryFolder folder = Folder(names);
        DatasetSplits one = DatasetCatalogue.Load("folder", folder.Path, new() { Seed = 1 }),
            same = DatasetCatalogue.Load("folder", folder.Path, new() { Seed = 1 });
        DatasetSplits other = DatasetCatalogue.Load("folder", folder.Path, new() { Seed = 2 });
        IImageDataset[] parts = [one.Train, one.Validation, one.Test];
        Assert.Equal([81, 9, 10], parts.Select(part => part.Count));
        Assert.Equal(names.Order(), parts.SelectMany(part => Paths(part, folder.Path)).Order());
        Assert.Equal((6, 4), (Labels(one.Test).Count(label => label == 0),
            Labels(one.Test).Count(label => label == 1)));
        Assert.Equal(Paths(one.Test, folder.Path), Paths(same.Test, folder.Path));
        Assert.NotEqual(Paths(one.Test, folder.Path), Paths(other.Test, folder.Path));
    }

    [Fact]
    public void Grey_images_become_coloured_where_others_are()
    {
        using TemporaryFolder folder = Folder("train/a/1.png", "test/a/1.png", "test/b/1.png");
        folder.Write("train/b/1.png", Png(77, 3, 2, PngColor.Grey));
        IImageDataset train = DatasetCatalogue.Load("folder", folder.Path, new() { ValidationShare = 0 }).Train;
        RawImage image = new(1, 1, 1);
        train.Read(1, image);
        Assert.Equal((3, 2, 3), (image.Channels, image.Height, image.Width));
        Assert.Equal(Enumerable.Repeat((byte)77, 18), image.Pixels.ToArray());
        Assert.Equal(Normalization.ImageNet, train.Info.Normalization);
        Assert.Equal(224, train.Info.Height);
    }

    [Fact]
    public void Small_equal_squares_keep_their_size_and_grey_its_channel()
    {
        using TemporaryFolder folder = new();
        foreach ((int i, string name) in ((string[])["a/1.png", "b/1.png", "a/2.png", "b/2.png"]).Index())
            folder.Write(name, Png((byte)i, 28, 28, PngColor.Grey));
        DatasetInfo info = DatasetCatalogue.Load("folder", folder.Path).Info;
        Assert.Equal((1, 28, 28), (info.Channels, info.Height, info.Width));
    }

    [Fact]
    public void A_class_file_gives_order_and_names()
    {
        using TemporaryFolder folder = Folder("train/n2/1.png", "train/n1/1.png", "val/n3/1.png");
        folder.Write("classes.txt", "n3 crane\nn1 great white shark, Carcharodon\n\nn2 crane\n"u8.ToArray());
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path, new() { ValidationShare = 0 });
        Assert.Equal(["crane (n3)", "great white shark", "crane (n2)"], splits.Info.ClassNames);
        Assert.Equal(["n3", "n1", "n2"], splits.Info.ClassIds);
        Assert.Equal([1, 2], Labels(splits.Train));
        Assert.Equal([0], Labels(splits.Test));
    }

    [Fact]
    public void Bad_folders_are_named()
    {
        using TemporaryFolder empty = new(), flat = Folder("1.png"), hollow = Folder("a/1.png"),
            extra = Folder("train/a/1.png", "test/z/1.png");
        Directory.CreateDirectory(Path.Combine(hollow.Path, "void"));
        Assert.Contains("no class folders", Error(() => DatasetCatalogue.Load("folder", empty.Path)));
        Assert.Contains("no class folders", Error(() => DatasetCatalogue.Load("folder", flat.Path)));
        Assert.Contains("'void'", Error(() => DatasetCatalogue.Load("folder", hollow.Path)));
        Assert.Contains("'test/z' belongs to no class", Error(() => DatasetCatalogue.Load("folder", extra.Path)));
        Assert.Contains("is a file", Error(() => DatasetCatalogue.Load("folder", Path.Combine(flat.Path, "1.png"))));
        hollow.Write("classes.txt", "a\na\n"u8.ToArray());
        Assert.Contains("line 2", Error(() => DatasetCatalogue.Load("folder", hollow.Path)));
    }

    [Fact]
    public void Links_are_followed_and_loops_and_dangling_ones_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        using TemporaryFolder outside = new(), folder = Folder("a/1.png", "b/1.png", "b/2.png");
        outside.Write("c/x.png", Png(77));
        outside.Write("y.png", Png(78));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "c"), Path.Combine(outside.Path, "c"));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "b", "up"), Path.Combine("..", "b"));
        Directory.CreateSymbolicLink(Path.Combine(outside.Path, "c", "round"), outside.Path);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "a", "2.png"), Path.Combine(outside.Path, "y.png"));
        DatasetSplits splits = ImageFolder.Load(folder.Path);
        Assert.Equal(["a", "b", "c"], splits.Info.ClassNames);
        Assert.Equal(5, splits.Train.Count + splits.Test.Count);
        Assert.Contains(splits.Notes, note => note.Contains("'b/up'") && note.Contains("'c/round'"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "a", "3.png"), "gone.png");
        Assert.Contains("'a/3.png' (to 'gone.png')", Error(() => ImageFolder.Load(folder.Path)));
    }

    [Fact]
    public void A_zip_archive_of_a_folder_will_do()
    {
        using TemporaryFolder folder = new();
        string zip = folder.Write("set.zip", Zip(
            ("set/train/b/1.png", Png(2)), ("set/train/a/1.png", Png(1)), ("set/test/b/9.png", Png(9)),
            ("__MACOSX/set/train/._a.png", [0])));
        DatasetSplits splits = DatasetCatalogue.Load("folder", zip, new() { ValidationShare = 0 });
        Assert.Equal(["a", "b"], splits.Info.ClassNames);
        RawImage image = new();
        splits.Test.Read(0, image);
        Assert.Equal(9, image.Pixels[0]);
    }

    [Fact]
    public void Many_names_take_little_memory()
    {
        EntryList entries = new();
        int number = entries.AddFolder("train/n01440764");
        for (int i = 0; i < 100_000; i++) entries.Add(number, $"n01440764_{i}.JPEG");
        Assert.Equal("train/n01440764/n01440764_99999.JPEG", entries.PathOf(99_999));
        Assert.Equal("n01440764_0.JPEG", entries.NameOf(0));
    }
}
