using System.Globalization;
using Fovea.Data;
using Fovea.Nn.Schedules;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Classes;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Setup;

/// <summary>Rules for training that starts from another model's weights.</summary>
public static class FineTuning
{
    /// <summary>Rates beyond which pretrained weights are known to be unlearned before anything new is
    /// learned.</summary>
    private const double AdamLimit = 5e-4, SgdLimit = 0.1;

    /// <summary>Tokens below which a Vision Transformer from scratch has too little to attend to.</summary>
    private const int FewestTokens = 49;   // the 7 x 7 of MNIST: 98.8 %, docs/results.md

    /// <summary>
    /// Where a recipe for fine-tuning starts from: the model of the weights, a run's images unless others are asked
    /// for, half the usual rate, falling by a quarter
    /// from block to block towards the image (BEiT's and MAE's way), label smoothing, and drop path for transformers. A
    /// frozen body needs none of it: its head learns at the usual rate, without decay.
    /// </summary>
    /// <param name="asked">What is asked for; its weights and frozen blocks are looked at.</param>
    /// <exception cref="UsageException">It names no weights, or they do not exist.</exception>
    /// <exception cref="CheckpointException">The weights are damaged.</exception>
    public static Recipe Start(Recipe asked)
    {
        asked = PretrainedWeights.Resolve(asked);
        if (asked.Model.Weights is not string weights)
            throw new UsageException(
                "finetune: say which weights to start from (RUN or `weights` FILE: a run directory, a checkpoint, "
                    + "safetensors or PyTorch's .pth).");
        string? name = asked.Model.Name == Recipe.Default.Model.Name ? null : Presets.Find(asked.Model.Name).Name;
        (ModelSection model, DataSection? data) = Source(weights, name);
        if (name is not null && name != model.Name) model = new() { Name = name };
        bool hasDropPath = Presets.Find(model.Name).Config.Describe().Depth is not null;
        OptimizerKind optimizer = asked.Optimisation.Optimizer;
        Recipe start = ModelDefaults.For(ModelDefaults.Of(model.Name), optimizer) with
        {
            Model = model with { Weights = weights },
        };
        if (data is not null && asked.Data is { Dataset: null, Directory: null, Labels: null })
            start = start with
            {
                Data = start.Data with { Dataset = data.Dataset, Directory = data.Directory, Labels = data.Labels },
            };
        return asked.Optimisation.Freeze is not null ? WithRates(start, hasDropPath, optimizer)
            : optimizer.IsAdapted() ? start   // they adapt what decays
            : start with
            {
                Optimisation = start.Optimisation with { LearningRate = RateOf(optimizer, 1e-3), WeightDecay = 0 },
            };
    }

    /// <summary>Recipe that <see cref="Start"/> gives for most transformers, nothing frozen.</summary>
    public static Recipe Defaults { get; } = WithRates(Recipe.Default, hasDropPath: true, OptimizerKind.AdamW);

    /// <summary>Lion takes a tenth of the rates of Adam.</summary>
    private static double RateOf(OptimizerKind optimizer, double rate) =>
        optimizer == OptimizerKind.Lion ? rate / 10 : rate;

    private static Recipe WithRates(Recipe start, bool hasDropPath, OptimizerKind optimizer) => start with
    {
        Optimisation = start.Optimisation with
        {
            LearningRate = optimizer == OptimizerKind.Lars ? 0.5 : RateOf(optimizer, 5e-4),
            LayerDecay = 0.75,
        },
        Regularisation = start.Regularisation with { LabelSmoothing = 0.1, DropPath = hasDropPath ? 0.1 : null },
    };

