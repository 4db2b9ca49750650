using System.Globalization;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>Rules for training without classes.</summary>
public static class PretrainingChoice
{
    private const int SmallImage = 64;
    private const int BlurShare = 10;
    private const int TemperatureEpochs = 30;

    /// <summary>
    /// Where a recipe for pretraining starts from. MAE as in its paper (appendix A): AdamW with betas 0.9 and 0.95, a
    /// rate of 1.5e-4 for each 256 images, weight decay 0.05, a tenth of the run as warm-up, gradients not clipped.
    /// DINO as in its code: a rate of 5e-4 for each 256 images down to 1e-6, weight decay from 0.04 to 0.4, gradients
    /// clipped to norm 3 (all together, there each by itself), drop path 0.1, and 30 epochs in which the teacher's
    /// temperature rises, however few there are.
    /// </summary>
    /// <param name="asked">What is asked for; its method, model and epochs are looked at.</param>
    /// <exception cref="UsageException">It names no method.</exception>
    public static Recipe Start(Recipe asked)
    {
        PretrainingMethod method = asked.Pretraining.Method;
        if (method == PretrainingMethod.None)
            throw new UsageException("say what is to be learned: mae (hidden patches) or dino (views that agree).")
            {
                Field = "method",
            };
        Recipe start = ModelDefaults.Of(asked);
        bool isMae = method == PretrainingMethod.Mae;
        return start with
        {
            Optimisation = start.Optimisation with
            {
                Epochs = 100,
                BatchSize = 128,
                LearningRate = isMae ? 1.5e-4 : 5e-4,
                RateScaling = RateScaling.Linear,
                BaseBatch = 256,
                WeightDecay = isMae ? 0.05 : 0.04,
                FinalWeightDecay = isMae ? null : 0.4,
                Betas = isMae ? (0.9, 0.95) : (0.9, 0.999),
                ClipGradient = isMae ? null : 3,
            },
            Schedule = start.Schedule with
            {
                WarmupEpochs = null,   // a tenth of the run's epochs, which are not known yet
                MinimumLearningRate = isMae ? 0 : 1e-6,
            },
            Regularisation = start.Regularisation with { DropPath = isMae ? 0 : 0.1 },
            Pretraining = isMae ? asked.Pretraining : asked.Pretraining with
            {
                TeacherWarmupEpochs = asked.Pretraining.TeacherWarmupEpochs ?? TemperatureEpochs,
            },
        };
    }

    /// <summary>Refuses what a method makes no sense with, before anything is read.</summary>
    /// <exception cref="UsageException">Names the field.</exception>
    internal static void Require(Recipe recipe)
    {
        if (recipe.Pretraining.Method == PretrainingMethod.None) return;
        RegularisationSection rates = recipe.Regularisation;
        (string Field, bool IsSet)[] fields =
        [
            ("label-smoothing", rates.LabelSmoothing > 0), ("mixup", rates.Mixup > 0), ("cutmix", rates.CutMix > 0),
            ("bce-loss", rates.BinaryLoss), ("teacher", recipe.Distillation.Teacher is not null),
            ("ema", rates.EmaDecay is not null && recipe.Pretraining.Method == PretrainingMethod.Dino),
            ("freeze", recipe.Optimisation.Freeze != 0),
            ("semi", recipe.SemiSupervised.Method != SemiMethod.None),
            ("labels-per-class", recipe.SemiSupervised.LabelsPerClass is not null),
        ];
        foreach ((string field, bool isSet) in fields)
            if (isSet) throw new UsageException(field switch
            {
                "ema" => "dino's teacher is an average of the weights, and what is saved; there can be no other.",
                "freeze" => "all of a model is pretrained.",
                _ => "pretraining learns no classes, which this is about.",
            })
            { Field = field };
        if (recipe.Optimisation.Shards > 1 && recipe.Pretraining.Method == PretrainingMethod.Dino)
            throw new UsageException("dino centres the outputs of a whole batch, which cannot be cut into shards.")
            {
                Field = "shards",
                Remedy = "Train it in one process; `grad-accum` saves memory.",
            };
    }

