using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Setup;

public sealed class AugmentationChoiceTests
{
    private const string Base = "random-crop:32:padding=4,hflip";

    [Theory]
    [InlineData("", Base)]
    [InlineData("aa=ta-wide", Base + ",trivial-augment")]
    [InlineData("aa=rand-m9-mstd0.5-inc1 color-jitter=0.4 reprob=0.25 remode=pixel",
        Base + ",rand-augment:bins=11:deviation=0.5:p=0.5,random-erasing:p=0.25:value=random")]
    [InlineData("color-jitter=0.4 hflip=0.3 vflip=1",
        "random-crop:32:padding=4,hflip:p=0.3,vflip:p=1,color-jitter:brightness=0.4:contrast=0.4:saturation=0.4")]
    public void Options_of_their_own_become_steps_and_resolving_twice_changes_nothing(string options, string expected)
    {
        Recipe recipe = Recipe.Default with { Data = new() { Augmentation = Base } };
        foreach (string[] option in options.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => text.Split('=')))
            recipe = RecipeFields.Find(option[0])!.Write(recipe, option[1], option[0]);
        string first = AugmentationChoice.Transforms(recipe, TinyRun.Images.Info).ToString();
        Recipe resolved = recipe with { Data = recipe.Data with { Augmentation = first } };
        Assert.Equal(expected, first);
        Assert.Equal(expected, AugmentationChoice.Transforms(resolved, TinyRun.Images.Info).ToString());
    }

    /// <summary>Resolved transforms hold the steps of the options that they were made with.</summary>
    [Theory]
    [InlineData("aa=ra", "aa=none", Base)]
    [InlineData("aa=ra", "aa=ta-wide", Base + ",trivial-augment")]
    [InlineData("color-jitter=0.4", "aa=ta-wide", Base + ",trivial-augment")]
    [InlineData("hflip=0.5", "aa=none", Base)]
    public void Another_automatic_augmentation_replaces_the_one_before(string first, string then, string expected)
    {
        Recipe recipe = With(Recipe.Default with { Data = new() { Augmentation = Base } }, first);
        recipe = recipe with
        {
            Data = recipe.Data with { Augmentation = AugmentationChoice.Transforms(recipe, TinyRun.Images.Info) },
        };
        Assert.Equal(expected, $"{AugmentationChoice.Transforms(With(recipe, then), TinyRun.Images.Info)}");
        Recipe read = RecipeFile.Parse(RecipeFile.Print(recipe), "file", Recipe.Default);
        Assert.Equal(expected, $"{AugmentationChoice.Transforms(With(read, then), TinyRun.Images.Info)}");

        static Recipe With(Recipe recipe, string option) =>
            RecipeFields.Find(option.Split('=')[0])!.Write(recipe, option.Split('=')[1], option);
    }

    [Fact]
    public void Mixing_takes_the_label_smoothing_along_and_is_off_without_an_alpha()
    {
        Assert.Null(AugmentationChoice.Mixing(new() { LabelSmoothing = 0.1 }));
        Assert.Equal(
            new() { Mixup = 0.8, Smoothing = 0.1, SwitchProbability = 0.3 },
            AugmentationChoice.Mixing(new() { Mixup = 0.8, LabelSmoothing = 0.1, MixSwitchProbability = 0.3 }));
    }

    [Fact]
    public void A_name_that_does_not_exist_is_refused() => Assert.Throws<UsageException>(
        () => AugmentationChoice.Transforms(Recipe.Default with { Data = new() { AutoAugment = "randm9" } },
            TinyRun.Images.Info));
}