    /// <summary>Refuses weights that a run of a recipe could not start from. Their values are not read.</summary>
    /// <param name="model">The recipe's model; needs no memory.</param>
    /// <param name="weights">File or run directory.</param>
    /// <param name="recipe">Says what may be lacking.</param>
    /// <param name="data">The dataset to learn.</param>
    /// <exception cref="UsageException">There is no such file.</exception>
    /// <exception cref="CheckpointException">It is damaged, or its weights do not fit.</exception>
    public static void RequireFit(ImageClassifier model, string weights, Recipe recipe, DatasetInfo data)
    {
        using WeightFile file = WeightFiles.Open(ModelWeights.FileOf(weights));
        ClassMap? classes = ModelWeights.ClassesOf(file, data);
        LoadPlan.Create(model, StateDict.Of(file), file.Path, Device.Cpu, recipe.Model.Strict,
            freshHead: classes?.IsKnown == false, Partial(recipe),
            classes is { IsKnown: true, IsSame: false } ? classes.Numbers : null);
    }

    /// <summary>Freezes what the recipe wants frozen, and sets how blocks are differentiated.</summary>
    /// <exception cref="UsageException">The model has fewer blocks, or none that could be computed again.</exception>
    internal static void Prepare(ImageClassifier model, Recipe recipe)
    {
        OptimisationSection how = recipe.Optimisation;
        if (how.GradientAccumulation > how.BatchSize)
            throw new UsageException(
                $"a batch of {how.BatchSize} images cannot be cut into {how.GradientAccumulation} parts.")
            {
                Field = "grad-accum"
            };
        if (how.GradientCheckpointing && !model.CanRecompute)
            throw new UsageException(
                $"the model '{recipe.Model.Name}' cannot compute its blocks again; `grad-accum` saves memory with any "
                    + "model.")
            { Field = "grad-checkpoint" };
        model.RecomputesBlocks = how.GradientCheckpointing;
        int blocks = ModelStages.CountBlocks(model);
        if (how.Freeze > blocks)
            throw new UsageException(
                $"the model '{recipe.Model.Name}' has {blocks} blocks, not {how.Freeze}; 'all' leaves only the head to "
                    + "learn.")
            { Field = "freeze" };
        if (how.Freeze is null) ModelStages.FreezeBody(model);
        else if (how.Freeze > 0) ModelStages.Freeze(model, how.Freeze.Value);
    }

    /// <summary>Weights that are incomplete will learn, unless something of them is frozen.</summary>
    internal static PartialWeights Partial(Recipe recipe) => recipe.Model.AllowPartial ? PartialWeights.Take
        : recipe.Optimisation.Freeze == 0 ? PartialWeights.TakeMost : PartialWeights.Refuse;

    /// <summary>Notes on the weights that were loaded.</summary>
    /// <param name="report">What was loaded.</param>
    /// <param name="classes">Classes of the file and of the dataset; null: unknown.</param>
    /// <param name="method">How the weights were pretrained.</param>
    internal static IEnumerable<string> Notes(LoadReport report, ClassMap? classes,
        PretrainingMethod method = PretrainingMethod.None)
    {
        if (method != PretrainingMethod.None)
            yield return $"the weights were pretrained without classes ({method.ToString().ToLowerInvariant()}): the "
                + (method == PretrainingMethod.Mae ? "decoder" : "projection head")
                + " is not taken over, and a classifier head is learned from the start.";
        if (report.Incomplete is string incomplete)
            yield return $"INCOMPLETE WEIGHTS: {report.Path}: {incomplete}.";
        if (classes?.IsKnown == false) yield return classes.NewHead;
        else if (classes?.Note is string note) yield return $"the head is kept: {note}";
    }

