using Fovea.Core.Options;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;

namespace Fovea.Training.Recipes;

/// <summary>Every member of a recipe. A new one is a property and one entry here; option, key, help and tests
/// follow.</summary>
public static class RecipeFields
{
    /// <summary>Heading of the fields of learning without classes.</summary>
    internal const string PretrainingTitle = "Pretraining";

    /// <summary>Heading of the network.</summary>
    internal const string ModelTitle = "Model";

    private static readonly ValueForm<double> AtLeast0 = ValueForm.Real(Interval.AtLeast(0));
    private static readonly ValueForm<double> Positive = ValueForm.Real(Interval.Positive);
    private static readonly ValueForm<double> Alpha = ValueForm.Real(new Interval(0, 1000));
    private static readonly ValueForm<double> Single = ValueForm.Real(new Interval(1e-30, 1e6));   // a float's
    private static readonly ValueForm<double> Share = ValueForm.Real(Interval.Share);
    private static readonly ValueForm<double> Fraction = ValueForm.Real(new Interval(0, 1, WithoutHigh: true));
    private static readonly ValueForm<int> Elements = ValueForm.Whole(1, 1 << 20);
    private static readonly ValueForm<double> Portion = ValueForm.Real(new Interval(0, 1, WithoutLow: true));

    private static readonly ValueForm<(double, double, double)> Channels = ChannelsOf(Share);
    private static readonly ValueForm<(double, double, double)> PositiveChannels = ChannelsOf(Portion);

    /// <summary>As a flag, or with a name.</summary>
    private static readonly ValueForm<string?> Published = new(
        "NAME|FILE",
        "a name or a file",
        (string text, out string? value) =>
        {
            value = bool.TryParse(text, out bool own) ? own ? ModelSection.OwnWeights : null : text;
            return text.Length > 0;
        },
        value => value ?? "false");

    /// <summary>All fields, section by section.</summary>
    public static IReadOnlyList<RecipeField> All { get; } =
        [.. Model(), .. Data(), .. Optimisation(), .. Schedule(), .. Regularisation(), .. Distillation(),
            .. SemiSupervised(), .. Pretraining(), .. Run()];

    private static readonly Dictionary<string, RecipeField> ByName = All.ToDictionary(field => field.Name);

    /// <summary>The field with this name or alias, underscores or hyphens; null where there is none.</summary>
    public static RecipeField? Find(string name) => ByName.GetValueOrDefault(name)
        ?? All.FirstOrDefault(field => field.IsCalled(name));

    /// <summary>The nearest name, as a question; nothing where none is near.</summary>
    public static string DidYouMean(string name) =>
        NearestName.Question(name.Replace('_', '-'), LongNames());

    private static IEnumerable<string> LongNames() =>
        All.SelectMany(field => field.Aliases.Prepend(field.Name)).Where(known => known.Length > 1);

