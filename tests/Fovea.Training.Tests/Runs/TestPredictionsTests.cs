using Fovea.Training.Runs;

namespace Fovea.Training.Tests.Runs;

public sealed class TestPredictionsTests
{
    private static readonly TestPredictions Three = new([0, 1, 1], [1, 1, 0], [0.5f, 0.25f, 1])
    {
        Files = ["a, b/\"1\".png", "=1.png", "c.png"],
    };

    [Fact]
    public void What_is_written_is_read()
    {
        using TemporaryFolder folder = new();
        RunDirectory run = new(folder.Path);
        foreach (TestPredictions one in (TestPredictions[])[Three, Three with { Files = [] }])
        {
            one.Write(run, ["with, comma", "=two\nlines"]);
            TestPredictions read = TestPredictions.Read(run);
            Assert.Equal(one.Labels, read.Labels);
            Assert.Equal(one.Predicted, read.Predicted);
            Assert.Equal(one.Probability, read.Probability);
            Assert.Equal(one.Files, read.Files);
            Assert.Equal(4, File.ReadAllLines(run.Predictions).Length);
        }
    }

    [Theory]
    [InlineData("0,0,0", 2)]
    [InlineData("0,0,0,0.5\n1,x,0,0.5", 3)]
    [InlineData("0,0,0,1.5", 2)]
    [InlineData("0,-1,0,0.5", 2)]
    public void A_damaged_row_is_named(string rows, int line)
    {
        using TemporaryFolder folder = new();
        RunDirectory run = new(folder.Path);
        File.WriteAllText(run.Predictions, $"index,label,predicted,probability\n{rows}\n");
        DataException error = Assert.Throws<DataException>(() => TestPredictions.Read(run));
        Assert.Contains($"line {line}: not a row of", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_are_the_same_by_class_and_by_file_where_both_name_them()
    {
        TestPredictions without = Three with { Files = [] }, others = Three with { Files = ["1", "2", "3"] };
        Assert.True(Three.AreOfTheImagesOf(Three with { Predicted = [0, 0, 0] }));
        Assert.True(Three.AreOfTheImagesOf(without) && without.AreOfTheImagesOf(Three));
        Assert.False(Three.AreOfTheImagesOf(others));
        Assert.False(Three.AreOfTheImagesOf(Three with { Labels = [0, 1, 0] }));
    }
}