    /// <summary>The images without what only classes need: all are learned from that are not held out.</summary>
    internal static DatasetSplits WithoutClasses(DatasetSplits data) => data with
    {
        Validation = new Subset(data.Train, []),
        Test = new Subset(data.Train, []),
        ValidationOrigin = "none",
    };

    /// <summary>The transforms that a method is published with; null: those of any training. Small images are not
    /// blurred.</summary>
    internal static TransformPipeline? Transforms(Recipe recipe, DatasetInfo data, int size)
    {
        (double, double) scale = recipe.Pretraining.Method == PretrainingMethod.Mae ? (0.2, 1) : (0.4, 1);
        RandomResizedCrop crop = new(size)
        {
            Scale = scale,
            Interpolation = recipe.Data.Interpolation ?? Interpolation.Bicubic,
        };
        return recipe.Pretraining.Method switch
        {
            PretrainingMethod.None => null,
            PretrainingMethod.Mae => new(crop, new RandomHorizontalFlip()),
            _ => new(
            [
                crop, new RandomHorizontalFlip(),
                .. data.Channels == 1 ? (ImageTransform[])
                    [new ColorJitter { Brightness = 0.4, Contrast = 0.4, Probability = 0.8 }]
                : [new ColorJitter
                    {
                        Brightness = 0.4,
                        Contrast = 0.4,
                        Saturation = 0.2,
                        Hue = 0.1,
                        Probability = 0.8,
                    },
                    new RandomGrayscale(0.2)],
                .. size <= SmallImage ? (ImageTransform[])[] : [new GaussianBlur(BlurOf(size))],
            ]),
        };
    }

    /// <summary>Further views of each image: DINO's second large one and the small ones.</summary>
    /// <exception cref="UsageException">The transforms cut nothing, or the small views do not divide into
    /// patches.</exception>
    internal static IReadOnlyList<ViewOptions> Views(Recipe recipe, ModelConfig config)
    {
        if (recipe.Pretraining.Method != PretrainingMethod.Dino) return [];
        TransformPipeline first = recipe.Data.Augmentation!;
        RandomResizedCrop crop = first.Steps.OfType<RandomResizedCrop>().FirstOrDefault()
            ?? throw new UsageException("dino compares parts of an image, so its transforms need random-resized-crop.")
            { Field = "augment" };
        int size = LocalSize(recipe, config);
        TransformPipeline second = new(With(first, step => step is GaussianBlur blur
            ? blur with { Probability = 0.1 } : step).Steps.Append(new RandomSolarize { Probability = 0.2 }));
        TransformPipeline local = With(first, step => step switch
        {
            RandomResizedCrop => crop with { Size = size, Scale = recipe.Pretraining.LocalScale },
            GaussianBlur blur => blur with { Size = BlurOf(size), Probability = 0.5 },
            _ => step,
        });
        return [new(second, config.ImageSize),
            .. Enumerable.Repeat(new ViewOptions(local, size), recipe.Pretraining.LocalCrops)];
    }

    /// <summary>Pixels of the sides of small views.</summary>
    /// <exception cref="UsageException">They do not divide into patches, or are larger than the images.</exception>
    internal static int LocalSize(Recipe recipe, ModelConfig config)
    {
        int patch = config.Describe().PatchSize ?? 1;
        int usual = Math.Max(1, (int)Math.Round(config.ImageSize * 96.0 / 224 / patch)) * patch;
        int size = recipe.Pretraining.LocalSize ?? usual;
        if (size % patch == 0 && size <= config.ImageSize) return size;
        throw new UsageException(string.Create(CultureInfo.InvariantCulture,
            $"parts of {size} pixels do not divide into patches of {patch} pixels, or are larger than the images of "
                + $"{config.ImageSize}; {usual} would do."))
        { Field = "local-size" };
    }

    private static TransformPipeline With(TransformPipeline steps, Func<ImageTransform, ImageTransform> change) =>
        new(steps.Steps.Select(change));

    /// <summary>A tenth of the side, odd.</summary>
    private static int BlurOf(int size) => Math.Max(3, size / BlurShare / 2 * 2 + 1);
}