    private static IEnumerable<RecipeField> Model()
    {
        SectionFields<ModelSection> section = new(ModelTitle, r => r.Model, (r, s) => r with { Model = s });
        return
        [
            Fixed(section.Field("model", ValueForm.Text("NAME"), s => s.Name, (s, v) => s with { Name = v },
                "Preset; 'fovea models' lists them")),
            Fixed(section.Field("attention", ValueForm.Of("NAME[:key=value,...]", AttentionList.Parse).OrNone("auto"),
                s => s.Attention, (s, v) => s with { Attention = v },
                "Attention mechanism with options, or one per block (softmax,softmax,linear); see 'fovea models'")),
            Fixed(section.Field("attention-gate", ValueForm.Choice<AttentionGate>().Or("auto"), s => s.AttentionGate,
                (s, v) => s with { AttentionGate = v },
                "Sigmoid gate of the tokens behind attention, per head or per element")),
            Fixed(section.Field("embedding", ValueForm.Choice<EmbeddingKind>().Or("auto"), s => s.Embedding,
                (s, v) => s with { Embedding = v },
                "How an image becomes tokens")),
            Fixed(section.Field("position", ValueForm.Of("KIND[+KIND]", PositionList.Parse).OrNone("auto"),
                s => s.Position, (s, v) => s with { Position = v },
                $"How tokens know where they are: {string.Join(", ", PositionList.Names)}, or two (learned+rope)")),
            Fixed(section.Field("position-grid", SizeForms.Pixels.Or("auto"), s => s.PositionGrid,
                (s, v) => s with { PositionGrid = v },
                "Rows and columns of patches that fixed positions are made for; they are resampled to the images'. "
                    + "auto: as the weights were trained, or the images' own")),
            Fixed(section.Field("attention-epoch", ValueForm.Whole(0, 1_000_000).Or("auto"), s => s.AttentionEpoch,
                (s, v) => s with { AttentionEpoch = v },
                "Epoch of attention's windows (`until`, `fade`) that training begins with; auto: that of the weights, "
                    + "or 0")),
            Fixed(section.Field("dim", Elements.Or("auto"), s => s.Dim, (s, v) => s with { Dim = v },
                "Elements of a token; the MLP keeps its ratio")),
            Fixed(section.Field("depth", ValueForm.Whole(1, 10_000).Or("auto"), s => s.Depth,
                (s, v) => s with { Depth = v },
                "Blocks")),
            Fixed(section.Field("heads", Elements.Or("auto"), s => s.Heads, (s, v) => s with { Heads = v },
                "Attention heads; they divide `dim` unless `head-dim` is given")),
            Fixed(section.Field("head-dim", Elements.Or("auto"), s => s.HeadDim, (s, v) => s with { HeadDim = v },
                "Elements of a head's query; dim / heads unless given")),
            Fixed(section.Field("mlp-ratio", ValueForm.Real(new Interval(0, 1000)).Or("auto"), s => s.MlpRatio,
                (s, v) => s with { MlpRatio = v },
                "Hidden elements of the MLP for each element of a token; 0: no MLP")),
            Fixed(section.Field("mlp", ValueForm.Choice<MlpKind>().Or("auto"), s => s.Mlp,
                (s, v) => s with { Mlp = v },
                "Activation of the MLP; the last two are gates, whose first layer is twice as wide")),
            Fixed(section.Field("norm", ValueForm.Choice<NormKind>().Or("auto"), s => s.Norm,
                (s, v) => s with { Norm = v },
                "Norm of the tokens")),
            Fixed(section.Field("qk-norm", ValueForm.Flag(), s => s.QkNorm, (s, v) => s with { QkNorm = v },
                "Norm queries and keys, head by head, before their product")),
            Fixed(section.Field("parallel-blocks", ValueForm.Flag(), s => s.ParallelBlocks,
                (s, v) => s with { ParallelBlocks = v },
                "Attention and MLP of a block read the same tokens, side by side")),
            Fixed(section.Field("layer-scale", ValueForm.Real(new Interval(0, 1e6)).Or("auto"), s => s.LayerScale,
                (s, v) => s with { LayerScale = v },
                "First value of a learned factor at the end of each branch; 0: none")),
            Fixed(section.Field("registers", ValueForm.Whole(0, 1024).Or("auto"), s => s.Registers,
                (s, v) => s with { Registers = v },
                "Learned tokens beside the patches that nobody reads")),
            Fixed(section.Field("pooling", ValueForm.Choice(("token", Pooling.ClassToken), ("mean", Pooling.Mean),
                    ("sequence", Pooling.Sequence), ("map", Pooling.Map), ("normedmean", Pooling.NormedMean))
                    .Or("auto"), s => s.Pooling, (s, v) => s with { Pooling = v },
                "From tokens to one vector: class token, mean of patches, learned weights, a learned query, mean of "
                + "normed patches")),
            Fixed(section.Field("position-init", Single.Or("auto"), s => s.PositionInit,
                (s, v) => s with { PositionInit = v },
                "Std of the first learned positions; 1 helps where many patches are alike")),
            Fixed(section.Field("weight-init", ValueForm.Choice<WeightInit>().Or("auto"), s => s.WeightInit,
                (s, v) => s with { WeightInit = v },
                "First weights of the blocks")),
            Fixed(section.Field("patch-size", SizeForms.Pixels.Or("auto"), s => s.PatchSize,
                (s, v) => s with { PatchSize = v },
                "Pixels from one token to the next")),
            Fixed(section.Field("weights", ValueForm.Text("FILE|RUN").OrNone("none"), s => s.Weights,
                (s, v) => s with { Weights = v },
                "Start from weights: a safetensors, .pth or .pt file (timm, torchvision, Hugging Face, DINOv2), a run",
                "initial-checkpoint")),
            Fixed(section.Field("pretrained", Published, s => s.Pretrained,
                (s, v) => s with { Pretrained = v },
                "Start from published weights: a name that 'fovea weights list' has, a file, or without a value the "
                    + "model's own; fetched where they are not here") with { MayStandAlone = true }),
            section.Field("strict", ValueForm.Flag(), s => s.Strict, (s, v) => s with { Strict = v },
                "Weights must fit exactly: nothing missing, left over or resized"),
            section.Field("allow-partial", ValueForm.Flag(), s => s.AllowPartial, (s, v) => s with { AllowPartial = v },
                "Take weights that lack tensors of the model; what they lack stays random"),
            Fixed(section.Field("image-size", SizeForms.Pixels.Or("auto"), s => s.ImageSize,
                (s, v) => s with { ImageSize = v },
                "Height and width in pixels", "img-size")),
        ];
    }

