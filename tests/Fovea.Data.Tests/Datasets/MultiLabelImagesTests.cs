using System.Text;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

public sealed class MultiLabelImagesTests
{
    [Theory]
    [InlineData("file_name,cat,dog,part\na.png,1,0,train\nb.png,1,1,train\nc.png,0,0,test\n")]
    [InlineData("image_id,labels,split\na,cat,\nb,dog;cat,\nc,,test\n")]
    [InlineData("path,tags,split\na.png,cat,train\nb.png,cat|dog,train\nc.png,,test\n")]
    [InlineData("path;labels;split\na.png;cat;train\nb.png;cat|dog|cat;train\n\nc.png;;test\n")]
    [InlineData("path\tcat\tdog\tsplit\r\na.png\t1\t0\ttrain\r\nb.png\t1.0\t1\ttrain\r\nc.png\t0.0\t0\ttest\r\n")]
    public void Columns_or_one_column_give_each_image_its_classes(string list)
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        DatasetSplits splits = Load(folder, list);
        Assert.Equal(["cat", "dog"], splits.Info.ClassNames.Order(StringComparer.Ordinal));
        Assert.True(splits.Info.IsMultiLabel);
        Assert.Equal(["cat", "cat; dog"], Names(splits.Train));
        Assert.Equal(["none"], Names(splits.Test));
    }

    [Fact]
    public void A_single_column_of_numbers_holds_names_of_classes()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        DatasetSplits splits = Load(folder, "path,labels,split\na.png,0,train\nb.png,1,train\nc.png,,test\n");
        Assert.Equal(["0", "1"], splits.Info.ClassNames);
        Assert.Equal(["0", "1"], Names(splits.Train));
        Assert.Equal(["none"], Names(splits.Test));
    }

    [Theory]
    [InlineData("a.png,1,0\n", "it needs a row for each image")]
    [InlineData("path,labels\n", "it needs a row for each image")]
    [InlineData("foto,cat\na.png,1\n", "none of 'foto', 'cat' is called path")]
    [InlineData("path\na.png\n", "no column of classes beside 'path'")]
    [InlineData("path,cat,dog\na.png,1\n", "line 2: has 2 fields, the headings 3")]
    [InlineData("path,cat,dog\na.png,1,2\n", "line 2: the column 'dog' holds '2', and columns of classes hold 0 or 1")]
    [InlineData("path,cat,dog\na.png,1,\n", "line 2: the column 'dog' holds ''")]
    [InlineData("path,cat,width\na.png,1,640\n", "the column 'width' holds '640'")]
    [InlineData("path,cat,cat\na.png,1,0\n", "two columns are called 'cat'")]
    [InlineData("path,cat,\na.png,1,0\n", "column 3 has no heading")]
    [InlineData("path,labels\na.png,cat;;dog\n", "line 2: 'cat;;dog' has an empty class")]
    [InlineData("path,labels\na.png,\"cat,dog\"\n", "the class 'cat,dog' holds a comma")]
    [InlineData("path,labels\na.png,\n", "no image has a class; the column 'labels' is empty")]
    [InlineData("path,labels\n,cat\n", "line 2: names no image")]
    [InlineData("path,labels\n../a.png,cat\n", "line 2: the path '../a.png' does not stay")]
    [InlineData("path,labels\na.png,cat\ngone.png,dog\n", "1 images are not there: 'gone.png' (line 3)")]
    [InlineData("path,labels\na.png,cat\na.png,dog\n",
        "'a.png' has other classes or another part in line 3 than in line 2")]
    [InlineData("path,labels,split\na.png,cat,some\n", "line 2: there is no part 'some'")]
    public void Wrong_lists_are_refused_by_a_sentence(string list, string message)
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        Assert.Contains(message, Assert.Throws<DataException>(() => Load(folder, list)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_out_is_said()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        string notes = string.Join(' ', Load(folder,
            "path,width,labels,split\na.png,640,cat,train\n,,,\na.png,640,cat,train\nb.png,1,dog,test\n").Notes);
        Assert.Contains("1 row of the list without any value is left out.", notes, StringComparison.Ordinal);
        Assert.Contains("1 row of the list that repeats an image with the same classes is left out.", notes,
            StringComparison.Ordinal);
        Assert.Contains("the column 'width' of the list is not read.", notes, StringComparison.Ordinal);
        Assert.Contains("no training image has the class 'dog'.", notes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_goes_with_image_files_alone_and_its_classes_cannot_be_chosen()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        string list = folder.Write("list.csv", Encoding.UTF8.GetBytes("path,cat,dog\na.png,1,0\nb.png,0,1\n"));
        DatasetOptions options = new() { Labels = list };
        Assert.Equal("labels", Assert.Throws<UsageException>(() =>
            DatasetCatalogue.Load("folder", folder.Path, options)).Field);
        Assert.Equal("classes", Assert.Throws<UsageException>(() =>
            DatasetCatalogue.Load("csv", folder.Path, options with { Classes = "1" })).Field);
        Assert.Equal("labels", Assert.Throws<DataException>(() =>
            DatasetCatalogue.Load("csv", folder.Path, options with { Labels = list + ".gone" })).Field);
    }

    [Fact]
    public void A_share_is_held_out_however_many_sets_of_classes_there_are()
    {
        string[] files = [.. Enumerable.Range(0, 60).Select(i => $"{i}.png")];
        using TemporaryFolder folder = Folder(files);
        string rows = string.Concat(files.Select((file, i) =>
            $"{file},{i & 1},{i >> 1 & 1},{i >> 2 & 1},{i >> 3 & 1},{i >> 4 & 1},{i >> 5 & 1}\n"));
        DatasetSplits splits = Load(folder, "path,a,b,c,d,e,f\n" + rows).HoldOutValidation(0.1, 1);
        Assert.Equal(6, splits.Test.Count);
        Assert.InRange(splits.Validation.Count, 5, 6);
        Assert.Equal(60, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
    }

    [Fact]
    public void Classes_are_matched_with_a_models_by_name()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        DatasetSplits splits = Load(folder, "path,cat,dog,split\na.png,1,0,train\nb.png,1,1,train\nc.png,0,1,test\n");
        DatasetInfo model = splits.Info with { ClassNames = ["bird", "dog", "cat"], LabelSets = [] };
        RenumberedClasses known = new(splits.Train, model, [2, 1]);
        Assert.Equal(["cat", "dog; cat"], Names(known));
        // without dogs only the first image is left
        RenumberedClasses fewer = new(splits.Train, model with { ClassNames = ["cat"] }, [0, -1]);
        Assert.Equal(["cat"], Names(fewer));
    }

    private static DatasetSplits Load(TemporaryFolder folder, string list) => DatasetCatalogue.Load("csv", folder.Path,
        new()
        {
            Labels = folder.Write("list.csv", Encoding.UTF8.GetBytes(list)),
            Copies = CopyPolicy.Keep,
            ValidationShare = 0,
        });

    private static string[] Names(IImageDataset images) =>
        [.. Enumerable.Range(0, images.Count).Select(index => images.Info.NameOf(images.Label(index)))];
}
