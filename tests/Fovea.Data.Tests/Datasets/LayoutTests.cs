using System.Text;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using FsCheck;
using FsCheck.Fluent;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

/// <summary>Folders as people have them: what is meant is read, what is left out is said, what is in doubt is
/// refused.</summary>
public sealed class LayoutTests
{
    [Theory]
    [InlineData("PetImages/")]
    [InlineData("data/data/")]
    [InlineData("archive/set/images/")]
    public void One_folder_too_many_is_looked_into(string wrapper)
    {
        using TemporaryFolder folder = Folder(
            $"{wrapper}cat/1.png", $"{wrapper}cat/2.png", $"{wrapper}dog/1.png", $"{wrapper}dog/2.png",
            "__MACOSX/cat/1.png", "@eaDir/1.png");
        Assert.Equal("folder", DatasetGuess.Of(folder.Path));
        DatasetSplits splits = Load(folder);
        Assert.Equal(["cat", "dog"], splits.Info.ClassNames);
        Assert.Contains(splits.Notes, note => note.Contains($"'{wrapper.TrimEnd('/')}'"));
    }

    [Theory]
    [InlineData("Training", "Testing")]
    [InlineData("train", "Val")]
    [InlineData("TRAIN", "VALIDATION")]
    [InlineData("training_set/training_set", "test_set/test_set")]
    [InlineData("trainingSet", "testSet")]
    [InlineData("seg_train/seg_train", "seg_test/seg_test")]
    [InlineData("train2017", "val2017")]
    [InlineData("flowers_train", "flowers_test")]
    [InlineData("wrapper/train", "wrapper/dev")]
    [InlineData("Train_Data", "eval")]
    public void Parts_are_found_under_the_names_that_people_use(string train, string test)
    {
        using TemporaryFolder folder = Folder(
            $"{train}/cat/1.png", $"{train}/dog/1.png", $"{test}/cat/2.png", $"{test}/dog/2.png");
        DatasetSplits splits = Load(folder);
        Assert.Equal(["cat", "dog"], splits.Info.ClassNames);
        Assert.Equal([$"{train}/cat/1.png", $"{train}/dog/1.png"], Paths(splits.Train, folder.Path));
        Assert.Equal([$"{test}/cat/2.png", $"{test}/dog/2.png"], Paths(splits.Test, folder.Path));
        bool isValidation = test.Contains("val", StringComparison.OrdinalIgnoreCase) || test.EndsWith("dev");
        Assert.Equal(isValidation, splits.Notes.Any(note => note.Contains("there is no test part")));
    }

    [Fact]
    public void What_is_left_out_is_named()
    {
        using TemporaryFolder folder = Folder(
            "train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "val/dog/2.png", "validation/cat/1.png",
            "pred/1.png",
            "test/1.png", "train/loose.png");
        string notes = string.Join('\n', Load(folder).Notes);
        foreach (string left in (string[])["'validation' (1 images)", "'pred' (1 images", "'test' (1 images",
            "1 image lies beside the class folders"]) Assert.Contains(left, notes);
    }

    [Fact]
    public void A_validation_set_without_classes_is_refused()
    {
        using TemporaryFolder folder = Folder("train/cat/1.png", "train/dog/1.png", "val/1.png", "val/2.png");
        Assert.Contains("val: holds 2 images without class folders", Error(() => Load(folder)));
    }

    [Fact]
    public void Parts_without_classes_or_without_training_are_refused()
    {
        using TemporaryFolder flat = Folder("train/1.png", "test/2.png"),
            without = Folder("valid/cat/1.png", "valid/dog/1.png", "test/cat/2.png", "test/dog/3.png");
        Assert.Contains("hold no folders of classes", Error(() => Load(flat)));
        Assert.Contains("none is for training", Error(() => Load(without)));
    }

    [Fact]
    public void Folders_that_all_hold_the_same_folders_are_in_doubt()
    {
        using TemporaryFolder folder = Folder("x/cat/1.png", "x/dog/1.png", "y/cat/1.png", "y/dog/1.png");
        Assert.Contains("in doubt", Error(() => Load(folder)));
        folder.Write("classes.txt", "x\ny\n"u8.ToArray());
        Assert.Equal(["x", "y"], Load(folder).Info.ClassNames);
    }

