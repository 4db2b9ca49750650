using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Tensors;
using Fovea.Training.Classes;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Classes;

public class ClassMapTests
{
    [Fact]
    public void OrderDoesNotCount()
    {
        ClassMap map = ClassMap.Of(Info("a", "b", "c"), Info("c", "a", "b"));
        Assert.Equal([2, 0, 1], map.Numbers);
        Assert.True(map.IsPermutation);
        Assert.Contains("another order", map.Note, StringComparison.Ordinal);
        Assert.Null(ClassMap.Of(Info("a", "b"), Info("a", "b")).Note);
    }

    [Fact]
    public void ASubsetIsMappedAndSaid()
    {
        ClassMap map = ClassMap.Of(Info("a", "b", "c"), Info("b", "c")).Require("run");
        Assert.Equal([1, 2], map.Numbers);
        Assert.Contains("2 of the 3 that it knows are there; without images: a", map.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherNamesAreRefusedWithBothListsAndTheNearest()
    {
        ClassMap map = ClassMap.Of(Info("cat", "dog"), Info("cats", "dog"));
        UsageException error = Assert.Throws<UsageException>(() => map.Require("run"));
        Assert.Contains("(cat, dog)", error.Message, StringComparison.Ordinal);
        Assert.Contains("(cats, dog)", error.Message, StringComparison.Ordinal);
        Assert.Contains("'cats' and 'cat'", error.Message, StringComparison.Ordinal);
        Assert.Equal([-1, 1], map.Require("run", knownOnly: true).Numbers);
        Assert.Throws<UsageException>(() =>
            ClassMap.Of(Info("a", "b"), Info("x", "y")).Require("run", knownOnly: true));
    }

    [Fact]
    public void IdentifiersAreNames()
    {
        DatasetInfo model = Info("tench", "goldfish") with { ClassIds = ["n01440764", "n01443537"] };
        Assert.Equal([1, 0], ClassMap.Of(model, Info("n01443537", "n01440764")).Numbers);
        Assert.Equal([1], ClassMap.Of(Info("n01440764", "n01443537"),
            Info("goldfish") with { ClassIds = ["n01443537"] })
            .Numbers);
    }

    [Fact]
    public void LettersMayBeComposedOrNot() =>
        Assert.True(ClassMap.Of(Info("caf\u00e9", "tea"), Info("cafe\u0301", "tea")).IsSame);

    [Fact]
    public void NumbersAfterMappingAreRight()
    {
        using TemporaryFolder folder = new();
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, folder["run"]);
        TrainedModel model = TrainedModel.Load(run.Path, Device.Cpu);
        IImageDataset images = TinyRun.Images.Test;
        int[] turned = [.. Enumerable.Range(0, images.Info.Classes).Reverse()];
        EvaluationResult expected = model.Evaluate(images, 8, stop: TestContext.Current.CancellationToken);

        EvaluationResult permuted = model.Evaluate(new ClassSubset(images, turned), 8,
            stop: TestContext.Current.CancellationToken);
        Assert.Equal(expected.Top1, permuted.Top1);
        Assert.Equal(expected.Loss, permuted.Loss, 12);
        Assert.Equal(expected.Confusion.Cast<int>(), permuted.Confusion.Cast<int>());
        Assert.Equal(expected.Labels, permuted.Labels);

        int[] some = [.. turned.Skip(1)];
        EvaluationResult subset = model.Evaluate(new ClassSubset(images, some), 8,
            stop: TestContext.Current.CancellationToken);
        foreach (int label in some) Assert.Equal(expected.OfClass(label), subset.OfClass(label));
        Assert.Equal(0, subset.OfClass(turned[0]).Images);
    }

    [Fact]
    public void AResumedRunMatchesByName()
    {
        using TemporaryFolder folder = new();
        DatasetSplits images = TinyRun.Images;
        int[] turned = [.. Enumerable.Range(0, images.Info.Classes).Reverse()];
        RunSummary whole = TrainingRun.Start(WithOut(TinyRun.Recipe, folder["a"]), new SilentObserver(),
            TestContext.Current.CancellationToken,
            images);
        TrainingRun.Start(WithOut(TinyRun.Recipe, folder["b"]) with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 2 }
        }, new SilentObserver(), TestContext.Current.CancellationToken, images);
        SilentObserver observer = new();
        RunSummary resumed = TrainingRun.Resume(folder["b"],
            old => old with { Optimisation = old.Optimisation with { Epochs = 3 } }, observer,
            TestContext.Current.CancellationToken,
            images.Each(part => new ClassSubset(part, turned)));
        Assert.Equal(whole.TestLoss, resumed.TestLoss);
        Assert.Contains(observer.Warnings, warning => warning.Contains("another order", StringComparison.Ordinal));

        DatasetSplits others = images.Each(part =>
            new RenumberedClasses(part,
                part.Info with { ClassNames = [.. part.Info.ClassNames.Select(name => name + "x")] },
                [.. Enumerable.Range(0, part.Info.Classes)]));
        Assert.Throws<UsageException>(() =>
            TrainingRun.Resume(folder["b"], old => old, new SilentObserver(), TestContext.Current.CancellationToken,
                others));
    }

    [Fact]
    public void AHeadKeepsItsClassesUnderOtherNumbers()
    {
        using TemporaryFolder folder = new();
        DatasetSplits images = TinyRun.Images;
        TinyRun.Start(TinyRun.Recipe, folder["run"]);
        int[] turned = [2, 0];
        Recipe recipe = TinyRun.Recipe with
        {
            Model = TinyRun.Recipe.Model with { Weights = folder["run"] },
        };
        TrainingParts same = TrainingSetup.New(recipe, images, stop: TestContext.Current.CancellationToken);
        TrainingParts other = TrainingSetup.New(recipe, images.Each(part => new ClassSubset(part, turned)),
            stop: TestContext.Current.CancellationToken);
        float[] expected = Bias(same), found = Bias(other);
        Assert.Equal([expected[2], expected[0]], found);
        Assert.Contains(other.Notes, note => note.Contains("the head is kept", StringComparison.Ordinal));
        Assert.Empty(same.Notes);
    }

    private static float[] Bias(TrainingParts parts) =>
        parts.Model.NamedParameters().Single(entry => entry.Name == "head.bias").Parameter.Value.ToArray();

    private static Recipe WithOut(Recipe recipe, string path) => recipe with { Run = recipe.Run with { Out = path } };

    private static DatasetInfo Info(params string[] classes) => new()
    {
        Name = "test",
        Channels = 1,
        Height = 8,
        Width = 8,
        ClassNames = classes,
        Normalization = Normalization.Mnist,
    };
}
