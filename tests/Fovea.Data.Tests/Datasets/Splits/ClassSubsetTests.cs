using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Datasets.Splits;

public sealed class ClassSubsetTests
{
    private static DatasetInfo Info { get; } = Counting.Info(1, 4, 4) with
    {
        ClassNames = ["ant", "bee", "cat", "7"],
        ClassIds = ["n1", "n2", "n3", "n4"]
    };

    [Theory]
    [InlineData("2", new[] { 0, 1 })]
    [InlineData("cat,ant", new[] { 2, 0 })]
    [InlineData("n4, bee", new[] { 3, 1 })]
    public void A_count_or_names_choose(string text, int[] numbers) =>
        Assert.Equal(numbers, ClassSubset.Choose(Info, text));

    [Theory]
    [InlineData("5", "from 2 to 4 can be kept, not 5")]
    [InlineData("1", "from 2 to 4")]
    [InlineData("ant", "fewer than two")]
    [InlineData("ant,n1", "'ant' is there twice")]
    [InlineData("ant,cad", "no class 'cad'. Did you mean")]
    public void Wrong_choices_are_named(string text, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => ClassSubset.Choose(Info, text)).Message);

    [Fact]
    public void Labels_are_numbered_anew_and_images_stay()
    {
        ClassSubset subset = new(Counting.Dataset(9), [2, 0]);
        Assert.Equal(["class 2", "class 0"], subset.Info.ClassNames);
        Assert.Equal([1, 0, 1, 0, 1, 0], Enumerable.Range(0, subset.Count).Select(subset.Label));
        RawImage image = new();
        subset.Read(2, image);
        Assert.Equal(3, image.Pixels[0]);
    }
}
