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

    [Fact]
    public void A_class_file_that_counts_from_1_and_a_list_from_0_are_refused()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        folder.Write("classes.txt", "1 001.Albatross\n2 002.Bunting\n3 003.Cardinal\n"u8.ToArray());
        Assert.Contains("line 1: there is no class '0'",
            Error(() => Load(folder, "a.png,0,train\nb.png,1,train\nc.png,2,test\n")));
        DatasetSplits same = Load(folder, "a.png,3,train\nb.png,1,train\nc.png,2,test\n");
        Assert.Equal([2, 0], Labels(same.Train));
        Assert.Equal("002.Bunting", same.Info.NameOf(same.Test.Label(0)));
        folder.Write("classes.txt", "707\n747\nA380\n"u8.ToArray());
        Assert.Equal([2, 0], Labels(Load(folder, "a.png,2,train\nb.png,0,train\nc.png,1,test\n").Train));
    }

    [Theory]
    [InlineData("a.png", "line 1: has 1 fields")]
    [InlineData("a.png,1\n../a.png,1", "line 2: the path '../a.png' does not stay")]
    [InlineData("/etc/a.png,1", "line 1: the path '/etc/a.png' does not stay")]
    [InlineData("a.png,x\ngone.png,y", "1 images are not there: 'gone.png' (line 2)")]
    [InlineData("a.png,", "line 1: 'a.png' has no label")]
    [InlineData("a.png,x,some", "there is no part 'some'")]
    [InlineData("foto,klasse\na.png,x", "headings 'foto', 'klasse'")]
    [InlineData("image_id,x0,x1\na.png,1,0", "headings 'image_id', 'x0', 'x1'")]
    [InlineData("path,label\na.png,x\na.png,y\nb.png,x", "'a.png' is 'x' in line 2 and 'y' in line 3")]
    [InlineData("path,label\n", "lists no images")]
    [InlineData("a.png,0\nb.png,2000000", "too large to be a class number")]
    [InlineData("path,label\na.png,Plant\nb.png,Animal, cat", "line 3: has 3 fields, the first row 2")]
    [InlineData("a.png,Plant\nb.png,Animal, cat", "line 2: has 3 fields, the first row 2; a label that holds")]
    [InlineData("path,label\na.png,Plant\nb.png,Animal,,", "line 3: has 4 fields, the first row 2")]
    [InlineData("path,by,label,date\na.png,me,Plant,1\nb.png,Animal,2", "line 3: has 3 fields, the first row 4")]
    public void Wrong_rows_are_named(string rows, string message)
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        Assert.Contains(message, Error(() => Load(folder, rows)));
    }

    [Fact]
    public void Links_are_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        using TemporaryFolder outside = Folder("x/r.png", "x/s.png", "x/t.png"), folder = Folder("a.png");
        folder.Write("a.png", Png(99));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "l.png"), Path.Combine(outside.Path, "x", "s.png"));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "l"), Path.Combine(outside.Path, "x"));
        Assert.Equal(3, Total(Load(folder, "a.png,x\nl.png,y\nl/t.png,y")));
    }

    [Theory]
    [InlineData("path;label\np/a.png;x\np/b.png;y\n")]
    [InlineData("path\tlabel\np/a.png\tx\np/b.png\ty\n")]
    [InlineData("sep=;\nfile_name;label\np/a.png;x\np/b.png;y\n")]
    [InlineData("path,label\n\n  \np\\a.png,x\n,\n.\\p\\b.png,y\n\n")]
    [InlineData("path,label\rp/a.png,x\rp/b.png,y\r")]
    [InlineData("file_name,label\np/a.png,x\np/b.png,y\n")]
    [InlineData("index,ground_truth,filepath\n0,x,p/a.png\n1,y,p/b.png\n")]
    [InlineData("filepath,ground_truth.label\np/a.png,x\np/b.png,y\n")]
    [InlineData("id,breed\na,x\nb,y\n")]
    [InlineData("image_id,cultivar\na.png,x\nb,y\n")]
    [InlineData("id_code,diagnosis\np/a,x\np/b,y\n")]
    [InlineData("Image Name,Class\na.png,x\nb.png,y\n")]
    [InlineData("path,label\n/home/me/set/p/a.png,x\n/home/me/set/p/b.png,y\n")]
    [InlineData("path,label\nC:\\me\\p\\a.png,x\nC:\\me\\p\\b.png,y\n")]
    public void Lists_of_other_programs_are_read(string rows)
    {
        using TemporaryFolder folder = Folder("p/a.png", "p/b.png", "q/c.png");
        foreach (Encoding encoding in (Encoding[])[new UTF8Encoding(false), Encoding.UTF8, Encoding.Unicode,
            Encoding.BigEndianUnicode])
        {
            folder.Write("list.csv", [.. encoding.GetPreamble(), .. encoding.GetBytes(rows)]);
            DatasetSplits splits = DatasetCatalogue.Load("csv", folder.Path, new() { ValidationShare = 0 });
            Assert.Equal(["x", "y"], splits.Info.ClassNames);
            Assert.Equal(["p/a.png", "p/b.png"], Paths(splits.Train, folder.Path));
            Assert.Equal([0, 1], Labels(splits.Train));
        }
    }

    [Theory]
    [InlineData("path,label\na.png,x,\nb.png,y\n")]
    [InlineData("path,label,\na.png,x\nb.png,y,\n")]
    [InlineData("path,label\na.png,x\n\"b.png\",\"y\"\n")]
    public void An_empty_field_at_the_end_is_nothing(string rows)
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        Assert.Equal(["x", "y"], Load(folder, rows).Info.ClassNames);
    }

    [Theory]
    [InlineData("0", "0.0", "1.0", new[] { "0", "1" }, new[] { 0, 0, 1 })]
    [InlineData("1", "01", "2", new[] { "01", "1", "2" }, new[] { 1, 0, 2 })]
    [InlineData("00", "01", "00", new[] { "00", "01" }, new[] { 0, 1, 0 })]
    [InlineData("001", "002", "010", new[] { "001", "002", "010" }, new[] { 0, 1, 2 })]
    [InlineData("1.0", "2.5", "1", new[] { "1", "1.0", "2.5" }, new[] { 1, 2, 0 })]
    public void Numbers_are_read_as_spreadsheets_write_them_and_kept_as_names_otherwise(string first, string second,
        string third, string[] classes, int[] labels)
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png", "d.png");
        DatasetSplits splits = Load(folder,
            $"path,label,split\na.png,{first},\nb.png,{second},\nc.png,{third},\nd.png,{first},test\n");
        Assert.Equal(classes, splits.Info.ClassNames);
        Assert.Equal(labels, Labels(splits.Train));
    }

    [Fact]
    public void Absolute_paths_within_the_folder_are_read()
    {
        using TemporaryFolder folder = Folder("p/a.png", "p/b.png");
        DatasetSplits splits = Load(folder, $"{folder.Path}/p/a.png,x\n{folder.Path}/p/b.png,y\n");
        Assert.Equal(["p/a.png", "p/b.png"], Paths(splits.Train, folder.Path));
    }

    [Fact]
    public void A_name_that_two_images_have_is_refused()
    {
        using TemporaryFolder folder = Folder("p/a.png", "q/a.png");
        Assert.Contains("several images are called 'a'", Error(() => Load(folder, "id,label\na,x\n")));
    }

    [Fact]
    public void Other_encodings_are_refused_and_merge_no_classes()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        string list = folder.Write("list.csv", Encoding.Latin1.GetBytes("a.png,B\u00E4r\nb.png,B\u00F6r\n"));
        Assert.Contains("line 1: is neither UTF-8 nor UTF-16 (byte 0xE4)",
            Error(() => DatasetCatalogue.Load("csv", list)));
        folder.Write("classes.txt", Encoding.Latin1.GetBytes("B\u00E4r\nB\u00F6r\n"));
        folder.Write("list.csv", "a.png,0\nb.png,1\n"u8.ToArray());
        Assert.Contains("classes.txt, line 1: is neither", Error(() => DatasetCatalogue.Load("csv", list)));
    }

    [Fact]
    public void Labels_that_differ_only_in_composition_are_one_class()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png", "c.png");
        DatasetSplits splits = Load(folder, "a.png,caf\u00E9\nb.png,cafe\u0301\nc.png,tea\n");
        Assert.Equal(["caf\u00E9", "tea"], splits.Info.ClassNames);
    }

    [Fact]
    public void A_row_that_is_there_twice_counts_once()
    {
        using TemporaryFolder folder = Folder("a.png", "b.png");
        DatasetSplits splits = Load(folder, "a.png,x,train\nb.png,y,train\na.png,x,test\n");
        Assert.Equal(["b.png"], Paths(splits.Train, folder.Path));
        Assert.Equal(["a.png"], Paths(splits.Test, folder.Path));
        Assert.Contains(splits.Notes,
            note => note.StartsWith("1 copy of an image is left out", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_needs_a_single_list()
    {
        using TemporaryFolder folder = Folder("a.png");
        Assert.Contains("no files *.csv", Error(() => DatasetCatalogue.Load("csv", folder.Path)));
    }

    private static int Total(DatasetSplits splits) => splits.Train.Count + splits.Validation.Count + splits.Test.Count;

    private static DatasetSplits Load(TemporaryFolder folder, string rows)
    {
        folder.Write("list.csv", Encoding.UTF8.GetBytes(rows));
        return DatasetCatalogue.Load("csv", folder.Path, new() { ValidationShare = 0 });
    }
}