    private static IEnumerable<RecipeField> Data()
    {
        SectionFields<DataSection> section = new("Data", r => r.Data, (r, s) => r with { Data = s });
        return
        [
            Fixed(section.Field("dataset", ValueForm.Text("NAME").OrNone("auto"), s => s.Dataset,
                (s, v) => s with { Dataset = v },
                "What lies in the folder; auto: found out, or drawn shapes without a folder; "
                    + string.Join(", ", DatasetCatalogue.Names))),
            section.Field("data", ValueForm.Text("DIR").OrNone("none"), s => s.Directory,
                (s, v) => s with { Directory = v },
                "Folder with the dataset's files", "data-dir"),
            Fixed(section.Field("labels", ValueForm.Text("FILE.csv").OrNone("none"), s => s.Labels,
                (s, v) => s with { Labels = v },
                "List of images that have several classes each, or none: a column per class with 0 and 1, or one "
                    + "column of classes separated by ; or |")),
            section.Field("augment", ValueForm.Of("SPEC|none", TransformPipeline.Parse).OrNone("auto"),
                s => s.Augmentation, (s, v) => s with { Augmentation = v },
                "Transforms of training images, e.g. random-crop:32:padding=4,hflip"),
            section.Field("auto-augment", ValueForm.Of("NAME", AutomaticAugmentation.Parse).OrNone("none"),
                s => s.AutoAugment, (s, v) => s.With(v),
                $"Automatic augmentation: {string.Join(", ", AutomaticAugmentation.Names)}", "aa"),
            section.Field("color-jitter", ValueForm.Real(new Interval(0, 100)).Or("auto"), s => s.ColorJitter,
                (s, v) => s with { ColorJitter = v },
                "Largest change of brightness, contrast and saturation; left out beside `auto-augment`, as in timm"),
            section.Field("hflip", Share.Or("auto"), s => s.HorizontalFlip, (s, v) => s with { HorizontalFlip = v },
                "Probability of mirroring left and right"),
            section.Field("vflip", Share.Or("auto"), s => s.VerticalFlip, (s, v) => s with { VerticalFlip = v },
                "Probability of mirroring top and bottom"),
            Fixed(section.Field("aug-repeats", ValueForm.Whole(1, 1024), s => s.AugmentRepeats,
                (s, v) => s with { AugmentRepeats = v },
                "Times that an image comes in a row, each transformed anew; an epoch stays as long")),
            Fixed(section.Field("crop-pct", Portion.Or("auto"), s => s.CropShare, (s, v) => s with { CropShare = v },
                "Share of a resized image that validation and test cut from its middle")),
            Fixed(section.Field("interpolation", ValueForm.Choice<Interpolation>().Or("auto"), s => s.Interpolation,
                (s, v) => s with { Interpolation = v },
                "How images are resized: for validation and test, and for training unless `augment` says")),
            Fixed(section.Field("mean", Channels.Or("auto"), s => s.Mean, (s, v) => s with { Mean = v },
                "Mean of the channels, 0 to 1, that images are normalised with; the dataset's unless given")),
            Fixed(section.Field("std", PositiveChannels.Or("auto"), s => s.Std, (s, v) => s with { Std = v },
                "Standard deviation of the channels, beside `mean`")),
            section.Field("num-classes", ValueForm.Whole(1).Or("any"), s => s.ClassCount,
                (s, v) => s with { ClassCount = v },
                "Number of classes that the data must have; a model gets as many outputs as the data has classes"),
            Fixed(section.Field("val-share", Fraction.Or("auto"),
                s => s.ValidationShare, (s, v) => s with { ValidationShare = v },
                "Share of the training images held out where there is no validation set", "val-split")),
            Fixed(section.Field("split-seed", ValueForm.Seed().Or("auto"), s => s.SplitSeed,
                (s, v) => s with { SplitSeed = v },
                "Which images are held out and kept; that of the weights' or teacher's run where it learned from the "
                    + "same dataset, otherwise `seed`")),
            Fixed(section.Field("classes", ValueForm.Text("N|NAME,NAME").OrNone("all"), s => s.Classes,
                (s, v) => s with { Classes = v },
                "Classes to keep: the first so many, or names")),
            Fixed(section.Field("train-fraction", Portion, s => s.TrainFraction, (s, v) => s with { TrainFraction = v },
                "Share of the training images of each class to keep")),
            section.Field("skip-bad", ValueForm.Flag(), s => s.SkipBad, (s, v) => s with { SkipBad = v },
                "Pass over images that cannot be read, and count them"),
            section.Field("changed-data", ValueForm.Flag(), s => s.AllowChanged,
                (s, v) => s with { AllowChanged = v },
                "Go on with a run though its training images have changed since"),
            Fixed(section.Field("copies", ValueForm.Choice<CopyPolicy>(), s => s.Copies,
                (s, v) => s with { Copies = v },
                "Images that are there twice: once (kept in one part; two labels are an error), drop (those with two "
                    + "labels are left out), keep (not looked for)")),
            section.Field("max-pixels", ValueForm.Whole(1, DecodeLimits.MostPixels), s => s.MaxPixels,
                (s, v) => s with { MaxPixels = v },
                "Pixels (width times height) that an image file may have"),
            section.Field("cache", ValueForm.Text("FILE|DIR").OrNone("none"), s => s.Cache,
                (s, v) => s with { Cache = v },
                "Keep image files decoded and shrunk in one file, made on first use; augmentation then sees those"),
            Fixed(section.Field("cache-size", SizeForms.Pixels, s => s.CacheSize, (s, v) => s with { CacheSize = v },
                "Shorter side of the images in the cache, in pixels")),
            Fixed(section.Field("train-limit", ValueForm.Whole(1).Or("none"), s => s.TrainLimit,
                (s, v) => s with { TrainLimit = v },
                "At most so many training images")),
            section.Field("eval-limit", ValueForm.Whole(1).Or("none"), s => s.EvaluationLimit,
                (s, v) => s with { EvaluationLimit = v },
                "At most so many validation and test images each"),
            section.Field("workers", SizeForms.Workers.Or("auto"), s => s.Workers, (s, v) => s with { Workers = v },
                "Threads that prepare images", "j", "num-workers"),
        ];
    }

