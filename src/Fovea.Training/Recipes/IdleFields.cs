namespace Fovea.Training.Recipes;

/// <summary>Fields that were set and change nothing, because what they belong to is switched off.</summary>
internal static class IdleFields
{
    private const string NotMixed = "nothing is mixed", NoTeacher = "there is no teacher", NoWeights =
        "no weights are loaded";

    private static readonly (string Field, Func<Recipe, bool> IsIdle, string Reason)[] Rules =
    [
        ("momentum", r => !Kind(r).HasMomentum(), "only SGD, LARS and Muon have it"),
        ("momentum", r => Kind(r).HasMomentum() && r.Schedule.Form.HasOwnWarmUp,
            "one-cycle sets it (`low-momentum` and `high-momentum` of `schedule`)"),
        ("nesterov", r => !Kind(r).HasMomentum(), "only SGD, LARS and Muon have it"),
        ("betas", r => !Kind(r).HasBetas(), "SGD and LARS have none"),
        ("beta3", r => Kind(r) != OptimizerKind.Adan, "only Adan has it"),
        ("opt-eps", r => !Kind(r).HasEpsilon(), "SGD and Lion have none"),
        ("muon-iterations", r => Kind(r) != OptimizerKind.Muon, "only Muon has them"),
        ("muon-scale", r => Kind(r) != OptimizerKind.Muon, "only Muon has it"),
        ("trust-coefficient", r => Kind(r) != OptimizerKind.Lars, "only LARS has it"),
        ("trust-clip", r => !Kind(r).IsAdapted(), "only LAMB and LARS have it"),
        ("always-adapt", r => !Kind(r).IsAdapted(), "only LAMB and LARS have it"),
        ("ema-warmup", r => r.Regularisation.EmaDecay is null, "there is no `ema`"),
        ("lr-base-batch", r => r.Optimisation.RateScaling == RateScaling.None, "`lr-scaling` is none"),
        ("mixup-prob", r => r.Regularisation is { Mixup: 0, CutMix: 0 }, NotMixed),
        ("mixup-switch-prob", r => r.Regularisation is { Mixup: 0, CutMix: 0 }, NotMixed),
        ("mixup-switch-prob", r => r.Regularisation is { Mixup: 0, CutMix: > 0 } or { Mixup: > 0, CutMix: 0 },
            "of mixup and CutMix only one is on"),
        ("erasing-value", r => r.Regularisation.RandomErasing is null or 0, "`random-erasing` is not given"),
        ("color-jitter", r => r.Data.AutoAugment is not null, "it is left out beside `auto-augment`"),
        ("distill", r => r.Distillation.Teacher is null, NoTeacher),
        ("distill-alpha", r => r.Distillation.Teacher is null, NoTeacher),
        ("distill-temperature", r => r.Distillation.Teacher is null, NoTeacher),
        ("distill-temperature", r => r.Distillation is { Teacher: not null, Kind: not DistillationKind.Soft },
            "only soft distillation has one"),
        ("bce-pos-weight", r => !r.Regularisation.BinaryLoss && r.Data.Labels is null,
            "only binary cross-entropy has one (`bce-loss`, `labels`)"),
        .. ((string[])["unlabelled", "unlabelled-ratio", "unlabelled-weight"]).Select(field =>
            (field, (Func<Recipe, bool>)(r => r.SemiSupervised.Method == SemiMethod.None), "there is no `semi`")),
        .. ((string[])["pseudo-threshold", "strong-augment"]).Select(field =>
            (field, (Func<Recipe, bool>)(r => r.SemiSupervised.Method != SemiMethod.FixMatch),
                "only `semi` fixmatch has it")),
        ("ramp-up-epochs", r => r.SemiSupervised.Method != SemiMethod.MeanTeacher,
            "only `semi` mean-teacher has it"),
        ("cache-size", r => r.Data.Cache is null, "there is no `cache`"),
        ("warmup-lr", r => r.Schedule.WarmupEpochs is 0, "there is no warm-up"),
        ("strict", r => r.Model.Weights is null, NoWeights),
        ("allow-partial", r => r.Model.Weights is null, NoWeights),
        .. ((string[])["mask-ratio", "norm-pix", "decoder-depth", "decoder-dim"])
        .Select(OnlyFor(PretrainingMethod.Mae)),
        .. ((string[])["local-crops", "local-size", "local-scale", "dino-outputs", "dino-hidden", "dino-bottleneck",
            "teacher-momentum", "teacher-temperature", "first-teacher-temperature", "teacher-warmup-epochs",
            "student-temperature", "center-momentum", "freeze-last-layer"]).Select(OnlyFor(PretrainingMethod.Dino)),
        ("local-size", r => r.Pretraining is { Method: PretrainingMethod.Dino, LocalCrops: 0 }, "`local-crops` is 0"),
        ("local-scale", r => r.Pretraining is { Method: PretrainingMethod.Dino, LocalCrops: 0 }, "`local-crops` is 0"),
        ("histogram-every", r => r.Run.Track == Trackers.None, "no tool gets a record"),
        ("histogram-every", r => r.Run.Track != Trackers.None
            && (r.Run.Track & (Trackers.TensorBoard | Trackers.Wandb)) == Trackers.None,
            "MLflow and Trackio take no histograms"),
    ];

    /// <summary>A sentence for each such field.</summary>
    /// <param name="recipe">The recipe of a run.</param>
    /// <param name="hasOwnValidation">True where the dataset comes with validation images.</param>
    public static IEnumerable<string> Of(Recipe recipe, bool hasOwnValidation)
    {
        Recipe usual = ModelDefaults.Of(recipe);
        foreach ((string name, Func<Recipe, bool> isIdle, string reason) in Rules)
            if (isIdle(recipe) && IsSet(name)) yield return Sentence(name, reason);
        if (hasOwnValidation && IsSet("val-share"))
            yield return Sentence("val-share", "the dataset has validation images of its own");

        bool IsSet(string name) => RecipeFields.Find(name) is { } field && field.Read(recipe) != field.Read(usual);

        string Sentence(string name, string reason)
        {
            RecipeField field = RecipeFields.Find(name)!;
            return $"`{name}`{(field.IsFlag ? "" : " " + field.Read(recipe))} changes nothing: {reason}.";
        }
    }

    private static Func<string, (string, Func<Recipe, bool>, string)> OnlyFor(PretrainingMethod method) => field =>
        (field, r => r.Pretraining.Method != method, $"only `method` {method.ToString().ToLowerInvariant()} has it");

    private static OptimizerKind Kind(Recipe recipe) => recipe.Optimisation.Optimizer;
}
