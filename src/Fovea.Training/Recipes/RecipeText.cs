using System.Globalization;
using Fovea.Nn.Optimization;

namespace Fovea.Training.Recipes;

/// <summary>Parts of a recipe in words, for headers and reports; what is switched off is not mentioned.</summary>
public static class RecipeText
{
    /// <summary>Measures against overfitting, e.g. <c>label smoothing 0.1, mixup 0.8 or CutMix 1</c>; empty where
    /// there are none.</summary>
    public static string Regularisation(Recipe recipe)
    {
        RegularisationSection rates = recipe.Regularisation;
        string?[] parts =
        [
            rates.LabelSmoothing > 0 ? $"label smoothing {Text(rates.LabelSmoothing)}" : null,
            Mixing(rates),
            rates.Dropout is > 0 and double dropout ? $"dropout {Text(dropout)}" : null,
            rates.DropPath is > 0 and double path ? $"drop path {Text(path)}" : null,
            rates.RandomErasing is > 0 and double erasing ? $"random erasing {Text(erasing)}" : null,
            rates.EmaDecay is double decay ? $"moving average of weights {Text(decay)}" + rates.EmaWarmUp switch
            {
                AverageWarmUp.Power => " (warm-up by a power)",
                AverageWarmUp.None => " (no warm-up)",
                _ => "",
            } : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }

    /// <summary>The teacher and how its answers count, e.g. <c>runs/big, soft, alpha 0.1, temperature 3</c>; empty
    /// where there is none.</summary>
    public static string Teacher(Recipe recipe)
    {
        DistillationSection how = recipe.Distillation;
        if (how.Teacher is null) return "";
        bool isSoft = how.Kind == DistillationKind.Soft;
        return $"{how.Teacher}, {how.Kind.ToString().ToLowerInvariant()} distillation, alpha {Text(how.UsedAlpha)}"
            + (isSoft ? $", temperature {Text(how.Temperature)}" : "");
    }

    /// <summary>Learning from images without labels, e.g. <c>fixmatch, 7 images without labels for each labelled one,
    /// weight 1, pseudo-labels from 0.95</c>; empty where there is none.</summary>
    public static string SemiSupervised(Recipe recipe)
    {
        SemiSupervisedSection how = recipe.SemiSupervised;
        if (how.Method == SemiMethod.None) return "";
        string ratio = $"{how.UsedRatio} {(how.UsedRatio == 1 ? "image" : "images")} without labels for each labelled "
            + $"one, weight {Text(how.UsedWeight)}";
        return how.Method == SemiMethod.FixMatch
            ? $"fixmatch, {ratio}, pseudo-labels from {Text(how.Threshold)}, strong view {how.Strong}"
            : $"mean teacher, {ratio} after {Text(how.RampUpEpochs ?? recipe.Optimisation.Epochs / 4.0)} epochs";
    }

    /// <summary>Task that is learned in place of classes, e.g. <c>mae, 75 % of the patches hidden</c>; empty where
    /// classes are.</summary>
    public static string Pretraining(Recipe recipe)
    {
        PretrainingSection how = recipe.Pretraining;
        return how.Method switch
        {
            PretrainingMethod.Mae => $"mae, {Share(how.MaskRatio)} of the patches hidden",
            PretrainingMethod.Dino => $"dino, 2 large and {how.LocalCrops} small parts of each image, {how.Outputs} "
                + "outputs",
            _ => "",
        };
    }

    /// <summary>The loss of training where it is not cross-entropy; empty where it is.</summary>
    public static string Loss(Recipe recipe) => recipe.Data.Labels is not null
        ? $"binary cross-entropy of each class{PositiveWeight(recipe)}"
        : recipe.Regularisation.BinaryLoss
        ? $"binary cross-entropy of each class{PositiveWeight(recipe)}; losses of validation and test are cross-entropy"
        : "";

    private static string PositiveWeight(Recipe recipe) => recipe.Regularisation.PositiveWeight == 1 ? ""
        : $", those that an image has {Text(recipe.Regularisation.PositiveWeight)} times";

    /// <summary>Settings of the updates that are not as usual, e.g. <c>layer decay 0.75, gradient clipped to norm
    /// 5</c>; empty where all is.</summary>
    public static string Update(Recipe recipe)
    {
        OptimisationSection how = recipe.Optimisation;
        OptimisationSection usual = ModelDefaults.For(Recipe.Default, how.Optimizer).Optimisation;
        OptimizerKind kind = how.Optimizer;
        string?[] parts =
        [
            kind.HasMomentum() && how.Momentum != usual.Momentum ? $"momentum {Text(how.Momentum)}" : null,
            kind.HasMomentum() && how.Nesterov != usual.Nesterov
                ? how.Nesterov ? "Nesterov's form" : "without Nesterov's form" : null,
            kind.HasBetas() && how.Betas != usual.Betas
                ? $"betas {Text(how.Betas.First)} and {Text(how.Betas.Second)}" : null,
            kind == OptimizerKind.Adan && how.Beta3 != usual.Beta3 ? $"third beta {Text(how.Beta3)}" : null,
            kind.HasEpsilon() && how.Epsilon != usual.Epsilon ? $"epsilon {Text(how.Epsilon)}" : null,
            how.Cautious ? "cautious" : null,
            kind == OptimizerKind.Muon && how.MuonIterations != usual.MuonIterations
                ? $"{how.MuonIterations} iterations" : null,
            kind == OptimizerKind.Muon && how.MuonScale != usual.MuonScale ? "Muon's original scale" : null,
            kind == OptimizerKind.Lars && how.TrustCoefficient != usual.TrustCoefficient
                ? $"trust coefficient {Text(how.TrustCoefficient)}" : null,
            kind.IsAdapted() && how.ClipTrust ? "trust ratio clipped" : null,
            kind.IsAdapted() && how.AlwaysAdapt ? "all parameters adapted" : null,
            how.ClipGradient == usual.ClipGradient ? null
                : how.ClipGradient is double norm ? $"gradient clipped to norm {Text(norm)}" : "gradient not clipped",
            how.LayerDecay is double decay ? $"layer decay {Text(decay)}" : null,
            how.HeadRate != 1 ? $"head's rate times {Text(how.HeadRate)}" : null,
            how.Freeze is null ? "all but the head frozen" : null,
            how.Freeze is > 0 and int blocks ? $"embedding and {blocks} {(blocks == 1 ? "block" : "blocks")} frozen"
                : null,
            how.GradientAccumulation > 1 ? $"batch in {how.GradientAccumulation} parts" : null,
            how.GradientCheckpointing ? "blocks computed again in the backward pass" : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }

    /// <summary>The largest learning rate, and where it comes from if it is scaled, e.g. <c>0.016 (0.001 x 4096 /
    /// 256)</c>.</summary>
    public static string Rate(Recipe recipe)
    {
        OptimisationSection how = recipe.Optimisation;
        string scale = string.Create(CultureInfo.InvariantCulture, $"{how.BatchSize} / {how.BaseBatch}");
        return how.RateScaling switch
        {
            RateScaling.Linear => $"{Short(how.PeakLearningRate)} ({Short(how.LearningRate)} x {scale})",
            RateScaling.Sqrt => $"{Short(how.PeakLearningRate)} ({Short(how.LearningRate)} x root of {scale})",
            _ => Short(how.LearningRate),
        };
    }

    private static string? Mixing(RegularisationSection rates)
    {
        if (rates.Mixup <= 0 && rates.CutMix <= 0) return null;
        string both = rates.Mixup <= 0 ? $"CutMix {Text(rates.CutMix)}"
            : rates.CutMix <= 0 ? $"mixup {Text(rates.Mixup)}"
            : $"mixup {Text(rates.Mixup)} or CutMix {Text(rates.CutMix)} ({Share(rates.MixSwitchProbability)} CutMix)";
        return rates.MixProbability < 1 ? $"{both} in {Share(rates.MixProbability)} of the batches" : both;
    }

    private static string Share(double share) => $"{Text(100 * share)} %";

    private static string Short(double rate) => rate.ToString("G3", CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
