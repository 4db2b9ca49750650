using Fovea.Training.Recipes;

namespace Fovea.Training.Tests.Recipes;

public sealed class RecipeTextTests
{
    [Fact]
    public void Nothing_is_said_of_what_is_off()
    {
        Assert.Equal("", RecipeText.Regularisation(Recipe.Default));
        Assert.Equal("", RecipeText.Teacher(Recipe.Default));
    }

    [Theory]
    [InlineData(0.8, 0, 1, "mixup 0.8")]
    [InlineData(0, 1, 1, "CutMix 1")]
    [InlineData(0.8, 1, 0.5, "mixup 0.8 or CutMix 1 (50 % CutMix) in 50 % of the batches")]
    public void Mixing_is_named(double mixup, double cutMix, double share, string expected) => Assert.Equal(
        expected, RecipeText.Regularisation(Recipe.Default with
        {
            Regularisation = new() { Mixup = mixup, CutMix = cutMix, MixProbability = share },
        }));

    [Fact]
    public void Every_measure_is_named() => Assert.Equal(
        "label smoothing 0.1, dropout 0.2, drop path 0.3, random erasing 0.25, moving average of weights 0.999",
        RecipeText.Regularisation(Recipe.Default with
        {
            Regularisation = new()
            {
                LabelSmoothing = 0.1,
                Dropout = 0.2,
                DropPath = 0.3,
                RandomErasing = 0.25,
                EmaDecay = 0.999,
            },
        }));

    [Theory]
    [InlineData(DistillationKind.Hard, null, "runs/big, hard distillation, alpha 0.5")]
    [InlineData(DistillationKind.Soft, null, "runs/big, soft distillation, alpha 0.1, temperature 3")]
    [InlineData(DistillationKind.Hard, 0.7, "runs/big, hard distillation, alpha 0.7")]
    public void The_teacher_is_named(DistillationKind kind, double? alpha, string expected) => Assert.Equal(
        expected, RecipeText.Teacher(Recipe.Default with
        {
            Distillation = new() { Teacher = "runs/big", Kind = kind, Alpha = alpha },
        }));
}