    private static IEnumerable<RecipeField> Optimisation()
    {
        SectionFields<OptimisationSection> section = new("Optimisation", r => r.Optimisation,
            (r, s) => r with { Optimisation = s });
        return
        [
            section.Field("epochs", SizeForms.Epochs, s => s.Epochs, (s, v) => s with { Epochs = v },
                "Passes over the training images"),
            Fixed(section.Field("batch-size", SizeForms.Batch, s => s.BatchSize, (s, v) => s with { BatchSize = v },
                "Images per step, over all threads together", "b")),
            Fixed(section.Field("optimizer", OptimizerTraits.Form,
                s => s.Optimizer, (s, v) => s with { Optimizer = v },
                "Update rule; docs/optimisers.md has formulas and first values, which differ: of lion `lr` 1e-4 and "
                    + "`weight-decay` 0.5, of schedule-free `lr` 0.0025 and a constant `schedule`, of lars `lr` 1, "
                    + "`weight-decay` 1e-4 and no `clip-grad`", "opt", "optimiser")),
            section.Field("lr", Positive, s => s.LearningRate, (s, v) => s with { LearningRate = v },
                "Largest learning rate", "learning-rate"),
            section.Field("lr-scaling", ValueForm.Choice<RateScaling>(), s => s.RateScaling,
                (s, v) => s with { RateScaling = v },
                "How `lr` grows with the batch: linear (lr x batch / base) or sqrt (lr x root of batch / base)",
                "lr-base-scale"),
            section.Field("lr-base-batch", SizeForms.Batch, s => s.BaseBatch, (s, v) => s with { BaseBatch = v },
                "Batch that `lr` is meant for, with `lr-scaling`", "lr-base-size"),
            section.Field("weight-decay", AtLeast0, s => s.WeightDecay, (s, v) => s with { WeightDecay = v },
                "Pull of weights towards zero; not on biases, norms, tokens, positions", "wd"),
            section.Field("weight-decay-end", AtLeast0.Or("none"), s => s.FinalWeightDecay,
                (s, v) => s with { FinalWeightDecay = v },
                "That pull at the end of the run, along half a cosine"),
            section.Field("betas", ValueForm.Pair(Fraction), s => s.Betas, (s, v) => s with { Betas = v },
                "Decay of the two averages, not of SGD and LARS; unless given 0.9,0.99 with lion, 0.98,0.92 with adan, "
                    + "0.9,0.95 with muon", "opt-betas"),
            section.Field("beta3", Fraction, s => s.Beta3, (s, v) => s with { Beta3 = v },
                "Decay of the third average of Adan"),
            section.Field("opt-eps", Positive, s => s.Epsilon, (s, v) => s with { Epsilon = v },
                "What all but SGD and Lion add to their divisor; 1e-6 with LAMB unless given", "epsilon"),
            section.Field("cautious", ValueForm.Flag(), s => s.Cautious, (s, v) => s with { Cautious = v },
                "Leave elements as they are whose change does not go against the gradient; with adamw, lion, adan and "
                    + "muon", "caution"),
            section.Field("muon-iterations", ValueForm.Whole(1, 100), s => s.MuonIterations,
                (s, v) => s with { MuonIterations = v },
                "Steps of the iteration that makes Muon's step orthogonal", "ns-steps"),
            section.Field("muon-scale",
                ValueForm.Choice(("match-rms", MuonScale.MatchRms), ("original", MuonScale.Original)),
                s => s.MuonScale, (s, v) => s with { MuonScale = v },
                "Length of Muon's step: as AdamW's (0.2 x root of the longer side), or root of rows / columns, for "
                    + "rates near 0.02"),
            section.Field("momentum", Fraction, s => s.Momentum, (s, v) => s with { Momentum = v },
                "Momentum of SGD, LARS and Muon; 0.95 with muon unless given"),
            section.Field("nesterov", ValueForm.Flag(), s => s.Nesterov, (s, v) => s with { Nesterov = v },
                "Nesterov's form of momentum; on with muon unless given"),
            section.Field("trust-coefficient", Positive, s => s.TrustCoefficient,
                (s, v) => s with { TrustCoefficient = v },
                "Share of a parameter's length that a step of LARS at rate 1 covers"),
            section.Field("trust-clip", ValueForm.Flag(), s => s.ClipTrust, (s, v) => s with { ClipTrust = v },
                "No step of LAMB or LARS is longer than that of Adam or SGD"),
            section.Field("always-adapt", ValueForm.Flag(), s => s.AlwaysAdapt,
                (s, v) => s with { AlwaysAdapt = v },
                "LAMB and LARS adapt biases, norms, tokens and positions, too"),
            section.Field("clip-grad", Positive.Or("none"), s => s.ClipGradient, (s, v) => s with { ClipGradient = v },
                "Largest norm of the gradient"),
            section.Field("grad-accum", SizeForms.Batch, s => s.GradientAccumulation,
                (s, v) => s with { GradientAccumulation = v },
                "Parts that a batch is computed in, to save memory; the step is that of the whole batch",
                "grad-accum-steps"),
            section.Field("shards", SizeForms.Batch.Or("auto"), s => s.Shards, (s, v) => s with { Shards = v },
                "Shards of a batch, which ranks of mpirun share; results depend on it and not on the ranks; auto: 1, "
                    + "with a launcher 8"),
            section.Field("wire", ValueForm.Choice<WireKind>(), s => s.Wire, (s, v) => s with { Wire = v },
                "Numbers that ranks send gradients as; bf16 halves the bytes, and its results depend on the ranks"),
            section.Field("zero", ValueForm.Flag(), s => s.ZeroState, (s, v) => s with { ZeroState = v },
                "Divide the optimiser's state among ranks (ZeRO-1): less memory, the same results"),
            section.Field("grad-checkpoint", ValueForm.Flag(), s => s.GradientCheckpointing,
                (s, v) => s with { GradientCheckpointing = v },
                "Compute blocks again in the backward pass, to save memory", "grad-checkpointing"),
            Fixed(section.Field("freeze", ValueForm.Whole(0, 10_000).Or("all") with { Placeholder = "N|all" },
                s => s.Freeze,
                (s, v) => s with { Freeze = v },
                "Blocks that do not learn, from the first on, and with any the embedding; all: only the head learns")),
            section.Field("layer-decay", Portion.Or("none"), s => s.LayerDecay, (s, v) => s with { LayerDecay = v },
                "Factor of the learning rate from each block to the one before it, e.g. 0.75"),
            section.Field("head-lr-factor", Positive, s => s.HeadRate, (s, v) => s with { HeadRate = v },
                "Factor of the head's learning rate"),
        ];
    }

