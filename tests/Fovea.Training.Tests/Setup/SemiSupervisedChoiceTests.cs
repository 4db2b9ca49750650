using System.Text;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;

namespace Fovea.Training.Tests.Setup;

public sealed class SemiSupervisedChoiceTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Both evaluate an average of the weights, and a run has one.</summary>
    [Theory]
    [InlineData(SemiMethod.FixMatch)]
    [InlineData(SemiMethod.MeanTeacher)]
    public void Schedule_free_steps_are_refused_before_a_run_begins(SemiMethod method) => Assert.Equal("optimizer",
        Assert.Throws<UsageException>(() => SemiSupervisedChoice.Require(Recipe.Default with
        {
            SemiSupervised = new() { Method = method, LabelsPerClass = 4 },
            Optimisation = new() { Optimizer = OptimizerKind.ScheduleFree },
        })).Field);

    [Fact]
    public void Images_without_labels_are_none_of_those_that_are_held_out()
    {
        using TemporaryFolder folder = new();
        foreach (int label in (int[])[0, 1])
            for (int i = 0; i < 20; i++)
            {
                byte[] file = [.. Encoding.ASCII.GetBytes("P6 2 1 255\n"), (byte)label, (byte)i, 0, 9, 9, 9];
                folder.Write($"classes/{label}/{i}.ppm", file);
                folder.Write($"all/{label}-{i}.ppm", file);
                folder.Write($"all/more-{label}-{i}.ppm", [.. file[..^1], 7]);
            }

        Recipe recipe = new()
        {
            Data = new() { Directory = folder["classes"] },
            SemiSupervised = new() { Method = SemiMethod.MeanTeacher, Folder = folder["all"], LabelsPerClass = 4 },
        };
        DatasetSplits parts = DatasetChoice.Load(recipe, stop: Stop),
            data = SemiSupervisedChoice.Divide(recipe, parts);
        int heldOut = parts.Validation.Count + parts.Test.Count;
        Assert.True(parts.Validation.Count > 0 && parts.Test.Count > 0);
        Assert.Equal(40 - heldOut + 80 - heldOut, data.Unlabelled!.Count);
        Assert.Contains(data.Notes, note => note.StartsWith($"{heldOut} of the images without labels are copies"));
        Recipe keep = recipe with { Data = recipe.Data with { Copies = CopyPolicy.Keep } };
        DatasetSplits kept = SemiSupervisedChoice.Divide(keep, DatasetChoice.Load(keep, stop: Stop));
        Assert.Equal(40 - heldOut + 80, kept.Unlabelled!.Count);
    }

    [Fact]
    public void A_folder_without_labels_beside_the_classes_is_none_of_them()
    {
        string[] classes = ["cat", "dog"];
        using TemporaryFolder folder = new();
        foreach ((int number, string name) in classes.Append("unlabelled").Index())
            for (int i = 0; i < 10; i++)
                folder.Write($"{name}/{i}.ppm", [.. Encoding.ASCII.GetBytes("P6 1 1 255\n"), (byte)number, (byte)i, 0]);
        Recipe recipe = new()
        {
            Data = new() { Directory = folder.Path },
            SemiSupervised = new() { Method = SemiMethod.FixMatch, Folder = folder["unlabelled"] },
        };
        DatasetSplits data = SemiSupervisedChoice.Divide(recipe, DatasetChoice.Load(recipe, stop: Stop));
        Assert.Equal(classes, data.Info.ClassNames);
        Assert.Equal(data.Train.Count + 10, data.Unlabelled!.Count);
    }
}