    [Fact]
    public void A_class_may_be_called_as_a_part()
    {
        using TemporaryFolder folder = Folder("bus/1.png", "car/1.png", "train/1.png");
        Assert.Equal(["bus", "car", "train"], Load(folder).Info.ClassNames);
    }

    [Fact]
    public void Other_endings_are_read_or_counted_and_named()
    {
        using TemporaryFolder folder = Folder(
            "cat/1.jfif", "cat/2.jpe", "cat/3.gif", "cat/4.avif", "cat/5.heic", "cat/6.HEIC", "dog/1.png",
            "dog/2.png", "cat/Thumbs.db",
            "cat/.DS_Store", "cat/notes.txt", "cat/.ipynb_checkpoints/1.png", "dog/@eaDir/1.png");
        DatasetSplits splits = Load(folder);
        Assert.Equal(5, splits.Train.Count + splits.Test.Count);
        string note = Assert.Single(splits.Notes);
        Assert.StartsWith("3 files", note);
        Assert.Contains("1 with .avif such as 'cat/4.avif', 2 with .heic", note);
    }

    [Fact]
    public void A_list_in_a_folder_of_classes_does_not_take_it_over()
    {
        using TemporaryFolder folder = Folder("cat/1.png", "dog/1.png");
        folder.Write("pseudo-labels.csv", "path,label\ncat/1.png,dog\n"u8.ToArray());
        Assert.Equal("folder", DatasetGuess.Of(folder.Path));
        Assert.Contains(Load(folder).Notes, note => note.Contains("pseudo-labels.csv is not read"));
    }

    [Fact]
    public void Folders_that_differ_only_in_composition_are_one_class()
    {
        using TemporaryFolder folder = Folder(
            "train/caf\u00E9/1.png", "train/cafe\u0301/2.png", "train/tea/1.png", "val/cafe\u0301/1.png");
        DatasetSplits splits = Load(folder);
        Assert.Equal(["caf\u00E9", "tea"], splits.Info.ClassNames);
        Assert.Equal([0, 0, 1], Labels(splits.Train).Order());
        Assert.Equal([0], Labels(splits.Test));
    }

    [Theory]
    [InlineData("imagenet")]
    [InlineData("folder")]
    public void Tiny_ImageNet_is_read_as_published(string dataset)
    {
        using TemporaryFolder folder = Folder(
            "train/n00000001/images/a.JPEG", "train/n00000002/images/b.JPEG", "val/images/v0.JPEG",
            "val/images/v1.JPEG",
            "test/images/t.JPEG");
        folder.Write("val/val_annotations.txt", "v1.JPEG\tn00000001\t0\t0\t9\t9\nv0.JPEG\tn00000002\t0\t0\t9\t9\n"u8
            .ToArray());
        folder.Write("wnids.txt", "n00000002\nn00000001\n"u8.ToArray());
        folder.Write("words.txt", "n00000001\tgoldfish, Carassius\nn00000002\tnewt\nn00000003\tother\n"u8.ToArray());
        DatasetSplits splits = DatasetCatalogue.Load(dataset, folder.Path, new() { ValidationShare = 0 });
        Assert.Equal([0, 1], Labels(splits.Train));
        Assert.Equal([1, 0], Labels(splits.Test));
        if (dataset == "imagenet") Assert.Equal(["goldfish", "newt"], splits.Info.ClassNames);
        Assert.Contains(splits.Notes, note => note.Contains("'test'"));
        Assert.Equal("imagenet", DatasetGuess.Of(folder.Path));
    }

