
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Datasets;

public sealed class DatasetCatalogueTests
{
    [Theory]
    [InlineData("cifar10", "cifar10")]
    [InlineData("CIFAR-10", "cifar10")]
    [InlineData("cifar_100", "cifar100")]
    [InlineData("FashionMNIST", "fashion-mnist")]
    [InlineData("Shapes", "shapes")]
    [InlineData("ImageFolder", "folder")]
    [InlineData("imagenet_1k", "imagenet")]
    [InlineData("Dogs-vs-Cats", "cats-and-dogs")]
    public void Names_are_found_as_people_write_them(string written, string name) =>
        Assert.Equal(name, DatasetCatalogue.Canonical(written));

    [Fact]
    public void An_unknown_name_suggests_the_nearest()
    {
        string message = Assert.Throws<UsageException>(() => DatasetCatalogue.Load("cifar11", ".")).Message;
        Assert.Equal(
            "dataset 'cifar11' does not exist. Did you mean 'cifar10'? The datasets are shapes, mnist, fashion-mnist, "
                + "cifar10, cifar100, "
            + "folder, imagenet, cats-and-dogs, csv, unlabelled.",
            message);
        Assert.DoesNotContain("Did you mean",
            Assert.Throws<UsageException>(() => DatasetCatalogue.Load("places365", ".")).Message);
    }

    [Fact]
    public void A_missing_directory_is_named()
    {
        Assert.Contains("'/no/such'",
            Assert.Throws<DataException>(() => DatasetCatalogue.Load("mnist", "/no/such")).Message);
        Assert.Contains("`data` DIR", Assert.Throws<UsageException>(() => DatasetCatalogue.Load("mnist")).Message);
    }

    [Theory]
    [InlineData(1, null, null, "validation share")]
    [InlineData(0.1, 0, null, "train limit")]
    [InlineData(0.1, null, -1, "eval limit")]
    public void Options_that_make_no_sense_are_named(double share, int? train, int? evaluation, string named)
    {
        DatasetOptions options = new() { ValidationShare = share, TrainLimit = train, EvaluationLimit = evaluation };
        Assert.StartsWith(named,
            Assert.Throws<UsageException>(() => DatasetCatalogue.Load("shapes", options: options)).Message);
    }

    [Fact]
    public void Classes_fraction_and_validation_go_together()
    {
        string[] names = [.. Enumerable.Range(0, 120).Select(i => $"{"abc"[i % 3]}/{i:000}.png")];
        using TemporaryFolder folder = Support.Images.Folder(names);
        DatasetOptions options = new() { Classes = "c, a", ValidationShare = 0.25, TestShare = 0.25 };
        DatasetSplits all = DatasetCatalogue.Load("folder", folder.Path, options);
        DatasetSplits half = DatasetCatalogue.Load("folder", folder.Path, options with { TrainFraction = 0.5 });
        Assert.Equal(["c", "a"], all.Info.ClassNames);
        // Of 30 test images and 90 others two thirds are of these classes; a quarter of those is held out again.
        Assert.Equal((45, 15, 20), (all.Train.Count, all.Validation.Count, all.Test.Count));
        Assert.InRange(half.Train.Count, 22, 23);
        Assert.Equal(15, half.Validation.Count);
        Assert.InRange(Support.Images.Labels(half.Train).Count(label => label == 0), 11, 12);
    }

    [Fact]
    public void Mnist_gets_a_held_out_validation_set_and_limits()
    {
        string directory = SharedFiles.Data("mnist");
        DatasetSplits splits = DatasetCatalogue.Load("mnist", directory, new() { Seed = 3 });
        Assert.Equal((54_000, 6_000, 10_000), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        Assert.Equal("10 % of the training set, by class, seed 3", splits.ValidationOrigin);

        DatasetSplits small = DatasetCatalogue.Load("mnist", directory,
            new() { TrainLimit = 1000, EvaluationLimit = 100 });
        Assert.Equal((1000, 100, 100), (small.Train.Count, small.Validation.Count, small.Test.Count));
        Assert.All(Enumerable.Range(0, 1000).GroupBy(small.Train.Label), group => Assert.Equal(100, group.Count()));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Shapes_bring_their_own_validation_set()
    {
        DatasetSplits splits = DatasetCatalogue.Load("shapes", options: new() { TrainLimit = 50 });
        Assert.Equal((50, 1000, 2000), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        Assert.Equal("published", splits.ValidationOrigin);
    }
}