    private static IEnumerable<RecipeField> Schedule()
    {
        SectionFields<ScheduleSection> section = new("Schedule", r => r.Schedule, (r, s) => r with { Schedule = s });
        return
        [
            section.Field("schedule", ValueForm.Of("NAME[:key=value,...]", text => new ScheduleSpec(text)), s => s.Form,
                (s, v) => s with { Form = v },
                $"{string.Join(", ", ScheduleCatalogue.All.Select(entry => entry.Name))}; options behind a colon: "
                    + "step:size=30,gamma=0.1", "sched",
                "scheduler"),
            section.Field("warmup-epochs", ValueForm.Real(new Interval(0, 1_000_000)).Or("auto"), s => s.WarmupEpochs,
                (s, v) => s with { WarmupEpochs = v },
                "Epochs in which the rate rises at the start"),
            section.Field("warmup-lr", AtLeast0.Or("none"), s => s.WarmupLearningRate,
                (s, v) => s with { WarmupLearningRate = v },
                "Rate that the warm-up starts at; none: a first step's share of the whole"),
            section.Field("min-lr", AtLeast0, s => s.MinimumLearningRate, (s, v) => s with { MinimumLearningRate = v },
                "Where a cosine or linear schedule ends"),
        ];
    }

    private static IEnumerable<RecipeField> Regularisation()
    {
        SectionFields<RegularisationSection> section = new(
            "Regularisation", r => r.Regularisation, (r, s) => r with { Regularisation = s });
        return
        [
            section.Field("label-smoothing", Fraction, s => s.LabelSmoothing, (s, v) => s with { LabelSmoothing = v },
                "Share of the target spread over all classes", "smoothing"),
            section.Field("dropout", Fraction.Or("auto"), s => s.Dropout, (s, v) => s with { Dropout = v },
                "Probability that a value is dropped", "drop"),
            section.Field("drop-path", Fraction.Or("auto"), s => s.DropPath, (s, v) => s with { DropPath = v },
                "Probability that the last block is skipped; rises linearly from 0 in the first", "stochastic-depth"),
            section.Field("random-erasing", Share.Or("auto"), s => s.RandomErasing,
                (s, v) => s with { RandomErasing = v },
                "Probability that a part of the normalised image is erased", "reprob"),
            section.Field("erasing-value",
                ValueForm.Choice(("zero", false), ("random", true), ("const", false), ("pixel", true)),
                s => s.ErasingNoise, (s, v) => s with { ErasingNoise = v }, "What parts are erased with", "remode"),
            section.Field("mixup", Alpha, s => s.Mixup, (s, v) => s with { Mixup = v },
                "Alpha of mixup, which blends images and targets; 0 for none"),
            section.Field("cutmix", Alpha, s => s.CutMix, (s, v) => s with { CutMix = v },
                "Alpha of CutMix, which pastes parts of other images; 0 for none"),
            section.Field("mixup-prob", Share, s => s.MixProbability, (s, v) => s with { MixProbability = v },
                "Share of the batches that are mixed"),
            section.Field("mixup-switch-prob", Share, s => s.MixSwitchProbability,
                (s, v) => s with { MixSwitchProbability = v },
                "Share of CutMix where mixup is on too"),
            Fixed(section.Field("bce-loss", ValueForm.Flag(), s => s.BinaryLoss, (s, v) => s with { BinaryLoss = v },
                "Train with binary cross-entropy of each class instead of cross-entropy over all")),
            Fixed(section.Field("bce-pos-weight", Positive, s => s.PositiveWeight,
                (s, v) => s with { PositiveWeight = v },
                "Factor of the loss of classes that an image has, in binary cross-entropy")),
            Fixed(section.Field("model-ema", ValueForm.Flag(), s => s.EmaDecay is not null,
                (s, v) => s with { EmaDecay = v ? s.EmaDecay ?? RegularisationSection.UsualEmaDecay : null },
                "The same as `ema` 0.9998, unless that says another decay")) with { IsShorthand = true },
            Fixed(section.Field("ema", Fraction.Or("none"), s => s.EmaDecay, (s, v) => s with { EmaDecay = v },
                "Decay of a moving average of weights, e.g. 0.999", "model-ema-decay")),
            Fixed(section.Field("ema-warmup",
                ValueForm.Choice(("steps", AverageWarmUp.Steps), ("power", AverageWarmUp.Power),
                    ("none", AverageWarmUp.None)),
                s => s.EmaWarmUp, (s, v) => s with { EmaWarmUp = v },
                "Smaller decays at first, after t steps: (1 + t) / (10 + t) or, as timm, 1 - (1 + t)^(-2/3)")),
            Fixed(section.Field("model-ema-warmup", ValueForm.Flag(), s => s.EmaWarmUp == AverageWarmUp.Power,
                (s, v) => s with { EmaWarmUp = v ? AverageWarmUp.Power : s.EmaWarmUp },
                "The same as `ema-warmup` power")) with { IsShorthand = true },
        ];
    }