    /// <summary>Warnings about settings that are known to go wrong.</summary>
    internal static IEnumerable<string> Warnings(Recipe recipe, ModelConfig config)
    {
        OptimisationSection how = recipe.Optimisation;
        double rate = how.PeakLearningRate;
        if (how is { WeightDecay: 0, AlwaysAdapt: false } && how.Optimizer.IsAdapted())
            yield return $"{how.Optimizer.Name()} adapts what decays, and without weight decay nothing does: it is "
                + $"{(how.Optimizer == OptimizerKind.Lamb ? "Adam" : "SGD")} (`weight-decay`, `always-adapt`).";
        if (recipe.Schedule.WarmupEpochs is double warm && warm > how.Epochs)
            yield return $"the warm-up of {Text(warm)} epochs is longer than the run of {how.Epochs}: the rate "
                + "rises "
                + "to the end (`warmup-epochs`, `epochs`).";
        double rise = Math.Min(how.Epochs,
            ScheduleCatalogue.WarmUp(recipe.Schedule.Form, recipe.Schedule.WarmupEpochs ?? 0));
        foreach (double drop in ScheduleCatalogue.Drops(recipe.Schedule.Form, how.Epochs))
            if (drop >= how.Epochs)
                yield return $"the rate was to drop at epoch {Text(drop)}, but the run ends with epoch {how.Epochs}: "
                    + "it never does (`schedule`, `epochs`).";
            else if (rise > 0 && drop <= rise)
                yield return $"the rate drops at epoch {Text(drop)} of the run, in the warm-up of {Text(rise)}: behind "
                    + "it the rate is a smaller one at once (`schedule`, `warmup-epochs`).";
        if (recipe.Schedule.MinimumLearningRate > rate)
            yield return $"the smallest rate of {Text(recipe.Schedule.MinimumLearningRate)} is above the largest of "
                + $"{Text(rate)}: the rate stays at the largest (`min-lr`, `lr`).";
        if (recipe.Model.Weights is not null && how.Freeze is not null)
        {
            if (how.Optimizer == OptimizerKind.Sgd && rate > SgdLimit)
                yield return $"SGD with a rate of {Text(rate)} usually destroys pretrained weights; 0.001 "
                    + "to 0.03 usually works (`lr` 0.01).";
            if (how is { Optimizer: not (OptimizerKind.Sgd or OptimizerKind.Lars), LayerDecay: null }
                && rate > RateOf(how.Optimizer, AdamLimit))
                yield return $"{how.Optimizer.Name()} with a rate of {Text(rate)} usually destroys pretrained weights; "
                    + $"{Text(RateOf(how.Optimizer, 3e-5))} to {Text(RateOf(how.Optimizer, 3e-4))} usually works "
                    + $"(`lr` {(how.Optimizer == OptimizerKind.Lion ? "1e-5" : "1e-4")}), or `layer-decay` 0.75.";
        }

        if (how.Optimizer == OptimizerKind.ScheduleFree && recipe.Schedule.Form.Name != "constant")
            yield return $"schedule-free AdamW averages weights in place of a schedule; the rate falls besides with "
                + $"`schedule` {recipe.Schedule.Form.Name} (`schedule` constant).";
        if (how.Optimizer == OptimizerKind.ScheduleFree && config.Build().MixesImages)
            yield return "batch norm keeps statistics of the weights that schedule-free AdamW trains, not of the "
                + "average "
                + "that it evaluates: accuracies may be too low.";

        if (recipe.Model.Attention?.Specs.FirstOrDefault(SinkhornAttention.EndsWithColumns) is { } even)
            yield return $"'{even}' has an even number of iterations: columns are normalised last, as the reference "
                + "code "
                + "allows, and rows sum to 1 only nearly; it takes more memory than an odd number.";
        if (recipe.Schedule.WarmupLearningRate > rate)
            yield return $"the warm-up falls: it starts at {Text(recipe.Schedule.WarmupLearningRate.Value)} "
                + $"(`warmup-lr`) and ends at {Text(rate)} (`lr`).";
        if (recipe.Model.Weights is null && config.Describe().PatchSize is int patch
            && config.ImageSize / patch is int side && side * side < FewestTokens)
            yield return $"a Vision Transformer from scratch rarely learns well from {side * side} tokens; "
                + $"{FewestTokens} or more usually work "
                + $"(`patch-size` below {patch} or `image-size` above {config.ImageSize}), or pretrained `weights`.";
    }

    /// <summary>The model of a run or file, and a run's images.</summary>
    private static (ModelSection Model, DataSection? Data) Source(string weights, string? asked)
    {
        using WeightFile file = ModelWeights.Open(weights);
        return (ModelNote.Of(file)?.ToRecipe(file.Path).Model
            ?? new() { Name = asked ?? ModelWeights.PresetOf(file) },
            ModelWeights.IsCheckpoint(file) ? CheckpointReader.HeadOf(file).Recipe.Data : null);
    }

    private static string Text(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
