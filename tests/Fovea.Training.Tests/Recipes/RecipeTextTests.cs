using Fovea.Training.Recipes;

namespace Fovea.Training.Tests.Recipes;

public sealed class RecipeTextTests
{
    [Fact]
    public void Nothing_is_said_of_what_is_off()
    {
        Assert.Equal("", RecipeText.Regularisation(Recipe.Default));
        Assert.Equal("", RecipeText.Teacher(Recipe.Default));
        Assert.Equal("", RecipeText.Loss(Recipe.Default));
        Assert.Equal("", RecipeText.Update(Recipe.Default));
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

    [Fact]
    public void Another_loss_than_cross_entropy_is_named() => Assert.StartsWith("binary cross-entropy",
        RecipeText.Loss(Recipe.Default with { Regularisation = new() { BinaryLoss = true } }));

    [Fact]
    public void Whatever_is_unusual_of_an_update_is_named()
    {
        Assert.Equal("betas 0.9 and 0.95, epsilon 1E-06, gradient clipped to norm 5, layer decay 0.75, head's rate "
            + "times 10, embedding and 2 blocks frozen, batch in 4 parts, blocks computed again in the backward pass",
            RecipeText.Update(Recipe.Default with
            {
                Optimisation = new()
                {
                    Betas = (0.9, 0.95),
                    Epsilon = 1e-6,
                    ClipGradient = 5,
                    LayerDecay = 0.75,
                    HeadRate = 10,
                    Freeze = 2,
                    GradientAccumulation = 4,
                    GradientCheckpointing = true,
                    Momentum = 0.5,
                },
            }));
        Assert.Equal("momentum 0.5, Nesterov's form, gradient not clipped, all but the head frozen",
            RecipeText.Update(Recipe.Default with
            {
                Optimisation = new()
                {
                    Optimizer = OptimizerKind.Sgd,
                    Momentum = 0.5,
                    Nesterov = true,
                    ClipGradient = null,
                    Freeze = null,
                    Betas = (0.5, 0.5),
                },
            }));
    }

    [Fact]
    public void What_LAMB_and_LARS_have_is_named()
    {
        OptimisationSection all = new()
        {
            Momentum = 0.5,
            Betas = (0.5, 0.5),
            Epsilon = 1e-5,
            TrustCoefficient = 0.02,
            ClipTrust = true,
            AlwaysAdapt = true,
        };
        Assert.Equal("betas 0.5 and 0.5, epsilon 1E-05, trust ratio clipped, all parameters adapted",
            RecipeText.Update(new() { Optimisation = all with { Optimizer = OptimizerKind.Lamb } }));
        Assert.Equal("momentum 0.5, epsilon 1E-05, trust coefficient 0.02, trust ratio clipped, all parameters "
            + "adapted, gradient clipped to norm 1",
            RecipeText.Update(new() { Optimisation = all with { Optimizer = OptimizerKind.Lars } }));
        Assert.Equal("betas 0.5 and 0.5, epsilon 1E-05",
            RecipeText.Update(new() { Optimisation = all }));
    }

    [Theory]
    [InlineData(RateScaling.None, 4096, 0.1, "0.1")]
    [InlineData(RateScaling.Linear, 4096, 1.6, "1.6 (0.1 x 4096 / 256)")]
    [InlineData(RateScaling.Sqrt, 4096, 0.4, "0.4 (0.1 x root of 4096 / 256)")]
    [InlineData(RateScaling.Linear, 64, 0.025, "0.025 (0.1 x 64 / 256)")]
    [InlineData(RateScaling.Sqrt, 256, 0.1, "0.1 (0.1 x root of 256 / 256)")]
    public void A_rate_grows_with_the_batch_as_asked(RateScaling scaling, int batch, double expected, string text)
    {
        Recipe recipe = new()
        {
            Optimisation = new() { LearningRate = 0.1, RateScaling = scaling, BatchSize = batch },
        };
        Assert.Equal(expected, recipe.Optimisation.PeakLearningRate, 1e-12);
        Assert.Equal(text, RecipeText.Rate(recipe));
    }

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