    [Fact]
    public void Archives_with_back_slashes_and_with_bytes_around_them_are_read()
    {
        byte[] zip = Zip(("set\\cat\\1.png", Png(1)), ("set\\dog\\1.png", Png(2)), ("__MACOSX\\set\\._1.png", [0]));
        byte[][] archives = [zip, [.. new byte[5000], .. zip], [.. zip, .. "\r\n"u8],
            [.. new byte[777], .. zip, .. new byte[200_000]]];
        using TemporaryFolder folder = new();
        foreach (byte[] archive in archives)
        {
            DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Write("x.zip", archive),
                new() { ValidationShare = 0 });
            Assert.Equal(["cat", "dog"], splits.Info.ClassNames);
            RawImage image = new();
            splits.Train.Read(1, image);
            Assert.Equal(2, image.Pixels[0]);
        }
    }

    [Fact]
    public void Parts_and_classes_are_found_below_any_wrappers()
    {
        Gen<string> wrapper = Gen.Elements("", "data/", "x/", "data/data/", "my set/archive/");
        Gen<(string, string)> parts = Gen.Elements(("train", "test"), ("Train", "VAL"), ("training", "validation"),
            ("train_set", "test_set"), ("TrainImages", "TestImages"), ("pets_train", "pets_val"),
            ("train2020", "dev2020"));
        Gen<string> inner = Gen.Elements("", "images/", "all/of/it/");
        Gen<string[]> classes = Gen.Elements(["cat", "dog"], new[] { "0", "1", "2" }, ["n01", "n02"],
            ["a b", "\u00E9"]);
        Gen<(string Wrapper, (string Train, string Test) Parts, string Inner, string[] Classes)> layouts =
            from w in wrapper from p in parts from i in inner from c in classes select (w, p, i, c);
        Prop.ForAll(layouts.ToArbitrary(), layout =>
        {
            string train = layout.Wrapper + layout.Parts.Train + "/" + layout.Inner,
                test = layout.Wrapper + layout.Parts.Test + "/" + layout.Inner;
            using TemporaryFolder folder = Folder([.. layout.Classes.Select(name => $"{train}{name}/1.png"),
                .. layout.Classes.Select(name => $"{test}{name}/2.png"), "__MACOSX/1.png"]);
            DatasetSplits splits = Load(folder);
            return DatasetGuess.Of(folder.Path) == "folder" && splits.Info.ClassNames.SequenceEqual(layout.Classes)
                && Paths(splits.Train, folder.Path).SequenceEqual(layout.Classes.Select(name => $"{train}{name}/1.png"))
                && Paths(splits.Test, folder.Path).SequenceEqual(layout.Classes.Select(name => $"{test}{name}/2.png"));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_tree_is_guessed_and_read_or_refused_in_a_sentence()
    {
        Gen<string> name = Gen.Elements("train", "val", "Test", "cat", "dog", "data", "images", "@eaDir", "n00000001");
        Gen<string> path = from folders in name.ListOf()
                           from file in Gen.Elements("1.png", "2.png", "x.heic", "a.csv")
                           select string.Join('/', folders.Take(4).Append(file));
        Prop.ForAll(path.NonEmptyListOf().ToArbitrary(), paths =>
        {
            using TemporaryFolder folder = Folder([.. paths.Distinct()]);
            string dataset = DatasetGuess.Of(folder.Path) ?? "folder";
            try
            {
                DatasetSplits splits = DatasetCatalogue.Load(dataset, folder.Path);
                return splits.Train.Count + splits.Validation.Count + splits.Test.Count > 0;
            }
            catch (DataException)
            {
                return true;   // any other exception fails the test
            }
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("runs/first/", "runs/second/")]
    [InlineData("run1/", "run2/")]
    [InlineData("cat/run/", "studies/widths/softmax-0/")]
    public void What_runs_have_written_is_no_class(params string[] runs)
    {
        string[] images = ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"];
        using TemporaryFolder folder = Folder([.. images, .. runs.SelectMany(run => (string[])[$"{run}config.yaml",
            $"{run}checkpoints/last.safetensors", $"{run}figures/curve.png"])]);
        Assert.Equal("folder", DatasetGuess.Of(folder.Path));
        DatasetSplits splits = Load(folder);
        Assert.Equal(["cat", "dog"], splits.Info.ClassNames);
        Assert.Equal(images, Paths(splits.Train, folder.Path).Concat(Paths(splits.Test, folder.Path))
            .Order(StringComparer.Ordinal));
        Assert.Contains(splits.Notes, note => note.Contains("of runs", StringComparison.Ordinal)
            && note.Contains($"'{runs[0].Split('/')[0]}", StringComparison.Ordinal));
        DatasetSplits pretraining = DatasetCatalogue.Load("unlabelled", folder.Path);
        Assert.Equal(images.Length, pretraining.Train.Count);
    }

    [Fact]
    public void A_finished_study_is_no_class_and_a_folder_of_runs_alone_is_no_dataset()
    {
        using TemporaryFolder folder = Folder("runs/a/config.yaml", "runs/a/checkpoints/x", "runs/a/1.png",
            "study/study.json", "study/study.csv", "study/figures/1.png", "runs/b/find-lr.svg", "runs/b/find-lr.png",
            "explain/explain.html", "explain/model-filters.png");
        Directory.CreateDirectory(folder["runs/ended-at-once/checkpoints"]);
        Assert.Null(DatasetGuess.Of(folder.Path));
        folder.Write("cat/1.png", Png(1));
        folder.Write("dog/1.png", Png(2));
        Assert.Equal(["cat", "dog"], Load(folder).Info.ClassNames);
    }

    [Fact]
    public void Images_beside_runs_are_kept()
    {
        using TemporaryFolder folder = Folder("cat/1.png", "mixed/2.png", "mixed/run/config.yaml",
            "mixed/run/checkpoints/x", "mixed/run/3.png");
        DatasetSplits splits = Load(folder);
        Assert.Equal(["cat/1.png", "mixed/2.png"], Paths(splits.Train, folder.Path));
    }

    [Theory]
    [InlineData("test")]
    [InlineData("Test")]
    [InlineData("val")]
    [InlineData("valid")]
    [InlineData("validation")]
    [InlineData("train")]
    [InlineData("unlabelled")]
    [InlineData("Unlabelled")]
    [InlineData("un-labelled")]
    [InlineData("unlabeled")]
    public void A_class_that_is_named_as_something_else_is_noted(string name)
    {
        using TemporaryFolder folder = Folder("cat/1.png", "dog/1.png", $"{name}/1.png");
        Assert.Equal("folder", DatasetGuess.Of(folder.Path));
        bool IsNoted() => Load(folder).Notes.Any(note =>
            note.StartsWith($"'{name}' is taken as a class", StringComparison.Ordinal));
        Assert.True(IsNoted());
        folder.Write("classes.txt", Encoding.UTF8.GetBytes($"cat\ndog\n{name}\n"));
        Assert.False(IsNoted());
    }

    [Theory]
    [InlineData("", "unlabelled/", "unlabelled")]
    [InlineData("", "more/of/them/", "more")]
    [InlineData("labelled/", "unlabelled/", "unlabelled")]
    [InlineData("train/", "train/unlabelled/", "train/unlabelled")]
    public void Images_to_learn_from_without_classes_are_no_class(string classes, string unlabelled, string left)
    {
        using TemporaryFolder folder = Folder($"{classes}cat/1.png", $"{classes}dog/1.png", $"{unlabelled}1.png",
            $"{unlabelled}x/2.png");
        DatasetOptions options = new() { ValidationShare = 0, Unlabelled = folder[unlabelled] };
        DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path, options);
        Assert.Equal(["cat", "dog"], splits.Info.ClassNames);
        Assert.Contains(splits.Notes, note => note.StartsWith($"'{left}' is no class", StringComparison.Ordinal));
        foreach (string above in (string[])[folder.Path, folder[classes]])
            Assert.Contains("cat", DatasetCatalogue.Load("folder", folder[classes], options with { Unlabelled = above })
                .Info.ClassNames);
    }

    [Fact]
    public void A_folder_with_one_archive_names_it()
    {
        using TemporaryFolder folder = new();
        string archive = folder.Write("d.zip", Zip(("cat/1.png", Png(1)), ("dog/1.png", Png(2))));
        Assert.Null(DatasetGuess.Of(folder.Path));
        Assert.Contains(archive, Assert.Throws<DataException>(() => Load(folder)).Remedy);
        folder.Write("e.zip", []);
        Assert.Null(DatasetGuess.Hint(folder.Path));
    }

    [Fact]
    public void Classes_that_a_part_lacks_are_named()
    {
        using TemporaryFolder folder = Folder("train/cat/1.png", "train/dog/1.png", "test/cat/2.png");
        Assert.Contains("no test image has the class 'dog'.", Load(folder).Notes);
        using TemporaryFolder rare = Folder("cat/1.png", "cat/2.png", "lynx/1.png", "puma/1.png");
        Assert.Equal(["no test image has the classes 'lynx', 'puma'."], Load(rare).Notes);
        using TemporaryFolder many = Folder([.. Enumerable.Range(10, 40).Select(i => $"{i}/1.png"), "10/2.png"]);
        Assert.EndsWith("'19', '20', and 29 more.", Assert.Single(Load(many).Notes), StringComparison.Ordinal);
        using TemporaryFolder whole = Folder("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png");
        Assert.Empty(Load(whole).Notes);
    }

    private static DatasetSplits Load(TemporaryFolder folder) =>
        DatasetCatalogue.Load("folder", folder.Path, new() { ValidationShare = 0 });
}