    private static IEnumerable<RecipeField> Distillation()
    {
        SectionFields<DistillationSection> section = new("Distillation", r => r.Distillation,
            (r, s) => r with { Distillation = s });
        return
        [
            Fixed(section.Field("teacher", ValueForm.Text("RUN|FILE").OrNone("none"), s => s.Teacher,
                (s, v) => s with { Teacher = v },
                "Learn from this run's or file's model too", "teacher-path")),
            Fixed(section.Field("distill",
                ValueForm.Choice<DistillationKind>(),
                s => s.Kind, (s, v) => s with { Kind = v },
                "The teacher's classes, its probabilities, its pooled features, or its tokens patch by patch",
                "distillation-type")),
            section.Field("distill-alpha", Share.Or("auto"), s => s.Alpha, (s, v) => s with { Alpha = v },
                "Share of the teacher in the loss; 0.1 for soft, 0.5 for the others unless given",
                "distillation-alpha"),
            section.Field("distill-temperature", ValueForm.Real(new Interval(1e-3, 1e3)), s => s.Temperature,
                (s, v) => s with { Temperature = v },
                "Softens the probabilities of soft distillation", "distillation-tau"),
        ];
    }

    private static IEnumerable<RecipeField> SemiSupervised()
    {
        SectionFields<SemiSupervisedSection> section = new("Semi-supervised", r => r.SemiSupervised,
            (r, s) => r with { SemiSupervised = s });
        return
        [
            Fixed(section.Field("semi", SemiSupervisedSection.Methods, s => s.Method, (s, v) => s with { Method = v },
                "Learn from images without labels, too: by sure pseudo-labels (fixmatch), or by agreement with an "
                    + "average of the model (mean-teacher)")),
            section.Field("unlabelled", ValueForm.Text("DIR|ZIP").OrNone("none"), s => s.Folder,
                (s, v) => s with { Folder = v },
                "Images without labels, at any depth, used beside the training images", "unlabeled"),
            Fixed(section.Field("labels-per-class", ValueForm.Whole(1).Or("all"), s => s.LabelsPerClass,
                (s, v) => s with { LabelsPerClass = v },
                "Training images of each class whose labels are used, chosen by `seed`; with `semi` the others are "
                    + "used without")),
            Fixed(section.Field("unlabelled-ratio", SemiSupervisedSection.Ratios.Or("auto"), s => s.Ratio,
                (s, v) => s with { Ratio = v },
                "Images without labels for each labelled one of a batch; 7 for fixmatch, 3 for mean-teacher unless "
                    + "given", "mu")),
            section.Field("unlabelled-weight", ValueForm.Real(new Interval(0, 1e6)).Or("auto"), s => s.Weight,
                (s, v) => s with { Weight = v },
                "Factor of their loss; 1 for fixmatch, 100 for mean-teacher unless given", "lambda-u"),
            section.Field("pseudo-threshold", Share, s => s.Threshold, (s, v) => s with { Threshold = v },
                "fixmatch: least probability of a pseudo-label", "threshold"),
            section.Field("strong-augment", ValueForm.Of("SPEC|none", TransformPipeline.Parse).OrNone("auto"),
                s => s.Strong, (s, v) => s with { Strong = v },
                "fixmatch: transforms of the strong view; auto: crops and mirrors of `augment`, two random operations, "
                    + "and a square cut out"),
            section.Field("ramp-up-epochs", ValueForm.Real(new Interval(0, 1_000_000)).Or("auto"),
                s => s.RampUpEpochs, (s, v) => s with { RampUpEpochs = v },
                "mean-teacher: epochs in which `unlabelled-weight` rises; a quarter of all unless given",
                "consistency-rampup"),
        ];
    }

