using Fovea.Training.Recipes;

namespace Fovea.Training.Tests.Recipes;

public sealed class IdleFieldsTests
{
    [Fact]
    public void Nothing_is_idle_of_what_was_not_set() =>
        Assert.All((Recipe[])[Recipe.Default, ModelDefaults.Of("vit-nano"), Of("optimizer=sgd"),
            Written(ModelDefaults.For(Recipe.Default, OptimizerKind.Lamb), "optimizer=lamb"),
            Written(ModelDefaults.For(Recipe.Default, OptimizerKind.Lars), "optimizer=lars"), Of("warmup-epochs=0"),
            .. Enum.GetValues<OptimizerKind>().Select(kind =>
                Written(ModelDefaults.For(Recipe.Default, kind), $"optimizer={kind.Word()}"))],
            recipe => Assert.Empty(IdleFields.Of(recipe, hasOwnValidation: true)));

    [Theory]
    [InlineData("momentum=0.8", "`momentum` 0.8 changes nothing: only SGD, LARS and Muon have it.")]
    [InlineData("optimizer=sgd schedule=one-cycle momentum=0.8",
        "`momentum` 0.8 changes nothing: one-cycle sets it (`low-momentum` and `high-momentum` of `schedule`).")]
    [InlineData("nesterov=true", "`nesterov` changes nothing: only SGD, LARS and Muon have it.")]
    [InlineData("optimizer=sgd betas=0.8,0.9", "`betas` 0.8,0.9 changes nothing: SGD and LARS have none.")]
    [InlineData("optimizer=sgd opt-eps=0.5", "`opt-eps` 0.5 changes nothing: SGD and Lion have none.")]
    [InlineData("optimizer=lars betas=0.8,0.9",
        "`betas` 0.8,0.9 changes nothing: SGD and LARS have none.")]
    [InlineData("optimizer=lamb momentum=0.8", "`momentum` 0.8 changes nothing: only SGD, LARS and Muon have it.")]
    [InlineData("optimizer=lamb trust-coefficient=0.01",
        "`trust-coefficient` 0.01 changes nothing: only LARS has it.")]
    [InlineData("trust-clip=true", "`trust-clip` changes nothing: only LAMB and LARS have it.")]
    [InlineData("optimizer=sgd always-adapt=true", "`always-adapt` changes nothing: only LAMB and LARS have it.")]
    [InlineData("optimizer=lion opt-eps=0.5", "`opt-eps` 0.5 changes nothing: SGD and Lion have none.")]
    [InlineData("beta3=0.9", "`beta3` 0.9 changes nothing: only Adan has it.")]
    [InlineData("optimizer=lion muon-iterations=3", "`muon-iterations` 3 changes nothing: only Muon has them.")]
    [InlineData("muon-scale=original", "`muon-scale` original changes nothing: only Muon has it.")]
    [InlineData("ema-warmup=none", "`ema-warmup` none changes nothing: there is no `ema`.")]
    [InlineData("lr-base-batch=512", "`lr-base-batch` 512 changes nothing: `lr-scaling` is none.")]
    [InlineData("mixup-prob=0.5", "`mixup-prob` 0.5 changes nothing: nothing is mixed.")]
    [InlineData("mixup-switch-prob=0.1", "`mixup-switch-prob` 0.1 changes nothing: nothing is mixed.")]
    [InlineData("mixup=1 mixup-switch-prob=0.1",
        "`mixup-switch-prob` 0.1 changes nothing: of mixup and CutMix only one is on.")]
    [InlineData("erasing-value=random", "`erasing-value` random changes nothing: `random-erasing` is not given.")]
    [InlineData("auto-augment=trivial-augment color-jitter=0.4",
        "`color-jitter` 0.4 changes nothing: it is left out beside `auto-augment`.")]
    [InlineData("distill-alpha=0.3", "`distill-alpha` 0.3 changes nothing: there is no teacher.")]
    [InlineData("distill-temperature=2", "`distill-temperature` 2 changes nothing: there is no teacher.")]
    [InlineData("distill=hard teacher=runs/a distill-temperature=2",
        "`distill-temperature` 2 changes nothing: only soft distillation has one.")]
    [InlineData("bce-pos-weight=3",
        "`bce-pos-weight` 3 changes nothing: only binary cross-entropy has one (`bce-loss`, `labels`).")]
    [InlineData("cache-size=96", "`cache-size` 96 changes nothing: there is no `cache`.")]
    [InlineData("warmup-epochs=0 warmup-lr=0.1", "`warmup-lr` 0.1 changes nothing: there is no warm-up.")]
    [InlineData("strict=true", "`strict` changes nothing: no weights are loaded.")]
    [InlineData("allow-partial=true", "`allow-partial` changes nothing: no weights are loaded.")]
    [InlineData("track=none histogram-every=5", "`histogram-every` 5 changes nothing: no tool gets a record.")]
    [InlineData("track=mlflow,trackio histogram-every=5",
        "`histogram-every` 5 changes nothing: MLflow and Trackio take no histograms.")]
    [InlineData("val-share=0.2", "`val-share` 0.2 changes nothing: the dataset has validation images of its own.")]
    public void What_changes_nothing_is_said_with_the_reason(string fields, string expected) =>
        Assert.Equal([expected], IdleFields.Of(Of(fields), hasOwnValidation: true));

    [Theory]
    [InlineData("optimizer=sgd momentum=0.8 nesterov=true")]
    [InlineData("betas=0.8,0.9 opt-eps=0.5")]
    [InlineData("optimizer=lamb betas=0.8,0.9 opt-eps=0.5 trust-clip=true always-adapt=true")]
    [InlineData("optimizer=lars momentum=0.8 nesterov=true opt-eps=0.5 trust-coefficient=0.01 trust-clip=true")]
    [InlineData("optimizer=muon momentum=0.8 betas=0.8,0.9 muon-iterations=3 muon-scale=original cautious=true")]
    [InlineData("optimizer=adan betas=0.8,0.9 beta3=0.9 opt-eps=0.5")]
    [InlineData("ema=0.99 ema-warmup=power")]
    [InlineData("lr-scaling=sqrt lr-base-batch=512")]
    [InlineData("mixup=1 cutmix=1 mixup-prob=0.5 mixup-switch-prob=0.1")]
    [InlineData("random-erasing=0.5 erasing-value=random")]
    [InlineData("color-jitter=0.4")]
    [InlineData("teacher=runs/a distill=soft distill-alpha=0.3 distill-temperature=2")]
    [InlineData("cache=a cache-size=96")]
    [InlineData("bce-loss=true bce-pos-weight=3")]
    [InlineData("labels=a.csv bce-pos-weight=3")]
    [InlineData("warmup-epochs=1 warmup-lr=0.0001")]
    [InlineData("weights=a.pth strict=true allow-partial=true")]
    [InlineData("histogram-every=5 val-share=0.2")]
    public void What_acts_is_not_called_idle(string fields) =>
        Assert.Empty(IdleFields.Of(Of(fields), hasOwnValidation: false));

    private static Recipe Of(string fields) => Written(Recipe.Default, fields);

    private static Recipe Written(Recipe start, string fields) => fields.Split(' ')
        .Select(field => field.Split('=', 2))
        .Aggregate(start, (recipe, pair) => RecipeFields.Find(pair[0])!.Write(recipe, pair[1], pair[0]));
}
