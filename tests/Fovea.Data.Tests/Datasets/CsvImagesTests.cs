using System.Text;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets;

public sealed class CsvImagesTests
{
    [Fact]
    public void Rows_give_images_classes_and_parts()
    {
        using TemporaryFolder folder = Folder("p/a,1.png", "p/b.png", "c.png", "d.png");
        DatasetSplits splits = Load(folder,
            "Label,path,comment,Split\nzebra,\"p/a,1.png\",x,train\nant,./p/b.png,x,\n" +
            "ant,c.png,,val\nzebra,d.png,,TEST\n");
        Assert.Equal(["ant", "zebra"], splits.Info.ClassNames);
        Assert.Equal(["p/a,1.png", "p/b.png"], Paths(splits.Train, folder.Path));
        Assert.Equal([1, 0], Labels(splits.Train));
        Assert.Equal((1, 1), (splits.Validation.Count, splits.Test.Count));
        Assert.Equal("csv", DatasetGuess.Of(folder.Path));
    }

    [Fact]
    public void Numbers_are_class_numbers_and_a_class_file_names_them()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        const string Rows = "a.png,10,train\nb.png,0,train\nc.png,1,test\n";
        Assert.Contains("no image has the label 2, 3", Error(() => Load(folder, Rows)));
        Assert.Equal(["0", "1", "2"], Load(folder, Rows.Replace("10", "2")).Info.ClassNames);
        folder.Write("classes.txt", Encoding.UTF8.GetBytes("x ant\ny bee\nz cat\n"));
        DatasetSplits named = Load(folder, "a.png,cat,train\nb.png,x,train\nc.png,1,test\n");
        Assert.Equal(["ant", "bee", "cat"], named.Info.ClassNames);
        Assert.Equal([2, 0], Labels(named.Train));
        Assert.Equal([1], Labels(named.Test));
    }

    [Theory]
    [InlineData("a.png", "line 1: has 1 fields")]
    [InlineData("a.png,1\n../a.png,1", "line 2: the path '../a.png' does not stay")]
    [InlineData("/etc/a.png,1", "line 1: the path '/etc/a.png' does not stay")]
    [InlineData("a.png,x\ngone.png,y", "1 images are not there: 'gone.png' (line 2)")]
    [InlineData("a.png,", "line 1: 'a.png' has no label")]
    [InlineData("a.png,x,dev", "there is no part 'dev'")]
    [InlineData("path,label\n", "lists no images")]
    [InlineData("a.png,0\nb.png,2000000", "too large to be a class number")]
    public void Wrong_rows_are_named(string rows, string message)
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        Assert.Contains(message, Error(() => Load(folder, rows)));
    }

    [Fact]
    public void Links_out_of_the_folder_are_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        using TemporaryFolder outside = Folder("x/s.png"), folder = Folder("a.png");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "l.png"), Path.Combine(outside.Path, "x", "s.png"));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "l"), Path.Combine(outside.Path, "x"));
        Assert.Contains("leads out of", Error(() => Load(folder, "a.png,x\nl.png,y")));
        Assert.Contains("is a link", Error(() => Load(folder, "a.png,x\nl/s.png,y")));
    }

    [Fact]
    public void A_folder_needs_a_single_list()
    {
        using TemporaryFolder folder = Folder("a.png");
        Assert.Contains("no files *.csv", Error(() => DatasetCatalogue.Load("csv", folder.Path)));
    }

    private static DatasetSplits Load(TemporaryFolder folder, string rows)
    {
        folder.Write("list.csv", Encoding.UTF8.GetBytes(rows));
        return DatasetCatalogue.Load("csv", folder.Path, new() { ValidationShare = 0 });
    }
}