    private static IEnumerable<RecipeField> Pretraining()
    {
        SectionFields<PretrainingSection> section = new(PretrainingTitle, r => r.Pretraining,
            (r, s) => r with { Pretraining = s });
        ValueForm<double> open = ValueForm.Real(new Interval(0, 1, WithoutLow: true, WithoutHigh: true));
        return
        [
            .. ((RecipeField[])
            [
                section.Field("method", ValueForm.Choice<PretrainingMethod>(), s => s.Method,
                    (s, v) => s with { Method = v },
                    "What is learned in place of classes: hidden patches (mae), or views that agree (dino)"),
                section.Field("mask-ratio", open, s => s.MaskRatio, (s, v) => s with { MaskRatio = v },
                    "mae: share of the patches that are hidden"),
                section.Field("norm-pix", ValueForm.Flag(), s => s.NormalisedPixels,
                    (s, v) => s with { NormalisedPixels = v },
                    "mae: predict each patch with mean 0 and variance 1", "norm-pix-loss"),
                section.Field("decoder-depth", ValueForm.Whole(1, 1000).Or("auto"), s => s.DecoderDepth,
                    (s, v) => s with { DecoderDepth = v },
                    "mae: blocks of the decoder; 8, or half of the encoder's where it has fewer than 12"),
                section.Field("decoder-dim", Elements.Or("auto"), s => s.DecoderDim,
                    (s, v) => s with { DecoderDim = v },
                    "mae: elements of the decoder's tokens; 512, or half of the encoder's where it has fewer than 768",
                    "decoder-embed-dim"),
                section.Field("local-crops", ValueForm.Whole(0, 64), s => s.LocalCrops,
                    (s, v) => s with { LocalCrops = v },
                    "dino: small parts of an image that the student sees besides two large ones",
                    "local-crops-number"),
                section.Field("local-size", SizeForms.Pixels.Or("auto"), s => s.LocalSize,
                    (s, v) => s with { LocalSize = v },
                    "dino: pixels of their sides; 96 / 224 of the images', in whole patches", "local-crops-size"),
                section.Field("local-scale", ValueForm.Ends(1), s => s.LocalScale, (s, v) => s with { LocalScale = v },
                    "dino: share of an image's area that they show", "local-crops-scale"),
                section.Field("dino-outputs", ValueForm.Whole(2, 1 << 20), s => s.Outputs,
                    (s, v) => s with { Outputs = v },
                    "dino: outputs of the projection head", "out-dim"),
                section.Field("dino-hidden", Elements, s => s.HiddenDim, (s, v) => s with { HiddenDim = v },
                    "dino: hidden elements of the projection head"),
                section.Field("dino-bottleneck", Elements, s => s.BottleneckDim,
                    (s, v) => s with { BottleneckDim = v },
                    "dino: elements that the projection head narrows down to"),
                section.Field("teacher-momentum", Share, s => s.TeacherMomentum,
                    (s, v) => s with { TeacherMomentum = v },
                    "dino: decay of the teacher's average at first; it rises to 1 as a cosine", "momentum-teacher"),
                section.Field("teacher-temperature", Single, s => s.TeacherTemperature,
                    (s, v) => s with { TeacherTemperature = v },
                    "dino: temperature of the teacher's outputs", "teacher-temp"),
                section.Field("first-teacher-temperature", Single, s => s.FirstTeacherTemperature,
                    (s, v) => s with { FirstTeacherTemperature = v },
                    "dino: that temperature at first", "warmup-teacher-temp"),
                section.Field("teacher-warmup-epochs", ValueForm.Whole(0).Or("auto"), s => s.TeacherWarmupEpochs,
                    (s, v) => s with { TeacherWarmupEpochs = v },
                    "dino: epochs in which it rises; 30 unless given",
                    "warmup-teacher-temp-epochs"),
                section.Field("student-temperature", Single, s => s.StudentTemperature,
                    (s, v) => s with { StudentTemperature = v },
                    "dino: temperature of the student's outputs"),
                section.Field("center-momentum", Share, s => s.CenterMomentum,
                    (s, v) => s with { CenterMomentum = v },
                    "dino: decay of the average of the teacher's outputs"),
                section.Field("freeze-last-layer", ValueForm.Whole(0), s => s.FreezeLastLayer,
                    (s, v) => s with { FreezeLastLayer = v },
                    "dino: first epochs in which the projection head's last layer does not learn"),
            ]).Select(Fixed),
        ];
    }

    private static IEnumerable<RecipeField> Run()
    {
        SectionFields<RunSection> section = new("Run", r => r.Run, (r, s) => r with { Run = s });
        return
        [
            Fixed(section.Field("seed", ValueForm.Seed(), s => s.Seed, (s, v) => s with { Seed = v },
                "Key of all random numbers; same seed, same bits")),
            section.Field("device", ValueForm.Name(Device.Names, Device.Find),
                s => s.Device, (s, v) => s with { Device = v },
                "Where to compute"),
            section.Field("precision", ValueForm.Choice<Precision>(), s => s.Precision,
                (s, v) => s with { Precision = v },
                "How products are computed: bf16 on every device, tf32 on cuda; int8 on cpu, for inference"),
            section.Field("threads", SizeForms.Threads.Or("auto"), s => s.Threads, (s, v) => s with { Threads = v },
                "Threads that compute; results do not depend on it"),
            section.Field("pin", ValueForm.Choice<Pinning>().Or("auto"), s => s.Pinning,
                (s, v) => s with { Pinning = v },
                "Keep threads on cores, one per physical core first; auto: as FOVEA_PIN says, else none"),
            section.Field("compiled", ValueForm.Flag(), s => s.Compiled, (s, v) => s with { Compiled = v },
                "Note forward and backward passes once and compute them from the notes (cpu): less memory and "
                    + "overhead, the same bits", "compile"),
            section.Field("log-every", ValueForm.Whole(1), s => s.LogEvery, (s, v) => s with { LogEvery = v },
                "Steps between logged steps", "logging-step", "logging-steps", "log-interval"),
            section.Field("checkpoint-every", ValueForm.Whole(1).Or("none"),
                s => s.CheckpointEvery, (s, v) => s with { CheckpointEvery = v },
                "Steps between checkpoints inside an epoch"),
            section.Field("checkpoint-minutes", Positive.Or("none"), s => s.CheckpointMinutes,
                (s, v) => s with { CheckpointMinutes = v },
                "Minutes between checkpoints inside an epoch"),
            section.Field("keep-checkpoints", ValueForm.Whole(1, 10_000), s => s.KeepCheckpoints,
                (s, v) => s with { KeepCheckpoints = v },
                "Checkpoints to go on from that are kept; with more than one, each stands under its step, too"),
            section.Field("check-ranks-every", ValueForm.Whole(1), s => s.CheckRanksEvery,
                (s, v) => s with { CheckRanksEvery = v },
                "Steps between comparisons of the weights of all ranks"),
            section.Field("train-eval", ValueForm.Whole(0).Or("auto"), s => s.EvaluateTraining,
                (s, v) => s with { EvaluateTraining = v },
                "Training images that the best weights are measured on at the end, without augmentation, beside "
                    + "validation and test; auto: as many as there are test images; 0: none"),
            section.Field("timeline", ValueForm.Text("FILE").OrNone("none"), s => s.Timeline,
                (s, v) => s with { Timeline = v },
                "Write a timeline of some steps of all ranks: a Chrome trace (JSON)"),
            section.Field("track", ValueForm.Flags<Trackers>(), s => s.Track, (s, v) => s with { Track = v },
                "Tools that get a record of the run: wandb an offline run for 'wandb sync', mlflow its folder of runs, "
                    + "trackio a CSV for its import"),
            section.Field("log-wandb", ValueForm.Flag(), s => s.Track.HasFlag(Trackers.Wandb),
                (s, v) => s with { Track = v ? s.Track | Trackers.Wandb : s.Track & ~Trackers.Wandb },
                "Adds wandb to `track`") with { IsShorthand = true },
            section.Field("histogram-every", ValueForm.Whole(0).Or("epoch"), s => s.HistogramEvery,
                (s, v) => s with { HistogramEvery = v },
                "Steps between histograms of weights and gradients for those tools; 0: never"),
            Fixed(section.Field("out", ValueForm.Text("DIR").OrNone("auto"), s => s.Out, (s, v) => s with { Out = v },
                "Run directory", "output")),
        ];
    }

    /// <summary>Numbers of red, green and blue, of which 1 is the brightest, or one for all.</summary>
    private static ValueForm<(double, double, double)> ChannelsOf(ValueForm<double> one) => new(
        "X,X,X",
        $"one number or three separated by commas, each {one.Expected} (divide those up to 255 by 255)",
        (string text, out (double, double, double) value) =>
        {
            value = default;
            double[] numbers = new double[3];
            string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
            if (parts.Length is not (1 or 3)) return false;
            for (int i = 0; i < 3; i++)
                if (!one.TryRead(parts[i % parts.Length], out numbers[i]) || !one.Allows(numbers[i])) return false;
            value = (numbers[0], numbers[1], numbers[2]);
            return true;
        },
        value => $"{one.Print(value.Item1)},{one.Print(value.Item2)},{one.Print(value.Item3)}");

    private static RecipeField Fixed(RecipeField field) => field with { FixedOnResume = true };
}
